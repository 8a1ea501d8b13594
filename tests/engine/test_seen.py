"""Runs as previews see them: read once, then only what is new, and never somebody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine import seen as module
from engine.engine import Engine
from engine.errors import NotFound
from engine.plan import Plan
from engine.sdk import Context, StepResult
from engine.seen import MOST_RUNS, SeenRuns
from engine.store import ANYONE, RunFilter
from tests.engine.world import World, manual


class Counted:
    """The runs of a store, and after which events their journals were read."""

    def __init__(self, world: World) -> None:
        self._runs = world.store.runs
        self.after: list[int] = []
        self.blobs = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runs, name)

    async def journal(self, run_id: str, *, after: int = 0, limit: int = 1000) -> Any:
        self.after.append(after)
        return await self._runs.journal(run_id, after=after, limit=limit)

    async def blob(self, run_id: str, ref: str) -> bytes:
        self.blobs += 1
        return await self._runs.blob(run_id, ref)


async def _plan(world: World, engine: Engine) -> Plan:
    return await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})


async def _run(world: World, engine: Engine) -> str:
    return (await engine.run_and_wait(await _plan(world, engine), manual(n=1), timeout_s=30)).run.id


async def test_a_run_is_read_once_however_often_it_is_looked_at() -> None:
    world = World()
    world.doing["a"] = lambda ctx: StepResult.success({"text": "x" * 100_000})
    async with world.engine() as engine:
        runs = Counted(world)
        seen = SeenRuns(runs, engine.plans)
        run_id = await _run(world, engine)
        states = await asyncio.gather(*(seen.state(run_id, owner=ANYONE) for _ in range(3)))
        whole = (await engine.history(run_id, owner=ANYONE)).state
        assert states == [whole] * 3
        read, blobs = len(runs.after), runs.blobs
        assert blobs
        assert await seen.state(run_id, owner=ANYONE) == whole
        assert (len(runs.after), runs.blobs) == (read, blobs)


async def test_of_a_run_that_goes_on_only_what_is_new_is_read() -> None:
    world, begun, gate = World(), asyncio.Event(), asyncio.Event()

    async def wait(ctx: Context) -> StepResult:
        begun.set()
        await gate.wait()
        return StepResult.success({"done": True})

    world.doing["b"] = wait
    async with world.engine() as engine:
        runs = Counted(world)
        seen = SeenRuns(runs, engine.plans)
        running = asyncio.create_task(_run(world, engine))
        await begun.wait()
        (row,) = (await world.store.runs.page(RunFilter(ANYONE), limit=5)).items
        before = (await seen.state(row.id, owner=ANYONE)).seq
        gate.set()
        await running
        after = await seen.state(row.id, owner=ANYONE)
        assert after == (await engine.history(row.id, owner=ANYONE)).state
        assert after.steps["b"].output == {"done": True}
        assert runs.after[0] == 0
        assert runs.after[1:] == [before]


async def test_somebody_elses_run_is_unknown_although_it_is_kept() -> None:
    """Row 41."""
    world = World()
    async with world.engine() as engine:
        seen = SeenRuns(world.store.runs, engine.plans)
        run_id = await _run(world, engine)
        await seen.state(run_id, owner=ANYONE)
        with pytest.raises(NotFound):
            await seen.state(run_id, owner="eve")


async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.doing["a"] = lambda ctx: StepResult.success({"text": "x" * 100_000})
    async with world.engine() as engine:
        runs = Counted(world)
        seen = SeenRuns(runs, engine.plans)
        plan = await _plan(world, engine)
        ids = [(await engine.run_and_wait(plan, manual(), timeout_s=30)).run.id for _ in range(MOST_RUNS + 1)]
        for run_id in ids:
            await seen.state(run_id, owner=ANYONE)
        read = len(runs.after)
        await seen.state(ids[-1], owner=ANYONE)
        assert len(runs.after) == read
        await seen.state(ids[0], owner=ANYONE)
        assert len(runs.after) > read, "the oldest one had to go"
        monkeypatch.setattr(module, "MOST_BYTES", 1000)
        for _ in range(2):
            read = len(runs.after)
            await seen.state(ids[1], owner=ANYONE)
            assert len(runs.after) > read, "one with large values is not kept"
