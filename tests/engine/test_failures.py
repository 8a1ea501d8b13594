"""`onFailure`: the workflow that is run when a run of another fails."""

from __future__ import annotations

from engine.engine import Engine
from engine.models.run import RunRow, RunStatus, TriggerKind
from engine.store import ANYONE, RunFilter
from tests.engine.calling import OTHER, callee, ended
from tests.engine.world import World, eventually, fails, manual


async def _handlers(world: World) -> list[RunRow]:
    return (await world.store.runs.page(RunFilter(ANYONE, workflow_id=OTHER), limit=10)).items


async def _failing(world: World, engine: Engine) -> str:
    plan = await world.plan(engine, {"id": "work"}, onFailure=OTHER)
    return await ended(world, engine, plan, n=1)


async def test_a_failed_run_starts_the_workflow_with_what_is_known_of_it() -> None:
    world = World()
    world.doing["work"] = fails(1, "no_money")
    async with world.engine() as engine:
        await callee(world, engine, {"id": "handle"})
        run_id = await _failing(world, engine)
        await eventually(lambda: _count(world, 1))
        (handler,) = await _handlers(world)
        await world.until(handler.id, RunStatus.SUCCESS)
        assert (handler.trigger, handler.parent_run_id) == (TriggerKind.FAILURE, run_id)
        data = (await engine.history(handler.id, owner=ANYONE)).state.trigger.data
        assert (data["error"]["code"], data["error"]["stepId"]) == ("no_money", "work")
        assert data["run"]["id"] == run_id
        assert data["data"]["n"] == 1
        await eventually(lambda: _paid(world))


async def test_a_process_that_dies_in_between_leaves_the_debt_to_the_next() -> None:
    """R2: started exactly once also when nobody was there to start it, or to note that it was."""
    world = World()
    world.doing["work"] = fails(1)
    engine = world.make_engine()
    await callee(world, engine, {"id": "handle"})
    plan = await world.plan(engine, {"id": "work"}, onFailure=OTHER)
    run_id = (await engine.accept(plan, manual())).run.id
    row = await world.until(run_id, RunStatus.FAILED)
    assert row.owed
    await engine.failures.start_one(row)  # and dies before it takes the mark away
    async with world.engine():
        await eventually(lambda: _paid(world))
        assert len(await _handlers(world)) == 1


async def test_a_handler_that_fails_starts_nothing() -> None:
    world = World()
    world.doing["work"] = fails(1)
    world.doing["handle"] = fails(1)
    async with world.engine() as engine:
        await callee(world, engine, {"id": "handle"}, onFailure=OTHER)
        await _failing(world, engine)
        await eventually(lambda: _count(world, 1))
        await world.until((await _handlers(world))[0].id, RunStatus.FAILED)
        await eventually(lambda: _paid(world))
        assert len(await _handlers(world)) == 1


async def test_an_unknown_handler_does_not_stay_owed() -> None:
    world = World()
    world.doing["work"] = fails(1)
    async with world.engine() as engine:
        await _failing(world, engine)
        await eventually(lambda: _paid(world))


async def _count(world: World, wanted: int) -> bool:
    return len(await _handlers(world)) == wanted


async def _paid(world: World) -> bool:
    return not await world.store.runs.owing(limit=10)
