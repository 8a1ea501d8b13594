"""The engine over a store: accepting, waiting, retrying, running again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.errors import Conflict, KeyReused, NotFound
from engine.models.run import JobStatus, RunStatus, WaitingFor
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from tests.engine.kit import NOW
from tests.engine.world import World, eventually, fails, manual


async def test_a_run_is_on_disk_when_it_is_accepted_and_then_runs_to_success() -> None:
    """R1, R2."""
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
        accepted = await engine.accept(plan, manual(x=1))
        stored = await world.store.runs.get(accepted.run.id, owner=ANYONE)
        assert stored.seq >= 1
        await world.until(accepted.run.id, RunStatus.SUCCESS)
        assert (await world.kinds(accepted.run.id))[-1] == "run.succeeded"
        assert [call[0] for call in world.calls] == ["a", "b"]


async def test_a_run_of_pure_steps_costs_one_commit() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(
            engine,
            {"id": "a", "ref": "t.echo", "params": {"hello": "Hello {{name}}"}, "next": "b"},
            {"id": "b", "ref": "t.reply", "params": {"body": "{{hello}}"}},
        )
        commits = []
        original = world.store.runs.commit

        async def counting(commit: Any) -> str:
            commits.append(commit)
            return await original(commit)

        world.store.runs.commit = counting  # type: ignore[method-assign]
        outcome = await engine.run_and_wait(plan, manual(name="Ada"))
        assert outcome.run.status is RunStatus.SUCCESS
        assert outcome.reply == {"status": 200, "headers": {}, "body": "Hello Ada"}
        assert outcome.data == {"name": "Ada", "hello": "Hello Ada"}
        assert len(commits) == 1
        assert commits[0].expected_seq == 0
        accepted = await engine.accept(plan, manual(name="Ada"))
        assert accepted.run.status is RunStatus.SUCCESS
        assert len(commits) == 2


async def test_a_run_has_started_when_its_first_step_could_not_when_it_was_first_seen() -> None:
    world = World()

    async def takes_long(ctx: Context) -> StepResult:
        world.now += 5000
        return StepResult.success({})

    world.doing["a"] = takes_long
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.SUCCESS)
        assert (row.started_at, row.finished_at) == (NOW, NOW + 5000)


async def test_waiting_ends_when_a_step_answers_though_the_run_goes_on() -> None:
    world = World()
    gate = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        await gate.wait()
        return StepResult.success({})

    world.doing["c"] = held
    async with world.engine() as engine:
        plan = await world.plan(
            engine, {"id": "a", "next": "b"}, {"id": "b", "ref": "t.reply", "next": "c"}, {"id": "c"}
        )
        outcome = await engine.run_and_wait(plan, manual(), timeout_s=5)
        assert outcome.reply is not None
        assert outcome.run.status is RunStatus.RUNNING
        gate.set()
        await world.until(outcome.run.id, RunStatus.SUCCESS)


async def test_waiting_gives_up_in_time_and_the_run_goes_on() -> None:
    world = World()
    gate = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        await gate.wait()
        return StepResult.success({})

    world.doing["a"] = held
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        outcome = await engine.run_and_wait(plan, manual(), timeout_s=0.01)
        assert outcome.run.status in (RunStatus.QUEUED, RunStatus.RUNNING)
        assert outcome.data is None
        gate.set()
        await world.until(outcome.run.id, RunStatus.SUCCESS)


async def test_a_retry_rests_as_a_row_and_goes_on_when_its_time_has_come() -> None:
    """R7: the delay is a due time in the store; the job is visible meanwhile. R5: the key stays the same."""
    world = World()
    world.doing["a"] = fails(2)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "retry": {"maxAttempts": 3, "backoffMs": 1000}})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.WAITING)
        assert (row.waiting_for, row.due_at, row.owner) == (WaitingFor.RETRY, NOW + 1000, None)
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        assert (job.status, job.run_at, job.attempt) == (JobStatus.PENDING, NOW + 1000, 2)
        world.now += 1000

        async def second_retry_planned() -> bool:
            return (await world.row(run_id)).due_at == NOW + 3000

        await eventually(second_retry_planned)
        world.now += 2000
        await world.until(run_id, RunStatus.SUCCESS)
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        assert job.status is JobStatus.COMPLETED
        assert [attempt for _, attempt, _ in world.calls] == [1, 2, 3]
        assert {key for _, _, key in world.calls} == {f"{run_id}-a"}


async def test_a_failed_job_is_retried_by_hand_in_the_same_run_exactly_once() -> None:
    """Row 31: exactly one new attempt on a double click; R12: parked runs can go on."""
    world = World()
    world.doing["b"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.FAILED)
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        assert job.status is JobStatus.FAILED
        with pytest.raises(NotFound):
            await engine.retry_job(job.id, owner="somebody else", by="x")
        clicks = await asyncio.gather(
            *(engine.retry_job(job.id, owner="owner", by="me") for _ in range(2)), return_exceptions=True
        )
        assert sum(isinstance(click, Conflict) for click in clicks) == 1
        await world.until(run_id, RunStatus.SUCCESS)
        assert [call[0] for call in world.calls] == ["a", "b", "b"]
        assert len({key for step, _, key in world.calls if step == "b"}) == 1
        with pytest.raises(Conflict):
            await engine.retry_job(job.id, owner="owner", by="me")


async def test_the_same_key_gives_the_same_run_and_another_payload_is_refused() -> None:
    """R6, rows 18 and 19."""
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        several = await asyncio.gather(*(engine.accept(plan, manual(), key="k", payload_hash="h") for _ in range(20)))
        assert len({one.run.id for one in several}) == 1
        assert sum(not one.duplicate for one in several) == 1
        with pytest.raises(KeyReused):
            await engine.accept(plan, manual(), key="k", payload_hash="other")
        await world.until(several[0].run.id, RunStatus.SUCCESS)
    async with world.engine() as engine:
        again = await engine.accept(plan, manual(), key="k", payload_hash="h")
        assert again.duplicate
        assert again.run.id == several[0].run.id
        assert len(world.calls) == 1


async def test_a_duplicate_that_waits_gets_the_first_runs_result_or_a_conflict_while_it_runs() -> None:
    """Row 19."""
    world = World()
    gate = asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        await gate.wait()
        return StepResult.success({"made": 1})

    world.doing["a"] = held
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        first = await engine.run_and_wait(plan, manual(), timeout_s=0.01, key="k")
        with pytest.raises(Conflict) as raised:
            await engine.run_and_wait(plan, manual(), timeout_s=5, key="k")
        assert raised.value.code == "run_in_progress"
        gate.set()
        await world.until(first.run.id, RunStatus.SUCCESS)
        second = await engine.run_and_wait(plan, manual(), timeout_s=5, key="k")
        assert second.duplicate
        assert second.data == {"made": 1}


class TestRerun:
    async def test_a_whole_rerun_is_a_new_run_with_other_data(self) -> None:
        world = World()
        async with world.engine() as engine:
            plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
            first = (await engine.accept(plan, manual(x=1))).run.id
            await world.until(first, RunStatus.SUCCESS)
            row = await engine.rerun(first, owner="owner", by="me", data={"x": 2})
            await world.until(row.id, RunStatus.SUCCESS)
            history = await engine.history(row.id, owner="owner")
            assert history.row.parent_run_id == first
            assert history.state.trigger.data == {"x": 2}
            assert [call[0] for call in world.calls] == ["a", "b", "a", "b"]

    async def test_from_a_step_on_the_steps_before_are_taken_over(self) -> None:
        world = World()
        world.doing["a"] = lambda ctx: StepResult.success({"made": "once"})
        world.doing["b"] = fails(1)
        async with world.engine() as engine:
            plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
            first = (await engine.accept(plan, manual())).run.id
            await world.until(first, RunStatus.FAILED)
            row = await engine.rerun(first, owner="owner", by="me", from_step="b")
            await world.until(row.id, RunStatus.SUCCESS)
            assert [call[0] for call in world.calls] == ["a", "b", "b"]
            history = await engine.history(row.id, owner="owner")
            assert history.state.steps["a"].reused
            assert history.data() == {"made": "once", "ok": True}

    async def test_a_step_that_was_never_reached_cannot_be_the_start(self) -> None:
        world = World()
        world.doing["a"] = fails(1)
        async with world.engine() as engine:
            plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
            first = (await engine.accept(plan, manual())).run.id
            await world.until(first, RunStatus.FAILED)
            with pytest.raises(Conflict):
                await engine.rerun(first, owner="owner", by="me", from_step="b")
