"""One suite, every backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
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


@pytest.fixture
def loop_and_store(opener: Opener) -> Iterator[tuple[asyncio.AbstractEventLoop, Store]]:
    """For tests that are no coroutines and call many times: a loop of their own and a store open in it."""
    with asyncio.Runner() as runner:
        context = opener()
        store = runner.run(context.__aenter__())
        yield runner.get_loop(), store
        runner.run(context.__aexit__(None, None, None))
