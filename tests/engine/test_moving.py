"""Moving a run to another version: what has happened must fit, and what differs is named."""

from __future__ import annotations

from typing import Any

import pytest

from engine.engine import Engine
from engine.errors import Conflict, Invalid, NotFound
from engine.models.run import RunStatus
from engine.models.workflow import Workflow
from engine.sdk import StepResult
from engine.store import ANYONE
from tests.engine.world import World, fails, manual

A = {"id": "a", "ref": "do.it", "params": {"n": 1}, "next": "b"}
B = {"id": "b", "ref": "do.it", "retry": {"maxAttempts": 3, "backoffMs": 60_000}, "next": "c"}
C = {"id": "c", "ref": "do.it"}


async def _save(world: World, engine: Engine, workflow: Workflow, *steps: dict[str, Any]) -> None:
    current = await world.store.workflows.get(workflow.id, owner=ANYONE)
    document = current.model_dump(mode="json", by_alias=True)
    newer = Workflow.model_validate({**document, "steps": list(steps), "version": current.version + 1})
    await world.store.workflows.save(newer, [], expected_version=current.version, saved_by="me", owner=ANYONE)
    engine.plans.forget(workflow.id)


async def _waiting(world: World, engine: Engine) -> tuple[Workflow, str]:
    """A run whose step a is done, and whose step b waits for another attempt."""
    world.doing["b"] = fails(1)
    plan = await world.plan(engine, A, B, C)
    run_id = (await engine.accept(plan, manual())).run.id
    await world.until(run_id, RunStatus.WAITING)
    return plan.workflow, run_id


async def test_a_waiting_run_goes_on_with_what_was_mended() -> None:
    world = World()
    async with world.engine() as engine:
        workflow, run_id = await _waiting(world, engine)
        mended = {**B, "params": {"fixed": True}, "next": ["c", "d"]}
        await _save(world, engine, workflow, {**A, "name": "renamed"}, mended, C, {"id": "d", "ref": "do.it"})
        row = await engine.move(run_id, owner="owner", by="me")
        assert (row.workflow_version, row.status) == (2, RunStatus.WAITING)
        world.now += 60_000
        engine.poke(run_id)
        await world.until(run_id, RunStatus.SUCCESS)
        assert (await world.row(run_id)).workflow_version == 2
        history = await engine.history(run_id, owner=ANYONE)
    assert [call[0] for call in world.calls] == ["a", "b", "b", "c", "d"]
    assert "run.moved" in await world.kinds(run_id)
    assert history.plan.workflow.version == 2


async def test_a_failed_run_is_moved_and_retried() -> None:
    world = World()
    world.doing["b"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, A, {**B, "retry": None}, C)
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.FAILED)
        await _save(world, engine, plan.workflow, A, {**B, "params": {"fixed": True}}, C)
        await engine.move(run_id, owner="owner", by="me", version=2)
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        await engine.retry_job(job.id, owner="owner", by="me")
        await world.until(run_id, RunStatus.SUCCESS)
    assert [call[0] for call in world.calls] == ["a", "b", "b", "c"]


@pytest.mark.parametrize(
    ("steps", "named"),
    [
        ([{**B, "next": "c"}, C], [("a", None, "step_differs"), ("b", None, None)][:1]),
        ([{**A, "params": {"n": 2}}, B, C], [("a", "params", "step_differs")]),
        ([{**A, "next": ["b", "c"]}, B, C], [("a", "next", "step_differs")]),
        ([{**A, "ref": "t.echo"}, B, C], [("a", "ref", "step_differs")]),
        ([A, {**B, "ref": "t.echo"}, C], [("b", "ref", "step_differs")]),
        ([{**A, "saveAs": "x", "stopOnFailure": False}, B, C], [("a", "saveAs", None), ("a", "stopOnFailure", None)]),
        ([A, B, C, {"id": "z", "ref": "do.it", "next": "a"}], [("z", None, "new_step_too_early")]),
    ],
)
async def test_what_does_not_fit_is_named(steps: list[dict[str, Any]], named: list[tuple[str, Any, Any]]) -> None:
    world = World()
    async with world.engine() as engine:
        workflow, run_id = await _waiting(world, engine)
        before = await world.row(run_id)
        await _save(world, engine, workflow, *steps)
        with pytest.raises(Invalid) as refused:
            await engine.move(run_id, owner="owner", by="me")
        assert refused.value.code == "run_does_not_fit"
        found = [(problem.step_id, problem.field) for problem in refused.value.problems]
        assert found == [(step_id, field) for step_id, field, _ in named]
        assert await world.row(run_id) == before, "nothing has changed"


async def test_who_cannot_be_moved() -> None:
    world = World()
    world.doing["a"] = lambda ctx: StepResult.success({})
    async with world.engine() as engine:
        workflow, run_id = await _waiting(world, engine)
        with pytest.raises(Conflict) as same:
            await engine.move(run_id, owner="owner", by="me")
        assert same.value.code == "same_version"
        for owner, version in (("somebody else", None), ("owner", 9)):
            with pytest.raises(NotFound):
                await engine.move(run_id, owner=owner, by="me", version=version)
        await _save(world, engine, workflow, A, B, C)
        await engine.cancel(run_id, owner="owner", by="me")
        with pytest.raises(Conflict) as over:
            await engine.move(run_id, owner="owner", by="me")
        assert over.value.code == "already_finished"
