"""Rows 20, 66: what one workspace floods the server with makes another one wait less than twice as long.

Times are those of the machine, too, so these are in `make test-long`; test_row_66_turns.py counts turns instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, cast

import aiohttp
import pytest

from engine.models.run import Role, User
from server.rates.limiter import AT_ONCE, MAX_STUBBORN, PAUSE_S, Stubborn
from tests.server.live import Live, Person, eventually, live, sleep, webhook
from tests.server.process import running

if TYPE_CHECKING:
    from server.compose import Parts

TOOK_MS = 150
MANUAL = {"id": "m", "type": "TRIGGER", "ref": "manual", "next": "sleep"}


async def slowest(person: Person, workflow: str, runs: int) -> float:
    """How long the slowest of some runs took from the request to its end, two at a time: the p99 of so few."""
    times: list[float] = []

    async def some() -> None:
        for _ in range(runs // 2):
            began = perf_counter()
            await person.run(workflow)
            times.append(perf_counter() - began)

    await asyncio.gather(some(), some())
    return max(times)


@asynccontextmanager
async def flooding(url: str, connections: int) -> AsyncIterator[dict[int, int]]:
    """Send to a webhook without a pause, over so many connections; how often which status came."""
    seen: dict[int, int] = {}

    async def send(session: aiohttp.ClientSession) -> None:
        while True:
            async with session.post(url, json={}) as response:
                seen[response.status] = seen.get(response.status, 0) + 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        senders = [asyncio.create_task(send(session)) for _ in range(connections)]
        try:
            yield seen
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)


async def beside_a_flood(ali: Person, ben: Person, *, connections: int, runs: int) -> None:
    """Compare; a machine that stalls may have two more tries, since it is not what is measured."""
    loud = await ali.save(webhook("sleep", rateLimit={"limit": 100, "windowMs": 1000}), sleep(ms=TOOK_MS))
    quiet = await ben.save(MANUAL, sleep(ms=TOOK_MS))
    found: list[tuple[float, float]] = []
    for _ in range(3):
        alone = await slowest(ben, quiet, runs)
        async with flooding(f"{ali.live.url}/api/hooks/{loud}", connections) as seen:

            async def loud_enough() -> bool:
                return sum(seen.values()) >= 150

            assert await eventually(loud_enough)
            beside = await slowest(ben, quiet, runs)
        assert seen[429] > 0
        assert set(seen) == {202, 429}
        found.append((alone, beside))
        if beside < 2 * alone:
            break
    else:
        raise AssertionError(f"alone and beside a flood, in seconds: {found}")
    waiting = [run for run in await ali.get("/api/runs?limit=200") if run["status"] == "QUEUED"]
    assert waiting, "the flood had more than there was room for"


@pytest.mark.long
async def test_a_flood_beside_a_few_runs(tmp_path: Path) -> None:
    """Rows 20, 66."""
    async with live(tmp_path / "data", max_concurrent_runs=8, max_runs_per_owner=4) as server:
        await beside_a_flood(await server.person("ali"), await server.person("ben"), connections=16, runs=8)


@pytest.mark.long
async def test_a_long_flood_beside_many_runs(tmp_path: Path) -> None:
    """Rows 20, 66, with a server process of its own."""
    settings = {"FLOWDESK_MAX_CONCURRENT_RUNS": "8", "FLOWDESK_MAX_RUNS_PER_OWNER": "4"}
    async with running(tmp_path / "data", **settings) as process, aiohttp.ClientSession() as session:
        server = Live(process.url, cast("Parts", None), session)
        ali, ben = await registered(server, "ali"), await registered(server, "ben")
        await beside_a_flood(ali, ben, connections=64, runs=100)


async def registered(server: Live, name: str) -> Person:
    """Somebody who has made an account by the front door."""
    made = await server.call("POST", "/api/auth/register", {"email": f"{name}@example.com", "password": "abc123"})
    assert made.status == 201, made.body
    user = User(made.json["user"]["id"], f"{name}@example.com", "-", Role.USER, 0)
    return Person(server, user, made.json["token"])


def test_who_goes_on_although_refused_is_answered_late() -> None:
    """Row 20: only that bucket, only for as long as it goes on, and in bounded memory."""
    now = 0.0
    stubborn = Stubborn(lambda: now)
    assert [stubborn.pause_s("a") for _ in range(AT_ONCE)] == [0.0] * AT_ONCE
    assert all(PAUSE_S / 2 <= stubborn.pause_s("a") <= PAUSE_S * 1.5 for _ in range(5))
    assert stubborn.pause_s("b") == 0.0
    now = 1.0
    assert stubborn.pause_s("a") == 0.0
    for number in range(MAX_STUBBORN + 10):
        stubborn.pause_s(number)
    assert len(stubborn._refused) <= MAX_STUBBORN + 1
