"""A MongoDB whose primary dies: webhooks are refused in time or kept, and all goes on when another was elected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

from engine.errors import Unreachable
from engine.stores.mongo.store import MongoStore
from tests.server.fleet import shared, until, until_async
from tests.server.live import Live, Person, greet, live, webhook
from tests.servers.replica_set import ReplicaSet

LIMIT_S = 2.0 + 1.0
"""How soon a caller must be told, and how much later a machine full of other tests may tell it."""


@pytest.fixture
def mongo_set() -> Iterator[ReplicaSet]:
    """Three members of our own."""
    found = ReplicaSet()
    yield found
    found.discard()


@dataclass(slots=True)
class Callers:
    """Call a webhook all the time and note what they are told."""

    server: Live
    hook: str
    accepted: dict[str, str] = field(default_factory=dict)
    """Run by webhook id."""
    refused: int = 0
    slowest: float = 0.0
    strange: list[object] = field(default_factory=list)
    _over: bool = False

    async def call(self, number: int) -> None:
        """One caller, until it is over."""
        count = 0
        while not self._over:
            count += 1
            key = f"{number}-{count}"
            began = monotonic()
            answer = await self.server.call("POST", self.hook, {"name": key}, headers={"Idempotency-Key": key})
            self.slowest = max(self.slowest, monotonic() - began)
            if answer.status == 202:
                self.accepted[key] = answer.json["runId"]
            elif answer.status == 503 and int(answer.headers["Retry-After"]) > 0:
                self.refused += 1
                await asyncio.sleep(0.05)
            else:
                self.strange.append((answer.status, answer.body))
            await asyncio.sleep(0.01)

    @asynccontextmanager
    async def calling(self, at_once: int = 4) -> AsyncIterator[None]:
        """While so many call."""
        async with asyncio.TaskGroup() as group:  # a caller that fails ends the test
            for number in range(at_once):
                group.create_task(self.call(number))
            try:
                yield
            finally:
                self._over = True

    async def some_more_accepted(self) -> None:
        """Until it works, and goes on to work."""
        enough = len(self.accepted) + 20
        await until(lambda: len(self.accepted) >= enough)

    async def some_more_refused(self) -> None:
        """Until it was noticed that nothing can be written."""
        enough = self.refused + 8
        await until(lambda: self.refused >= enough)


async def all_done(ali: Person, runs: set[str]) -> bool:
    """Whether each of these has succeeded."""
    for run_id in runs:
        if (await ali.get(f"/api/runs/{run_id}"))["status"] != "SUCCESS":
            return False
    return True


# Not in the default run, because two elections among three members take twenty seconds.
@pytest.mark.long
async def test_an_election_costs_a_moment_and_nothing_else(mongo_set: ReplicaSet, tmp_path: Path) -> None:
    """R1, R2, Row 7: no 2xx without commit, 503 with Retry-After in time, and no restart, also without any primary."""
    url = mongo_set.url("elections")
    async with live(tmp_path, **shared(url)) as server:
        ali = await server.person("ali")
        callers = Callers(server, f"/api/hooks/{await ali.save(webhook('greet'), greet())}")
        async with callers.calling():
            await callers.some_more_accepted()

            first = await asyncio.to_thread(mongo_set.primary)
            first.kill()
            await callers.some_more_accepted()

            second = await asyncio.to_thread(mongo_set.primary)
            second.kill()
            await callers.some_more_refused()
            assert (await server.call("GET", "/readyz")).status == 503
            late = MongoStore(url, patience_s=0)
            with pytest.raises(Unreachable):
                await late.open()
            accepted = len(callers.accepted)
            await callers.some_more_refused()
            assert len(callers.accepted) == accepted, "nothing is accepted without a majority"

            await asyncio.to_thread(first.start)
            await callers.some_more_accepted()
            await late.open()
            assert (await late.health()).ok
            await late.close()

        assert callers.strange == []
        assert callers.slowest < LIMIT_S
        runs = set(callers.accepted.values())
        assert len(runs) == len(callers.accepted), "each webhook id has a run of its own"
        await until_async(lambda: all_done(ali, runs))
