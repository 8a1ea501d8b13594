"""Runs that call workflows."""

from __future__ import annotations

import asyncio

from engine.models.run import FINISHED, RunStatus, TriggerKind
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from tests.engine.calling import call, callee, each, ended
from tests.engine.world import World, fails, manual


async def test_a_call_goes_on_with_what_the_called_run_comes_to() -> None:
    world = World()
    world.doing["work"] = lambda ctx: StepResult.success({"got": ctx.data["n"] + 1})
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"})
        plan = await world.plan(
            engine,
            {**call(data={"n": "{{data.x}}"}), "next": "after", "saveAs": "came"},
            {"id": "after", "ref": "t.echo", "params": {"v": "{{data.came.got}}"}},
        )
        run_id = await ended(world, engine, plan, x=41)
        assert await world.output_of(engine, run_id, "call") == {"n": 41, "got": 42}
        assert await world.output_of(engine, run_id, "after") == {"v": 42}
    (child,) = await world.children(run_id)
    assert child.trigger is TriggerKind.CALL
    assert (child.caller_run_id, child.call and child.call.step_id) == (run_id, "call")
    assert await world.kinds(run_id) == [
        "run.started",
        "step.started call",
        "wait.started call",
        "items.advanced call",
        "items.advanced call",
        "step.succeeded call",
        "step.started after",
        "step.succeeded after",
        "run.succeeded",
    ]


async def test_a_called_run_that_fails_fails_the_step_which_names_run_step_and_code() -> None:
    world = World()
    world.doing["work"] = fails(1, "no_money")
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"})
        run_id = await ended(world, engine, await world.plan(engine, call()))
    (child,) = await world.children(run_id)
    row = await world.row(run_id)
    assert row.status is RunStatus.FAILED
    assert row.error is not None
    assert row.error["code"] == "call_failed"
    assert child.id in row.error["message"]
    assert "at step work" in row.error["message"]
    told = row.error["data"]
    assert (told["code"], told["stepId"], told["runId"]) == ("no_money", "work", child.id)


async def test_fire_and_forget_goes_on_once_the_run_is_on_disk() -> None:
    world = World()
    leave = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        await leave.wait()
        return StepResult.success({})

    world.doing["work"] = held
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"})
        run_id = await ended(world, engine, await world.plan(engine, call(wait=False)))
        (child,) = await world.children(run_id)
        assert await world.output_of(engine, run_id, "call") == {"runId": child.id}
        assert child.status not in FINISHED
        leave.set()
        await world.until(child.id, RunStatus.SUCCESS)


async def test_an_unknown_or_foreign_workflow_is_a_failed_step() -> None:
    world = World()
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"}, ownerId="somebody else")
        foreign = await ended(world, engine, await world.plan(engine, call()))
        unknown = await world.plan(engine, call(workflow="nothing"), id="v" * 36)
        missing = await ended(world, engine, unknown)
    for run_id in (foreign, missing):
        assert (await world.row(run_id)).error_code == "unknown_workflow"


async def test_recursion_is_bounded_and_the_error_shows_the_chain() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "call", "ref": "flow.call", "params": {"workflow": "w" * 36}})
        run_id = await ended(world, engine, plan)
        row = await world.row(run_id)
        assert row.error_code == "call_failed"
        while children := await world.children(row.id):
            (row,) = children
        assert row.error_code == "calls_too_deep"
        assert row.error is not None
        assert "test → test" in row.error["message"]


async def test_cancelling_reaches_grandchildren() -> None:
    world = World()
    entered, forever = asyncio.Event(), asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        entered.set()
        await forever.wait()
        return StepResult.success({})

    world.doing["work"] = held
    async with world.engine() as engine:
        await callee(world, engine, each({"id": "work"}, items=[1, 2], concurrency=2))
        run_id = (await engine.accept(await world.plan(engine, call()), manual())).run.id
        await entered.wait()
        await engine.cancel(run_id, owner=ANYONE, by="me")
        (child,) = await world.children(run_id)
        await world.until(child.id, RunStatus.CANCELLED)
        for grandchild in await world.children(child.id):
            await world.until(grandchild.id, RunStatus.CANCELLED)


async def test_the_time_out_of_a_run_reaches_its_children() -> None:
    world = World()
    forever = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        world.now += 10_000
        await forever.wait()
        return StepResult.success({})

    world.doing["work"] = held
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"})
        run_id = await ended(world, engine, await world.plan(engine, call(), timeoutMs=5000))
        assert (await world.row(run_id)).error_code == "run_timeout"
        (child,) = await world.children(run_id)
        await world.until(child.id, RunStatus.CANCELLED)


async def test_a_callers_retry_policy_calls_anew() -> None:
    world = World()
    world.doing["work"] = fails(1)
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"})
        plan = await world.plan(engine, {**call(), "retry": {"maxAttempts": 2, "backoffMs": 0}})
        run_id = await ended(world, engine, plan)
    assert (await world.row(run_id)).status is RunStatus.SUCCESS
    assert sorted(row.status.value for row in await world.children(run_id)) == ["FAILED", "SUCCESS"]


async def test_a_caller_that_rests_goes_on_when_its_called_run_ends() -> None:
    world = World()
    leave = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        await leave.wait()
        return StepResult.success({"ok": True})

    world.doing["work"] = held
    async with world.engine(max_running=1) as engine:
        await callee(world, engine, {"id": "work"})
        run_id = (await engine.accept(await world.plan(engine, call()), manual())).run.id
        row = await world.until(run_id, RunStatus.WAITING)
        assert row.waiting_for == "children"
        leave.set()
        await world.until(run_id, RunStatus.SUCCESS)
