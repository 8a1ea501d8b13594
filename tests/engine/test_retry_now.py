"""A retry that waits for its time is brought forward by hand."""

from __future__ import annotations

import asyncio

import pytest

from engine.engine import Engine
from engine.errors import Conflict, NotFound
from engine.models.event import EventType
from engine.models.run import JobRow, JobStatus, RunStatus
from engine.sdk import Context, StepResult
from tests.engine.world import World, eventually, fails, manual

LATER = {"maxAttempts": 3, "backoffMs": 60_000}


async def test_it_is_the_attempt_that_was_owed_with_the_same_key_and_the_same_time_limit() -> None:
    """Row 31: exactly one new attempt, however many ask."""
    world = World()
    world.doing["a"] = fails(2)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "retry": LATER, "next": "b"}, {"id": "b"}, timeoutMs=600_000)
        run_id = (await engine.accept(plan, manual())).run.id
        before = await world.until(run_id, RunStatus.WAITING)
        (job,) = (await world.store.jobs.page(owner="owner", limit=9)).items
        with pytest.raises(NotFound):
            await engine.retry_job(job.id, owner="somebody else", by="x")
        asked = [engine.retry_job(job.id, owner="owner", by="me") for _ in range(3)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refusals = [answer for answer in answers if not isinstance(answer, JobRow)]
        assert len(refusals) < 3
        assert all(isinstance(one, Conflict) and one.code == "already_moved_on" for one in refusals)

        async def failed_again() -> bool:
            return len(world.calls) == 2 and (await world.row(run_id)).status is RunStatus.WAITING

        await eventually(failed_again)
        after = await world.row(run_id)
        assert after.deadline_at == before.deadline_at
        assert after.due_at is not None
        assert after.due_at > world.now, "the next pause is a whole one again"
        again = await engine.retry_job(job.id, owner="owner", by="me")
        assert again.id == job.id
        await world.until(run_id, RunStatus.SUCCESS)
        assert [call[:2] for call in world.calls] == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
        assert len({call[2] for call in world.calls if call[0] == "a"}) == 1
        done = await world.store.jobs.get(job.id, owner="owner")
        assert done.status is JobStatus.COMPLETED
        with pytest.raises(Conflict) as refused:
            await engine.retry_job(job.id, owner="owner", by="me")
        assert refused.value.code == "job_not_retryable"


async def _beside_work(world: World, engine: Engine, free: asyncio.Event) -> tuple[str, JobRow]:
    """A run with one step that waits for its retry, while another is at work until it is let go."""

    async def hangs(ctx: Context) -> StepResult:
        await free.wait()
        return StepResult.success({})

    world.doing["b"], world.doing["c"] = fails(1), hangs
    plan = await world.plan(engine, {"id": "a", "next": ["b", "c"]}, {"id": "b", "retry": LATER}, {"id": "c"})
    run_id = (await engine.accept(plan, manual())).run.id

    async def owed() -> bool:
        return bool((await world.store.jobs.page(owner="owner", limit=9)).items)

    await eventually(owed)
    (job,) = (await world.store.jobs.page(owner="owner", limit=9)).items
    return run_id, job


async def test_it_comes_at_once_while_another_branch_is_at_work() -> None:
    """Row 31: exactly one new attempt, however many ask."""
    world, free = World(), asyncio.Event()
    async with world.engine() as engine:
        run_id, job = await _beside_work(world, engine, free)
        await asyncio.gather(*(engine.retry_job(job.id, owner="owner", by="me") for _ in range(3)))

        async def done() -> bool:
            return (await world.store.jobs.get(job.id, owner="owner")).status is JobStatus.COMPLETED

        await eventually(done)
        assert (await world.row(run_id)).status is RunStatus.RUNNING
        with pytest.raises(Conflict) as refused:
            await engine.retry_job(job.id, owner="owner", by="me")
        assert refused.value.code == "job_not_retryable"
        free.set()
        await world.until(run_id, RunStatus.SUCCESS)
        assert [call[:2] for call in world.calls if call[0] == "b"] == [("b", 1), ("b", 2)]
        brought = [
            event.data
            for event in await world.store.runs.journal(run_id)
            if event.type is EventType.RETRY_SCHEDULED and event.data.get("by") == "me"
        ]
        assert len(brought) == 1


async def test_a_run_that_is_being_ended_begins_no_retry() -> None:
    world, free = World(), asyncio.Event()
    async with world.engine() as engine:
        run_id, job = await _beside_work(world, engine, free)
        await world.store.runs.request_cancel(run_id, owner="owner")
        with pytest.raises(Conflict) as refused:
            await engine.retry_job(job.id, owner="owner", by="me")
        assert refused.value.code == "run_ending"
        free.set()
