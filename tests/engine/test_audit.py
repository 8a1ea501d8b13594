"""Summaries and jobs against their journals: what the engine writes is right, and whatever is changed is noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.audit import Audit, audit
from engine.engine import Engine
from engine.models.event import Event, EventType
from engine.models.run import JobRow, JobStatus, RunRow, RunStatus, WaitingFor
from engine.store import ANYONE, RunFilter, Store
from tests.engine.kit import NOW
from tests.engine.world import World, eventually, fails, manual

RETRY = {"maxAttempts": 3, "backoffMs": 60_000, "factor": 1}


async def found(store: Store, row: RunRow) -> Audit:
    workflow = await store.workflows.version(row.workflow_id, row.workflow_version, owner=ANYONE)
    jobs = (await store.jobs.page(owner=ANYONE, limit=50, run_id=row.id)).items
    events = await store.runs.journal(row.id)
    return audit(row, jobs, [step.id for step in workflow.steps], events)


async def clean(world: World) -> int:
    """How many runs there are; all of them say what their journals say."""
    rows = (await world.store.runs.page(RunFilter(ANYONE), limit=100)).items
    for row in rows:
        seen = await found(world.store, row)
        assert (seen.differences, seen.jobs, seen.journal) == ([], [], None), row
    return len(rows)


async def run_to(world: World, engine: Engine, *steps: dict[str, Any], status: RunStatus) -> RunRow:
    plan = await world.plan(engine, *steps)
    accepted = await engine.accept(plan, manual(n=1))
    return await world.until(accepted.run.id, status)


async def attempts(world: World, wanted: int) -> bool:
    """Whether so many attempts were made, and nobody is at it."""
    rows = (await world.store.runs.page(RunFilter(ANYONE), limit=5)).items
    return len(world.calls) == wanted and all(row.owner is None for row in rows)


@pytest.mark.parametrize(
    ("steps", "does", "status"),
    [
        ([{"id": "a", "next": "b"}, {"id": "b"}], None, RunStatus.SUCCESS),
        ([{"id": "a", "retry": RETRY}, {"id": "b"}], fails(1), RunStatus.WAITING),
        ([{"id": "a", "next": "b"}, {"id": "b"}], fails(9), RunStatus.FAILED),
        ([{"id": "a", "onError": "b"}, {"id": "b"}], fails(9), RunStatus.SUCCESS),
        ([{"id": "a", "stopOnFailure": False, "next": "b"}, {"id": "b"}], fails(9), RunStatus.SUCCESS),
    ],
)
async def test_what_the_engine_writes_is_right(steps: list[dict[str, Any]], does: Any, status: RunStatus) -> None:
    world = World()
    if does is not None:
        world.doing["a"] = does
    async with world.engine() as engine:
        await run_to(world, engine, *steps, status=status)
        assert await clean(world) == 1
    assert await clean(world) == 1


async def test_a_whole_life_is_right_at_every_rest() -> None:
    """Retry, parked, opened again by hand, cancelled."""
    world = World()
    world.doing["a"] = fails(4)
    async with world.engine() as engine:
        row = await run_to(world, engine, {"id": "a", "retry": {**RETRY, "backoffMs": 1}}, status=RunStatus.WAITING)
        for attempt in (2, 3):
            await clean(world)
            world.now += 60_000
            await eventually(lambda attempt=attempt: attempts(world, attempt))  # type: ignore[misc]
        row = await world.until(row.id, RunStatus.FAILED)
        await clean(world)
        (job,) = (await world.store.jobs.page(owner=ANYONE, limit=5)).items
        await engine.retry_job(job.id, owner=ANYONE, by=None)
        await world.until(row.id, RunStatus.WAITING)
        await clean(world)
        await engine.cancel(row.id, owner=ANYONE, by=None)
        await world.until(row.id, RunStatus.CANCELLED)
        await engine.rerun(row.id, owner=ANYONE, by=None)
        assert await clean(world) == 2


async def test_a_run_a_process_holds_is_right() -> None:
    world = World()
    engine = world.make_engine()
    plan = await world.plan(engine, {"id": "a", "effect": "once"})
    accepted = await engine.accept(plan, manual())
    assert accepted.run.owner == engine.owner
    await clean(world)
    await engine.stop(grace_s=0)
    await clean(world)


def changed(row: RunRow, **fields: Any) -> RunRow:
    return replace(row, **fields)


WAITING = [Event(1, NOW, EventType.RUN_STARTED, None, None, {"trigger": {"kind": "manual"}})]
WAITING += [
    Event(2, NOW, EventType.STEP_STARTED, "a", 1, {}),
    Event(3, NOW, EventType.STEP_FAILED, "a", 1, {"error": {"code": "x", "message": "y"}, "final": False}),
    Event(4, NOW, EventType.RETRY_SCHEDULED, "a", 1, {"runAt": NOW + 50, "jobId": "0" * 26}),
]
ERROR = {"code": "x", "message": "y"}
FAILED = [
    *WAITING[:2],
    Event(3, NOW, EventType.STEP_FAILED, "a", 1, {"error": ERROR, "final": True, "jobId": "0" * 26}),
    Event(4, NOW + 7, EventType.RUN_FAILED, None, None, {"error": ERROR}),
]


@pytest.fixture
async def waiting() -> tuple[RunRow, JobRow]:
    """A run that waits for a retry, and its job."""
    world = World()
    world.doing["a"] = fails(1)
    async with world.engine() as engine:
        row = await run_to(world, engine, {"id": "a", "retry": RETRY}, status=RunStatus.WAITING)
    (job,) = (await world.store.jobs.page(owner=ANYONE, limit=5)).items
    right = replace(row, due_at=NOW + 50, seq=4)
    return right, replace(job, id="0" * 26, run_at=NOW + 50, error=ERROR, attempt=2)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, []),
        ({"seq": 3}, ["seq is 3 instead of 4"]),
        ({"due_at": None}, [f"due_at is nothing instead of {NOW + 50}"]),
        ({"due_at": NOW + 51}, [f"due_at is {NOW + 51} instead of {NOW + 50}"]),
        ({"due_at": NOW}, []),  # looked at too early does no harm
        ({"waiting_for": None}, ["waiting_for is nothing instead of retry"]),
        ({"status": RunStatus.SUCCESS, "finished_at": NOW}, None),
        ({"status": RunStatus.QUEUED, "waiting_for": None, "due_at": NOW}, []),  # what a copy leaves
        ({"error_code": "z"}, ["error_code is z instead of nothing"]),
        ({"owner": "somebody", "waiting_for": None, "due_at": None, "status": RunStatus.RUNNING}, []),
    ],
)
def test_a_waiting_run(waiting: tuple[RunRow, JobRow], fields: dict[str, Any], told: list[str] | None) -> None:
    row, job = waiting
    seen = audit(changed(row, **fields), [job], ["a"], WAITING)
    if told is not None:
        assert seen.differences == told
    else:
        assert len(seen.differences) == 2
    assert seen.jobs == []
    again = audit(seen.row, [job], ["a"], WAITING)
    assert again.differences == []


@pytest.mark.parametrize("status", [RunStatus.SUCCESS, RunStatus.RUNNING, RunStatus.CANCELLED])
def test_a_finished_run_says_how_it_ended(waiting: tuple[RunRow, JobRow], status: RunStatus) -> None:
    row, job = waiting
    seen = audit(changed(row, status=status, owner="somebody"), [job], ["a"], FAILED)
    assert seen.row.status is RunStatus.FAILED
    assert (seen.row.finished_at, seen.row.owner, seen.row.due_at, seen.row.waiting_for) == (NOW + 7, None, None, None)
    assert seen.row.error == ERROR
    assert [job.status for job in seen.jobs] == [JobStatus.FAILED]
    assert audit(seen.row, seen.jobs, ["a"], FAILED).differences == []


@pytest.mark.parametrize(
    "fields", [{"status": JobStatus.COMPLETED}, {"attempt": 7}, {"run_at": NOW}, {"id": "1" * 26}, None]
)
def test_jobs(waiting: tuple[RunRow, JobRow], fields: dict[str, Any] | None) -> None:
    row, job = waiting
    jobs = [] if fields is None else [replace(job, **fields)]
    seen = audit(row, jobs, ["a"], WAITING)
    assert seen.differences
    mended = {job.id: job for job in [*jobs, *seen.jobs]}
    assert audit(row, list(mended.values()), ["a"], WAITING).differences == []
    assert mended["0" * 26].status is JobStatus.PENDING
    assert mended["0" * 26].run_at == NOW + 50


def test_a_run_nobody_would_ever_look_at(waiting: tuple[RunRow, JobRow]) -> None:
    """R2: it rests, its next step is ready, and it has no time."""
    row, _ = waiting
    lost = changed(row, seq=1, status=RunStatus.QUEUED, due_at=None, waiting_for=None)
    seen = audit(lost, [], ["a"], WAITING[:1])
    assert seen.differences == [f"due_at is nothing instead of {row.created_at}"]
    assert seen.row.due_at == row.created_at


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], "empty"),
        ([WAITING[0], WAITING[2]], "event 3 after 1"),
        ([replace(WAITING[0], data={})], "cannot be read"),
        ([WAITING[0], replace(WAITING[1], step_id="other")], "unknown step"),
    ],
)
def test_a_journal_that_cannot_be_read(waiting: tuple[RunRow, JobRow], events: list[Event], said: str) -> None:
    row, job = waiting
    seen = audit(row, [job], ["a"], events)
    assert said in (seen.journal or "")
    assert (seen.row, seen.jobs) == (row, [])


def test_waiting_for_somebody_needs_no_time(waiting: tuple[RunRow, JobRow]) -> None:
    row, _ = waiting
    events = [*WAITING[:2], Event(3, NOW, EventType.WAIT_STARTED, "a", 1, {"for": "decision"})]
    decision = changed(row, seq=3, due_at=None, waiting_for=WaitingFor.DECISION)
    assert audit(decision, [], ["a"], events).differences == []
