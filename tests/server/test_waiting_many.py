"""Answers and signals at one server to runs that another one executes, over one MongoDB."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.server.fleet import shared
from tests.server.live import Person, action, eventually, sleep
from tests.server.test_many_servers import at, servers


def _ask(**more: Any) -> dict[str, Any]:
    return action("ask", "flow.approval", params={"message": "pay?"}, **more)


async def _asked(person: Person, run_id: str) -> Any:
    async def look() -> Any:
        run = await person.get(f"/api/runs/{run_id}")
        return run if run["questions"] else None

    return await eventually(look)


async def test_two_servers_race_for_a_run_that_one_executes(mongo_url: str, tmp_path: Path) -> None:
    """One outcome, wherever it was given; the other is told so."""
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        ali = await one.person("ali")
        start = action("s", "core.log", ["ask", "sleep", "hear"], params={"message": "hi"})
        hear = action("hear", "flow.wait", params={"signal": "go"})
        run_id = await ali.start(await ali.save(start, _ask(), sleep(), hear))
        await _asked(ali, run_id)
        path = f"/api/runs/{run_id}/decide"
        answers = await asyncio.gather(
            at(two, ali).call("POST", path, {"stepId": "ask", "outcome": "approve"}),
            ali.call("POST", path, {"stepId": "ask", "outcome": "approve", "reason": "me"}),
            at(two, ali).call("POST", path, {"stepId": "ask", "outcome": "approve", "reason": "no, me"}),
        )
        assert sorted(answer.status for answer in answers) == [202, 409, 409]
        assert {answer.code for answer in answers if answer.status == 409} == {"already_decided"}
        sent = await at(two, ali).call("POST", f"/api/runs/{run_id}/signals/go", {"n": 1})
        assert sent.status == 202

        async def heard() -> Any:
            steps = {step["id"]: step for step in (await ali.get(f"/api/runs/{run_id}"))["steps"]}
            return steps if steps["hear"]["status"] == "SUCCESS" else None

        steps = await eventually(heard)
        assert (steps["hear"]["output"], steps["ask"]["status"]) == ({"n": 1}, "SUCCESS")
        await ali.call("POST", f"/api/runs/{run_id}/cancel")


async def test_two_servers_race_for_a_run_that_rests(mongo_url: str, tmp_path: Path) -> None:
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        ali = await one.person("ali")
        workflow = await ali.save(_ask())
        for _ in range(3):
            run_id = await ali.start(workflow)
            await _asked(ali, run_id)
            path, body = f"/api/runs/{run_id}/decide", {"stepId": "ask", "outcome": "approve"}
            both = await asyncio.gather(ali.call("POST", path, body), at(two, ali).call("POST", path, body))
            assert sorted(answer.status for answer in both) == [202, 409], [answer.body for answer in both]
