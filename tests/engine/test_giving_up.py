"""Runs that cannot be executed at all: they end, and whoever depends on one hears of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.engine import Engine
from engine.giving_up import NOT_EXECUTABLE
from engine.models.event import EventType
from engine.models.run import RunStatus, TriggerKind
from engine.sdk import Context, StepResult
from engine.store import ANYONE, Commit, RunFilter
from tests.engine.calling import OTHER, call, callee
from tests.engine.world import World, eventually, manual


async def _resting_in_a_call(world: World, **more: object) -> tuple[str, str]:
    """A run that waits for another, which works; the process has stopped. Their ids."""
    entered = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        entered.set()
        await asyncio.Event().wait()
        return StepResult.success({})

    world.doing["inner"] = held
    async with world.engine() as engine:
        await callee(world, engine, {"id": "inner"})
        plan = await world.plan(engine, call(), **more)
        run_id = (await engine.accept(plan, manual(n=1))).run.id
        await entered.wait()
        await engine.stop(grace_s=0.01)
    (called,) = await world.children(run_id)
    return run_id, called.id


async def _lose_its_version(world: World, run_id: str) -> None:
    row = await world.row(run_id)
    await world.store.runs.commit(Commit(replace(row, workflow_version=99), [], row.seq, row.owner))


async def test_it_fails_and_the_runs_it_has_called_are_cancelled() -> None:
    world = World()
    run_id, called_id = await _resting_in_a_call(world)
    await _lose_its_version(world, run_id)
    async with world.engine():
        row = await world.until(run_id, RunStatus.FAILED)
        assert (row.error_code, row.owner) == (NOT_EXECUTABLE, None)
        assert (await world.store.runs.journal(run_id))[-1].type is EventType.RUN_FAILED
        await world.until(called_id, RunStatus.CANCELLED)


async def test_the_run_that_called_it_hears_of_it_at_once() -> None:
    """The clock stands still, so the caller does not look by itself."""
    world = World()
    run_id, called_id = await _resting_in_a_call(world)
    await _lose_its_version(world, called_id)
    async with world.engine():
        await world.until(called_id, RunStatus.FAILED)
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error is not None
        assert row.error["stepId"] == "call"


async def test_its_workflows_handler_is_started() -> None:
    world = World()
    asleep = world.make_engine()
    await callee(world, asleep, {"id": "handle"})
    run_id = await _unreadable(world, asleep, onFailure=OTHER)
    async with world.engine() as engine:
        await world.until(run_id, RunStatus.FAILED)
        await eventually(lambda: _handled(world))
        (handler,) = (await world.store.runs.page(RunFilter(ANYONE, workflow_id=OTHER), limit=10)).items
        assert (handler.trigger, handler.parent_run_id) == (TriggerKind.FAILURE, run_id)
        data = (await engine.history(handler.id, owner=ANYONE)).state.trigger.data
        assert (data["error"]["code"], data["run"]["id"], data["data"]) == (NOT_EXECUTABLE, run_id, {})


async def test_one_nobody_wants_to_hear_of_owes_nothing() -> None:
    world = World()
    run_id = await _unreadable(world, world.make_engine())
    async with world.engine():
        await world.until(run_id, RunStatus.FAILED)
        await eventually(lambda: _paid(world))


async def _unreadable(world: World, asleep: Engine, **more: object) -> str:
    """An accepted run that nobody has begun, of a version there is not."""
    plan = await world.plan(asleep, {"id": "a"}, **more)
    run_id = (await asleep.accept(plan, manual(n=1))).run.id
    row = await world.until(run_id, RunStatus.SUCCESS)
    lost = replace(row, id="r" * 26, workflow_version=99, status=RunStatus.QUEUED, seq=0, finished_at=None)
    first = (await world.store.runs.journal(run_id))[0]
    await world.store.runs.commit(Commit(replace(lost, seq=1, due_at=world.now), [first], 0))
    return lost.id


async def _handled(world: World) -> bool:
    return bool((await world.store.runs.page(RunFilter(ANYONE, workflow_id=OTHER), limit=10)).items)


async def _paid(world: World) -> bool:
    return not await world.store.runs.owing(limit=10)
