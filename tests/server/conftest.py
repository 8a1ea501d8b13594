"""A running server for the tests of its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.server.live import Live, Person


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Live]:
    """A whole FlowDesk, without its scheduler."""
    from tests.server.live import live  # pure tests beside this file need none of it

    async with live(tmp_path / "data") as running:
        yield running


@pytest.fixture
async def ali(server: Live) -> Person:
    """Somebody with an account."""
    return await server.person("ali")
