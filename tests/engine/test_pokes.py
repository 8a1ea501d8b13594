"""A run that was poked looks into its inbox: while it executes, and when it rests."""

from __future__ import annotations

import asyncio

from engine.engine import Engine
from engine.models.run import Message, RunStatus
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from tests.engine.kit import NOW
from tests.engine.world import World, eventually, fails, manual


async def _tell(world: World, engine: Engine, run_id: str) -> None:
    await world.store.runs.post(Message("m1", run_id, NOW, "of no known kind"), owner=ANYONE)
    engine.poke(run_id)


async def _heard(world: World, run_id: str) -> bool:
    return not await world.store.upkeep.messages(run_id) and not (await world.row(run_id)).poked


async def test_a_run_hears_while_a_step_is_under_way() -> None:
    world = World()
    entered, leave = asyncio.Event(), asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        entered.set()
        await leave.wait()
        return StepResult.success({})

    world.doing["a"] = held
    async with world.engine() as engine:
        run_id = (await engine.accept(await world.plan(engine, {"id": "a"}), manual())).run.id
        await entered.wait()
        await _tell(world, engine, run_id)
        await eventually(lambda: _heard(world, run_id))
        leave.set()
        await world.until(run_id, RunStatus.SUCCESS)
    assert len(world.calls) == 1, "the step was left alone"


async def test_a_resting_run_hears_at_once_and_rests_again() -> None:
    world = World()
    world.doing["a"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "retry": {"maxAttempts": 2, "backoffMs": 60_000}})
        run_id = (await engine.accept(plan, manual())).run.id
        before = await world.until(run_id, RunStatus.WAITING)
        await _tell(world, engine, run_id)
        await eventually(lambda: _heard(world, run_id))
        after = await world.until(run_id, RunStatus.WAITING)
        assert (after.due_at, after.seq, after.owner) == (before.due_at, before.seq, None)
    assert len(world.calls) == 1
