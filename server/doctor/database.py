"""The SQLite file, or the MongoDB it was exchanged for: whole, ours, in the right form, and quick."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Final

from engine.errors import FlowDeskError, Unusable
from engine.store import Store
from engine.stores.sqlite.examine import examine
from engine.stores.sqlite.files import beside
from engine.transfer.marks import refuse_unfinished
from server.doctor.findings import Finding, note, ok, problem, some, warning
from server.doctor.house import House

LARGE_LOG: Final = 256 << 20
SLOW_S: Final = 0.1
_TRIALS: Final = 5
_FORMS: Final = {"store_too_new", "store_too_old"}


async def check_file(house: House) -> AsyncIterator[Finding]:
    """The pages of the SQLite file."""
    path = house.settings.database
    if not house.embedded:
        return
    if not path.exists():
        yield note("database", f"there is no {path} yet", "the first start of a server makes it")
        return
    try:
        facts = await asyncio.to_thread(examine, path, thorough=house.everything)
    except Unusable as error:
        code = "database.form" if error.code in _FORMS else "database"
        yield problem(code, error.message, error.hint)
        return
    if facts.problems:
        yield problem("database", f"{path} is damaged: {some(facts.problems, 3)}")
    else:
        depth = "every page and index" if house.everything else "every page"
        yield ok("database", f"{path} is whole ({depth}, {path.stat().st_size / 1e6:.1f} MB)")
    if facts.form < facts.known:
        text = f"{path} has form {facts.form}, this FlowDesk's is {facts.known}"
        yield note("database.form", text, "the next start brings it up to date; make a backup first")
    log = beside(path)[0]
    if log.exists() and log.stat().st_size > LARGE_LOG:
        yield warning("database.log", f"{log} has {log.stat().st_size / 1e6:.0f} MB")


async def check_store(house: House) -> AsyncIterator[Finding]:
    """Whether the store can be reached, how long it takes, and whether it is whole."""
    store = house.store
    if store is None:
        if house.why_not is not None and not house.embedded:
            yield problem("store", house.why_not.message, house.why_not.hint)
        elif house.why_not is not None and house.settings.database.exists():
            yield note("unchecked", f"runs and workflows: {house.why_not.message}", house.why_not.hint)
        return
    try:
        await refuse_unfinished(store)
    except Unusable as error:
        yield problem("database.unfinished_copy", error.message, error.hint)
    health = await store.health()
    if not health.ok:
        yield problem("store", f"{health.backend}: {health.detail.get('error')}")
        return
    best = min([await _read(store) for _ in range(_TRIALS)])
    version = health.detail.get("version")
    text = f"{health.backend}{f' {version}' if version else ''} answers in {best * 1000:.1f} ms"
    yield warning("store.slow", text) if best > SLOW_S else ok("store", text)


async def _read(store: Store) -> float:
    begun = perf_counter()
    await store.upkeep.mark("doctor")
    return perf_counter() - begun


def unchecked(what: str, error: FlowDeskError) -> Finding:
    """A check that could not be made."""
    return problem("unchecked", f"{what}: {error.message}", error.hint)
