"""Rows 20, 66: whose run is next beside a flood, counted in runs and not in seconds, which belong to the machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.server.live import Live, Person, action, eventually, live, webhook

FLOOD, QUIET, PLACES = 60, 8, 4
MANUAL = {"id": "m", "type": "TRIGGER", "ref": "manual", "next": "gate"}


class Gate:
    """A step that begins, says whose it is, and ends when it is let through, one at a time."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self._let = asyncio.Semaphore(0)

    async def run(self, ctx: Any, params: Any) -> dict[str, Any]:
        self.begun.append(params["whose"])
        await self._let.acquire()
        return {"ok": True}

    async def reach(self, count: int, *, letting: bool = False) -> None:
        """Until so many have begun; letting one through for each that begins, or none."""
        while len(self.begun) < count:
            before = len(self.begun)
            if letting:
                self._let.release()

            async def more(before: int = before) -> bool:
                return len(self.begun) > before

            assert await eventually(more)

    def open(self) -> None:
        """Let everything through."""
        for _ in range(FLOOD + QUIET):
            self._let.release()


def gate(whose: str) -> dict[str, Any]:
    return action("gate", "gate.pass", params={"whose": whose})


async def flooded(server: Live, ali: Person) -> None:
    """Far more runs of one workspace than there are places."""
    loud = await ali.save(webhook("gate"), gate("loud"))
    answers = await asyncio.gather(*(server.call("POST", f"/api/hooks/{loud}", {}) for _ in range(FLOOD)))
    assert {answer.status for answer in answers} == {202}


@pytest.mark.parametrize("per_owner", [PLACES, PLACES // 2])
async def test_beside_a_flood_it_takes_less_than_twice_as_many_turns(tmp_path: Path, per_owner: int) -> None:
    """Rows 20, 66: the two take turns, so the quiet one's last run begins before twice as many as are its own, and
    some at once where nobody may have all places."""
    async with live(tmp_path, max_concurrent_runs=PLACES, max_runs_per_owner=per_owner) as server:
        passing = Gate()
        server.parts.registry.register("gate.pass", passing)
        ali, ben = await server.person("ali"), await server.person("ben")
        await flooded(server, ali)
        await passing.reach(per_owner)
        before = len(passing.begun)
        quiet = await ben.save(MANUAL, gate("quiet"))
        for _ in range(QUIET):
            await ben.start(quiet)
        await passing.reach(PLACES)
        assert passing.begun[before:] == ["quiet"] * (PLACES - per_owner), "places that are kept free for others"
        await passing.reach(before + 2 * QUIET, letting=True)
        assert passing.begun[before : before + 2 * QUIET].count("quiet") == QUIET
        passing.open()
