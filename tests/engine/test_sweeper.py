"""When the sweeper looks again."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic

import pytest

from engine.errors import Unavailable
from engine.models.run import RunRow, RunStatus
from engine.sdk import Context, StepResult
from tests.engine.world import World, eventually, manual


async def test_what_becomes_due_during_a_look_is_not_left_until_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """R7: it is neither found by this look nor overdue, and must not wait for the slow round of the sweeper."""
    world = World()
    world.doing["a"] = _fail_first
    look = world.store.runs.due
    asked: list[int] = []

    async def take_long(now: int, *, limit: int) -> list[RunRow]:
        found = await look(now, limit=limit)
        if world.calls and not asked:
            asked.append(now)
            world.now += 1000
        return found

    monkeypatch.setattr(world.store.runs, "due", take_long)
    engine = world.make_engine()
    engine.options = replace(engine.options, sweep_s=60.0)
    await engine.start()
    try:
        retry = {"maxAttempts": 2, "backoffMs": 1000}
        plan = await world.plan(engine, {"id": "a", "retry": retry})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.SUCCESS)
    finally:
        await engine.stop(grace_s=1)
    assert len(asked) == 1
    assert [attempt for _, attempt, _ in world.calls] == [1, 2]


async def test_a_store_that_is_away_is_not_asked_without_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 8: what was due when the store went is overdue from then on; a server used a whole processor for it."""
    world = World()
    world.doing["a"] = _fail_first
    asked: list[int] = []
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "retry": {"maxAttempts": 2, "backoffMs": 60_000}})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.WAITING)

        async def looked() -> bool:
            return bool(engine.stats()["passes"] > before)

        before = engine.stats()["passes"]
        await eventually(looked)  # when the retry is due is known from then on

        async def away(now: int, *, limit: int) -> list[RunRow]:
            asked.append(now)
            raise Unavailable("the store is away")

        monkeypatch.setattr(world.store.runs, "due", away)
        engine.options = replace(engine.options, sweep_s=0.05)
        world.now += 120_000

        async def asked_often() -> bool:
            return len(asked) >= 4

        began = monotonic()
        await eventually(asked_often)
        assert monotonic() - began > 0.1, "four times take at least two pauses"
        monkeypatch.undo()
        await world.until(run_id, RunStatus.SUCCESS)


def _fail_first(ctx: Context) -> StepResult:
    return StepResult.failure("not yet") if ctx.attempt == 1 else StepResult.success({})
