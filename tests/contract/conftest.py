"""One suite, every backend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.store import Store
from tests.contract.backends import BACKENDS, Backend, Opener


@pytest.fixture(params=BACKENDS, ids=lambda backend: backend.name)
def backend(request: pytest.FixtureRequest) -> Backend:
    """Each kind of store in turn."""
    found: Backend = request.param
    return found


@pytest.fixture
def opener(backend: Backend, tmp_path: Path) -> Opener:
    """Opens the same data each time."""
    return backend.place(tmp_path)


@pytest.fixture
async def store(opener: Opener) -> AsyncIterator[Store]:
    """An open, empty store."""
    async with opener() as opened:
        yield opened
