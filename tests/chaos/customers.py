"""Posts webhooks to whichever server answers, and remembers what was promised."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, TypeVar

import aiohttp

from tests.chaos.topology import Topology

T = TypeVar("T")
ANSWER_S: Final = 8.0
GIVE_UP_S: Final = 120.0


@dataclass
class Customers:
    """Each order is posted under a key of its own, again and again until a server accepts it."""

    topology: Topology
    workflow_id: str = ""
    sent: list[str] = field(default_factory=list)
    accepted: dict[str, str] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)
    stopped: bool = False
    _numbers: count[int] = field(default_factory=count)

    async def create(self, session: aiohttp.ClientSession, document: dict[str, Any]) -> None:
        """Save the workflow."""
        headers = {"Authorization": f"Bearer {self.topology.token}"}
        url = f"{self.topology.servers[0].url}/api/workflows"
        async with session.post(url, json=document, headers=headers) as answer:
            assert answer.status == 201, await answer.text()
            self.workflow_id = (await answer.json())["id"]

    async def keep_ordering(self, session: aiohttp.ClientSession, pause_s: float) -> None:
        """One order after the other until told to stop."""
        while not self.stopped:
            number = next(self._numbers)
            order = f"order-{number}"
            self.sent.append(order)
            await self.order(session, order, first=number)
            await asyncio.sleep(pause_s)

    async def order(self, session: aiohttp.ClientSession, order: str, *, first: int = 0) -> None:
        """Post one order, beginning with this server, until it is accepted; the same key gives the same run."""
        servers = self.topology.servers
        turns = count(first)

        async def post() -> str | None:
            return await self._post(session, servers[next(turns) % len(servers)].url, order)

        run_id = await until(post, GIVE_UP_S, every_s=0.1)
        known = self.accepted.setdefault(order, run_id)
        assert known == run_id, f"R6: {order} gave {known} and then {run_id}"

    async def _post(self, session: aiohttp.ClientSession, server: str, order: str) -> str | None:
        headers = {"Idempotency-Key": order}
        url = f"{server}/api/hooks/{self.workflow_id}"
        try:
            async with session.post(url, json={"order": order}, headers=headers) as answer:
                document = await answer.json(content_type=None)
                if answer.status == 202:
                    return str(document["runId"])
                refusal = f"{answer.status} {document.get('code')}"
        except (aiohttp.ClientError, TimeoutError) as error:
            refusal = type(error).__name__
        self.refusals[refusal] = self.refusals.get(refusal, 0) + 1
        return None

    async def repeat_all(self, session: aiohttp.ClientSession) -> None:
        """Post everything once more, each to the server after the one it went to first."""
        room = asyncio.Semaphore(16)

        async def again(number: int, order: str) -> None:
            async with room:
                await self.order(session, order, first=number + 1)

        await asyncio.gather(*(again(number, order) for number, order in enumerate(list(self.accepted))))
        assert set(self.accepted) == set(self.sent)

    async def unfinished(self, session: aiohttp.ClientSession) -> list[str]:
        """Some runs that have not ended, as the first server says: status, id, and since when."""
        found = []
        for status in ("QUEUED", "RUNNING", "WAITING"):
            runs = await self.ask(session, f"/api/runs?status={status}&limit=5")
            found += [f"{status} {run['id']} since {run['createdAt']}, due {run['dueAt']}" for run in runs]
        return found

    async def ask(self, session: aiohttp.ClientSession, path: str) -> Any:
        """What the first server answers to its operator."""
        headers = {"Authorization": f"Bearer {self.topology.token}"}
        async with session.get(f"{self.topology.servers[0].url}{path}", headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()


async def until(look: Callable[[], Awaitable[T | None]], within_s: float, *, every_s: float = 0.01) -> T:
    """What `look` finds, as soon as it finds something."""
    async with asyncio.timeout(within_s):
        while True:
            found = await look()
            if found:
                return found
            await asyncio.sleep(every_s)
