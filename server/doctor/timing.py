"""Clocks: this machine's against itself, against the data, and against the servers it shares data with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from time import monotonic_ns, time_ns
from typing import Final

from engine.models.run import RunRow
from engine.store import ANYONE, RunFilter
from server.doctor.findings import Finding, ok, problem, warning
from server.doctor.house import House

UNSTEADY_MS: Final = 50
APART_MS: Final = 1000
FAR_APART_MS: Final = 5000
OVER_S: Final = 0.2


async def check_clock(house: House) -> AsyncIterator[Finding]:
    """Whether the wall clock runs as fast as the steady one, and is not behind what was written by it."""
    wall, steady = time_ns(), monotonic_ns()
    await asyncio.sleep(OVER_S)
    drift = abs((time_ns() - wall) - (monotonic_ns() - steady)) / 1e6
    if drift > UNSTEADY_MS:
        yield warning("clock", f"the wall clock jumped by {drift:.0f} ms within {OVER_S:g} s")
    else:
        yield ok("clock", "the wall clock runs steadily")
    newest = await _newest(house)
    if newest is not None and newest.created_at > house.now() + FAR_APART_MS:
        ahead = (newest.created_at - house.now()) / 1000
        yield problem("clock", f"run {newest.id} was accepted {ahead:.0f} s in the future: this clock is behind")


async def check_store_clock(house: House) -> AsyncIterator[Finding]:
    """The machine of the database."""
    if house.store is None:
        return
    asked = house.now()
    theirs = await house.store.upkeep.clock()
    if theirs is not None:
        yield difference("the database", theirs, asked, house.now())


async def _newest(house: House) -> RunRow | None:
    if house.store is None:
        return None
    page = await house.store.runs.page(RunFilter(ANYONE), limit=1)
    return page.items[0] if page.items else None


def difference(name: str, theirs: int, asked: int, answered: int) -> Finding:
    """Another machine's clock, in ms, against ours around the question."""
    apart = 0 if asked <= theirs <= answered else min(abs(theirs - asked), abs(theirs - answered))
    if apart > FAR_APART_MS:
        return problem("clock", f"the clock of {name} and ours are {apart / 1000:.1f} s apart")
    if apart > APART_MS:
        return warning("clock", f"the clock of {name} and ours are {apart / 1000:.1f} s apart")
    return ok("clock", f"the clock of {name} agrees with ours to {max(apart, answered - asked)} ms")
