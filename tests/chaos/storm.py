"""Customers order, a dice kills, everything settles: one storm over one topology, and its figures."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.chaos.child import Child
from tests.chaos.customers import ANSWER_S, Customers
from tests.chaos.faults import Faults
from tests.chaos.partner import Partner, partner, workflow
from tests.chaos.topology import Topology
from tests.chaos.verdict import Verdict, read


def first_traceback(child: Child) -> str | None:
    """What a process wrote around its first traceback: an error of ours is in its log."""
    before, found, after = child.said().partition("Traceback (most")
    return f"the log of {child.name}: {before[-500:]}{found}{after[:3000]}" if found else None


@dataclass(slots=True, frozen=True)
class Weather:
    """How hard it blows."""

    seed: int
    faults: int = 0
    names: tuple[str, ...] = ()
    """Exactly these faults instead of so many."""
    customers: int = 12
    pause_s: float = 0.05
    """Between two orders of one customer."""
    calm_s: float = 0.3
    """The longest while between two faults."""
    settle_s: float = 30.0
    """How long everything may take to end when nothing is killed any more."""


@dataclass(slots=True)
class Aftermath:
    """What a storm left."""

    verdict: Verdict
    customers: Customers
    faults: Faults
    settled_s: float
    exit_codes: dict[str, int]

    def check(self) -> None:
        """R1 to R6, R11, R12, and row 4."""
        self.verdict.check_runs(self.customers.accepted)
        self.verdict.check_journals()
        self.verdict.check_calls()
        self.verdict.check_duplicates(self.faults.doubtful)
        faulty = [found for child in self.customers.topology.children if (found := first_traceback(child)) is not None]
        assert not faulty, "\n\n".join(faulty)
        assert self.faults.exit_codes <= {0}, "row 4: SIGTERM did not end a process in good order"
        assert set(self.exit_codes.values()) == {0}, f"row 4: {self.exit_codes}"

    def figures(self) -> str:
        """A small table for whoever reads the output of the tests."""
        rows = {
            "runs accepted": len(self.customers.accepted),
            "faults": ", ".join(f"{count} x {name}" for name, count in sorted(self.faults.done.items())),
            "posts refused or unanswered": ", ".join(f"{n} x {why}" for why, n in self.customers.refusals.items()),
            "calls at the partner": len(self.verdict.partner.calls),
            "of them executed twice": f"{self.verdict.duplicates} (steps under way at faults: {self.faults.doubtful})",
            "deaths survived by one run": max((row.deaths for row in self.verdict.rows.values()), default=0),
            "settled after the last fault": f"{self.settled_s:.1f} s",
        }
        return "\n".join(f"  {name:<30} {value}" for name, value in rows.items())


@asynccontextmanager
async def scene(
    topology: Topology, seed: int, slowest_s: float = 0.03, retry: dict[str, Any] | None = None
) -> AsyncIterator[tuple[Partner, Customers]]:
    """All processes up, the partner listening, the workflow saved; everything gone at the end."""
    async with partner(seed, slowest_s) as other:
        try:
            await asyncio.to_thread(topology.start)
            customers = Customers(topology)
            async with session() as http:
                await customers.create(http, workflow(other.url, retry))
            yield other, customers
        finally:
            await asyncio.to_thread(topology.discard)


def session() -> aiohttp.ClientSession:
    """Connections for customers, each used once: a process that was killed has none left to reuse."""
    connector = aiohttp.TCPConnector(force_close=True)
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S), connector=connector)


async def storm(topology: Topology, weather: Weather) -> Aftermath:
    """Everything from the first start to the last exit code."""
    dice = random.Random(weather.seed)
    async with scene(topology, weather.seed) as (other, customers), session() as http:
        faults = Faults(topology, dice, lambda: len(other.open_orders(list(customers.sent))))
        ordering = [
            asyncio.create_task(customers.keep_ordering(http, weather.pause_s)) for _ in range(weather.customers)
        ]
        try:
            for fault in faults.plan(weather.faults, weather.names):
                await asyncio.to_thread(faults.pass_time, weather.calm_s)
                await asyncio.to_thread(fault)
        finally:
            customers.stopped = True
        begun = time.monotonic()
        await asyncio.to_thread(topology.heal)
        await asyncio.gather(*ordering)
        await settle(customers, http, weather.settle_s)
        settled_s = time.monotonic() - begun
        await customers.repeat_all(http)
        codes = {child.name: await asyncio.to_thread(child.terminate) for child in topology.children}
        verdict = await read(topology.make_store(), other)
    return Aftermath(verdict, customers, faults, settled_s, codes)


async def settle(customers: Customers, http: aiohttp.ClientSession, within_s: float) -> None:
    """Until no run is unfinished; R2 when that takes too long."""
    until = time.monotonic() + within_s
    while unfinished := await customers.unfinished(http):
        if time.monotonic() > until:
            alive = await customers.ask(http, "/api/workers") if customers.topology.workers else "one server"
            raise AssertionError(f"R2: not ended after {within_s:g} s: {unfinished}; processes: {alive}")
        await asyncio.sleep(0.05)


async def order_some(customers: Customers, other: Partner, orders: int = 20) -> None:
    """A few runs, each with a step that has begun."""
    async with session() as http:
        for number in range(orders):
            await customers.order(http, f"order-{number}", first=number)
    await other.wait_for(lambda: len({call.order for call in other.calls}) == orders)
