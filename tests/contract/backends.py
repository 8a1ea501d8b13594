"""The stores the suite runs against. A new backend joins by one more entry in BACKENDS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from engine.store import Store
from engine.stores.memory import MemoryStore
from engine.stores.sqlite.store import SqliteStore
from tests.servers.mongod import SERVERS, emptied_database
from tests.servers.patient import patient_store

Opener = Callable[[], AbstractAsyncContextManager[Store]]


@dataclass(frozen=True)
class Backend:
    """How to get an open store, and what to expect of this kind.

    `place(directory)` returns a function that opens the same data each time it is called. `gives_space_back` says that
    pruning frees space that somebody outside can see.
    """

    name: str
    place: Callable[[Path], Opener]
    exclusive: bool
    gives_space_back: bool


def _memory(directory: Path) -> Opener:
    store = MemoryStore()

    @asynccontextmanager
    async def opener() -> AsyncIterator[Store]:
        await store.open()
        yield store
        await store.close()

    return opener


def _sqlite(directory: Path) -> Opener:
    @asynccontextmanager
    async def opener() -> AsyncIterator[Store]:
        store = SqliteStore(directory / "flowdesk.db")
        await store.open()
        try:
            yield store
        finally:
            await store.close()

    return opener


def _mongo(server: Callable[[], str]) -> Callable[[Path], Opener]:
    def place(directory: Path) -> Opener:
        url = emptied_database(server())

        @asynccontextmanager
        async def opener() -> AsyncIterator[Store]:
            store = patient_store(url)
            await store.open()
            try:
                yield store
            finally:
                await store.close()

        return opener

    return place


BACKENDS = (
    Backend("memory", _memory, exclusive=True, gives_space_back=False),
    Backend("sqlite", _sqlite, exclusive=True, gives_space_back=True),
    Backend("mongodb", _mongo(lambda: SERVERS.standalone), exclusive=False, gives_space_back=False),
)
REPLICA_SET = Backend("mongodb", _mongo(lambda: SERVERS.replica_set), exclusive=False, gives_space_back=False)
