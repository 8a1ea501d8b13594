"""What the doctor examines, and what is known about it so far."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from engine.clock import now_ms
from engine.errors import FlowDeskError
from engine.registry import Registry
from engine.store import Store
from plugins.builtins import BUILTINS
from server.compose import make_store
from server.settings import Settings
from server.state_file import Running


@dataclass(slots=True)
class House:
    """An installation. `store` is None when it could not be opened, and `why_not` says why then."""

    settings: Settings
    registry: Registry
    store: Store | None = None
    why_not: FlowDeskError | None = None
    running: Running | None = None
    in_use: bool = False
    fix: bool = False
    everything: bool = False

    @property
    def embedded(self) -> bool:
        """Whether everything is in a SQLite file."""
        return self.settings.mongo_url is None

    @property
    def may_write(self) -> bool:
        """Whether rows may be put right: nobody else writes the file, or several may."""
        return self.fix and not (self.embedded and self.in_use)

    def now(self) -> int:
        """The wall clock."""
        return now_ms()


def load_registry() -> Registry:
    """The kinds of steps a server started here would have."""
    registry = Registry()
    registry.load(BUILTINS)
    return registry


@asynccontextmanager
async def opened(house: House) -> AsyncIterator[None]:
    """With the store open, if it can be: for looking only, unless something is to be put right."""
    store = _store(house)
    if store is None:
        yield
        return
    try:
        await store.open()
    except FlowDeskError as error:
        house.why_not = error
        await store.close()
        yield
        return
    house.store = store
    try:
        yield
    finally:
        await store.close()


def _store(house: House) -> Store | None:
    if not house.embedded or house.may_write:
        return make_store(house.settings) if house.settings.database.exists() or not house.embedded else None
    if not house.settings.database.exists():
        return None
    from engine.stores.sqlite.looking import SqliteLook

    return SqliteLook(house.settings.database)
