"""Called runs over one MongoDB: whichever server has them, there is one of each, and their caller hears of all."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.server.fleet import shared, until_async
from tests.server.live import Person, action, eventually, sleep
from tests.server.test_many_servers import at, servers


def _each(*body: dict[str, Any], **params: Any) -> dict[str, Any]:
    return action("each", "flow.foreach", params={"items": "data.items", **params}, body={"steps": list(body)})


def _double() -> dict[str, Any]:
    return action("double", "data.set", params={"values": {"n": "{{data.item}}"}})


async def _rounds(person: Person, run_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await person.get(f"/api/runs?caller={run_id}&limit=100")
    return found


async def _ended(person: Person, run_id: str) -> Any:
    async def look() -> Any:
        run = await person.get(f"/api/runs/{run_id}")
        return run if run["finishedAt"] else None

    return await eventually(look)


async def test_the_rounds_of_a_server_that_leaves_are_finished_by_another(mongo_url: str, tmp_path: Path) -> None:
    """R2, R3: each item has one run, the results are in order, and the caller waits for all of them."""
    items = list(range(12))
    async with servers(tmp_path / "stays", 1, **shared(mongo_url)) as (stays,), AsyncExitStack() as stack:
        (leaves,) = await stack.enter_async_context(servers(tmp_path / "leaves", 1, **shared(mongo_url)))
        ali = await leaves.person("ali")
        each = _each(sleep(ms=150, next_step="double"), _double(), concurrency=3)
        run_id = await ali.start(await ali.save(each), items=items)
        here = at(stays, ali)

        async def some_ended() -> bool:
            return [one["status"] for one in await _rounds(here, run_id)].count("SUCCESS") >= 3

        await until_async(some_ended)
        assert (await here.get(f"/api/runs/{run_id}"))["finishedAt"] is None
        await stack.aclose()
        # At once, and not when it would be looked at again anyway: the one that left may have heard of an end last.
        async with asyncio.timeout(20):
            run = await _ended(here, run_id)
        assert run["status"] == "SUCCESS", run["error"]
        assert [result["n"] for result in run["data"]["results"]] == items
        rounds = await _rounds(here, run_id)
        assert [one["status"] for one in rounds] == ["SUCCESS"] * len(items)


async def test_a_loop_cancelled_at_another_server_takes_its_rounds_along(mongo_url: str, tmp_path: Path) -> None:
    """Row 28: no run goes on working for a caller that has ended."""
    async with servers(tmp_path, **shared(mongo_url)) as (one, two):
        ali = await one.person("ali")
        run_id = await ali.start(await ali.save(_each(sleep(), concurrency=2)), items=[1, 2, 3])

        async def under_way() -> bool:
            return [found["status"] for found in await _rounds(ali, run_id)].count("RUNNING") == 2

        await until_async(under_way)
        assert (await at(two, ali).call("POST", f"/api/runs/{run_id}/cancel")).status == 202
        assert (await _ended(at(two, ali), run_id))["status"] == "CANCELLED"

        async def all_over() -> bool:
            return all(found["status"] == "CANCELLED" for found in await _rounds(ali, run_id))

        await until_async(all_over)
        assert len(await _rounds(ali, run_id)) == 2
