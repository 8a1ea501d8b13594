"""A SQLite store in a directory of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.stores.sqlite.store import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database file is."""
    return tmp_path / "data" / "flowdesk.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """An open, empty store that waits only briefly for locks."""
    opened = SqliteStore(path, busy_ms=100)
    await opened.open()
    yield opened
    await opened.close()
