"""Running again only what failed: every branch that did not end well is taken up, and nothing else is repeated."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.errors import Conflict, Invalid
from engine.models.run import RunStatus
from engine.sdk import Context, StepResult
from engine.state import StepStatus
from tests.engine.world import World, eventually, fails, manual

PAIR = ({"id": "a", "next": ["b", "c"]}, {"id": "b", "next": "d"}, {"id": "c", "next": "d"}, {"id": "d"})


async def again(world: World, *steps: dict[str, Any], version: str = "same") -> tuple[list[str], Any]:
    """What a rerun of what failed executes, and its state, after a run of these steps that fails."""
    async with world.engine() as engine:
        plan = await world.plan(engine, *steps)
        first = (await engine.accept(plan, manual(x=1))).run.id
        await world.until(first, RunStatus.FAILED)
        world.calls.clear()
        row = await engine.rerun(first, owner="owner", by="me", only_failed=True, version=version)
        await world.until(row.id, RunStatus.SUCCESS)
        state = (await engine.history(row.id, owner="owner")).state
        assert state.trigger.data == {"x": 1}
        return [call[0] for call in world.calls], state


async def test_the_failed_step_runs_and_what_was_never_reached() -> None:
    world = World()
    world.doing["b"] = fails(1)
    called, state = await again(world, {"id": "a", "next": "b"}, {"id": "b", "next": "c"}, {"id": "c"})
    assert called == ["b", "c"]
    assert {step_id: step.reused for step_id, step in state.steps.items()} == {"a": True, "b": False, "c": False}


async def test_a_branch_that_was_stopped_by_the_failure_of_another_is_taken_up_too() -> None:
    world = World()
    started = asyncio.Event()

    async def hangs_once(ctx: Context) -> StepResult:
        if not started.is_set():
            started.set()
            await asyncio.Event().wait()
        return StepResult.success({})

    async def fails_once(ctx: Context) -> StepResult:
        if [call[0] for call in world.calls].count("b") == 1 and not retried:
            await started.wait()
            retried.append(True)
            return StepResult.failure("no", code="broken")
        return StepResult.success({})

    retried: list[bool] = []
    world.doing["b"], world.doing["c"] = fails_once, hangs_once
    called, state = await again(world, *PAIR)
    assert sorted(called) == ["b", "c", "d"]
    assert state.steps["a"].reused


async def test_what_succeeded_behind_an_open_join_is_not_repeated() -> None:
    world = World()
    joined = asyncio.Event()

    async def slow(ctx: Context) -> StepResult:
        first = not joined.is_set()
        await joined.wait()
        return StepResult.failure("no", code="broken") if first else StepResult.success({})

    def behind(ctx: Context) -> StepResult:
        joined.set()
        return StepResult.success({})

    world.doing["b"], world.doing["e"] = slow, behind
    called, state = await again(world, *PAIR[:3], {"id": "d", "join": "any", "next": "e"}, {"id": "e"})
    assert "b" in called
    assert "d" not in called, "it had succeeded before b failed"
    assert state.steps["d"].reused


async def test_a_failure_that_was_allowed_stays_as_it_is() -> None:
    world = World()
    world.doing["b"], world.doing["d"] = fails(1), fails(1)
    called, state = await again(
        world, {"id": "a", "next": "b"}, {"id": "b", "stopOnFailure": False, "next": "d"}, {"id": "d"}
    )
    assert called == ["d"]
    assert state.steps["b"].error is not None


async def test_an_arrow_that_was_not_taken_stays_so() -> None:
    world = World()
    world.doing["b"] = fails(1)
    branch = [{"to": "b", "when": "true"}, {"to": "off", "when": "false"}]
    called, state = await again(world, {"id": "a", "next": branch}, {"id": "b"}, {"id": "off"})
    assert called == ["b"]
    assert state.steps["off"].status is StepStatus.SKIPPED


async def test_a_cancelled_run_is_taken_up_where_it_was() -> None:
    world = World()
    free = asyncio.Event()

    async def hangs(ctx: Context) -> StepResult:
        await free.wait()
        return StepResult.success({})

    world.doing["b"] = hangs
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
        first = (await engine.accept(plan, manual())).run.id

        async def under_way() -> bool:
            return [call[0] for call in world.calls] == ["a", "b"]

        await eventually(under_way)
        with pytest.raises(Conflict) as refused:
            await engine.rerun(first, owner="owner", by="me", only_failed=True)
        assert refused.value.code == "run_not_finished"
        await engine.cancel(first, owner="owner", by="me")
        free.set()
        row = await engine.rerun(first, owner="owner", by="me", only_failed=True)
        await world.until(row.id, RunStatus.SUCCESS)
        assert [call[0] for call in world.calls] == ["a", "b", "b"]


async def test_a_run_that_went_well_has_nothing_to_take_up() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        first = (await engine.accept(plan, manual())).run.id
        await world.until(first, RunStatus.SUCCESS)
        with pytest.raises(Conflict) as refused:
            await engine.rerun(first, owner="owner", by="me", only_failed=True)
        assert refused.value.code == "nothing_failed"
        with pytest.raises(Invalid):
            await engine.rerun(first, owner="owner", by="me", only_failed=True, from_step="a")
        assert [call[0] for call in world.calls] == ["a"]
