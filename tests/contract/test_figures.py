"""Figures over many runs."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from engine.models.figures import HOUR_MS
from engine.models.run import RunStatus, TriggerKind
from engine.store import ANYONE, Counted, Owner, Store
from tests.contract.make import ME, NOW, YOU, make_run, make_workflow, put

SINCE = NOW - NOW % HOUR_MS - 2 * HOUR_MS
UNTIL = SINCE + 3 * HOUR_MS


async def made(store: Store, at: int, status: RunStatus, **more: Any) -> str:
    """A run of that age and state."""
    return (await put(store, make_run(created_at=at, status=status, **more))).id


async def test_runs_are_counted_by_hour_and_state(store: Store) -> None:
    for at, status in (
        (SINCE - 1, RunStatus.FAILED),
        (SINCE, RunStatus.FAILED),
        (SINCE + HOUR_MS - 1, RunStatus.FAILED),
        (SINCE + HOUR_MS - 1, RunStatus.SUCCESS),
        (SINCE + 2 * HOUR_MS, RunStatus.CANCELLED),
        (UNTIL, RunStatus.SUCCESS),
        (SINCE - 900 * HOUR_MS, RunStatus.WAITING),
        (UNTIL - 1, RunStatus.RUNNING),
    ):
        await made(store, at, status)
    await made(store, SINCE, RunStatus.FAILED, user_id=YOU)
    await made(store, SINCE, RunStatus.QUEUED, user_id=YOU)
    mine = await store.figures.runs(owner=ME, since=SINCE, until=UNTIL, sample=10)
    assert mine.hours == {
        SINCE: {RunStatus.FAILED: 2, RunStatus.SUCCESS: 1},
        SINCE + 2 * HOUR_MS: {RunStatus.CANCELLED: 1, RunStatus.RUNNING: 1},
    }
    assert mine.open == {RunStatus.WAITING: 1, RunStatus.RUNNING: 1}
    every = await store.figures.runs(owner=ANYONE, since=SINCE, until=UNTIL, sample=10)
    assert every.hours[SINCE] == {RunStatus.FAILED: 3, RunStatus.SUCCESS: 1, RunStatus.QUEUED: 1}
    assert every.open == {RunStatus.WAITING: 1, RunStatus.RUNNING: 1, RunStatus.QUEUED: 1}


async def test_durations_are_those_of_the_newest_that_ended_by_themselves(store: Store) -> None:
    for number, status in enumerate((RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.SUCCESS)):
        at = SINCE + number
        await made(store, at, status, started_at=at + 5, finished_at=at + 5 + 10 * (number + 1))
    await made(store, SINCE + 9, RunStatus.FAILED, finished_at=NOW)
    await made(store, SINCE + 9, RunStatus.SUCCESS, started_at=SINCE + 50, finished_at=SINCE + 49)
    await made(store, SINCE - 1, RunStatus.SUCCESS, started_at=SINCE, finished_at=NOW)
    await made(store, SINCE + 20, RunStatus.SUCCESS, started_at=SINCE, finished_at=NOW, user_id=YOU)

    async def durations(sample: int) -> list[int]:
        return (await store.figures.runs(owner=ME, since=SINCE, until=UNTIL, sample=sample)).durations_ms

    assert await durations(10) == [0, 40, 20, 10]
    assert await durations(3) == [0, 40]


async def test_the_rounds_of_a_loop_are_part_of_the_run_that_loops(store: Store) -> None:
    await store.workflows.create(make_workflow(id="w"), [], saved_by=ME)
    caller = await made(store, SINCE, RunStatus.SUCCESS, workflow_id="w", started_at=SINCE, finished_at=SINCE + 7)
    for number, status in enumerate((RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.WAITING)):
        times = {"started_at": SINCE, "finished_at": SINCE + 1}
        at = SINCE + 1 + number
        await made(store, at, status, workflow_id="w", caller_run_id=caller, trigger=TriggerKind.ROUND, **times)
    for owner in (ME, ANYONE):
        found = await store.figures.runs(owner=owner, since=SINCE, until=UNTIL, sample=10)
        assert (found.hours, found.open, found.durations_ms) == ({SINCE: {RunStatus.SUCCESS: 1}}, {}, [7])
        (figures,) = await store.figures.workflows(owner=owner, since=SINCE, limit=10)
        assert (figures.runs, figures.failed) == (1, 0)
        assert figures.last is not None
        assert figures.last.id == caller


async def test_without_runs_there_is_nothing_to_count(store: Store) -> None:
    for owner in (ME, ANYONE):
        found = await store.figures.runs(owner=owner, since=SINCE, until=UNTIL, sample=10)
        assert (found.hours, found.open, found.durations_ms) == ({}, {}, [])
        assert await store.figures.workflows(owner=owner, since=SINCE, limit=10) == []


@pytest.fixture
async def workflows(store: Store) -> list[str]:
    """Four workflows, oldest first; the last one is somebody else's."""
    found = [make_workflow(ownerId=YOU if number == 3 else ME) for number in range(4)]
    found.sort(key=lambda workflow: workflow.id)
    for number, workflow in enumerate(found):
        workflow.owner_id = YOU if number == 3 else ME
        await store.workflows.create(workflow, [], saved_by=ME)
    return [workflow.id for workflow in found]


async def test_workflows_have_their_newest_run_and_counts(store: Store, workflows: list[str]) -> None:
    first, second, third, foreign = workflows
    for at, status in ((SINCE - 5, RunStatus.SUCCESS), (SINCE, RunStatus.FAILED), (SINCE + 1, RunStatus.RUNNING)):
        await made(store, at, status, workflow_id=first)
    newest = await put(
        store, make_run(workflow_id=first, created_at=SINCE + 2, status=RunStatus.FAILED, error={"code": "x"})
    )
    old = await made(store, SINCE - 1, RunStatus.SUCCESS, workflow_id=second)
    await made(store, SINCE, RunStatus.SUCCESS, workflow_id=foreign, user_id=YOU)
    found = await store.figures.workflows(owner=ME, since=SINCE, limit=10)
    assert [one.workflow_id for one in found] == [third, second, first]
    assert [(one.runs, one.failed) for one in found] == [(0, 0), (0, 0), (3, 2)]
    assert [one.last.id if one.last else None for one in found] == [None, old, newest.id]
    assert found[2].last == newest
    assert [one.workflow_id for one in await store.figures.workflows(owner=ME, since=SINCE, limit=2)] == [third, second]


@pytest.mark.parametrize(("owner", "places"), [(ME, [2, 0]), (YOU, [3]), (ANYONE, [3, 2, 0])])
async def test_some_workflows_may_be_asked_for(
    store: Store, workflows: list[str], owner: Owner, places: list[int]
) -> None:
    asked = [workflows[3], workflows[0], workflows[2], "unknown", "' OR 1=1"]
    found = await store.figures.workflows(owner=owner, since=SINCE, limit=10, ids=asked)
    assert [one.workflow_id for one in found] == [workflows[place] for place in places]
    assert await store.figures.workflows(owner=owner, since=SINCE, limit=10, ids=[]) == []


async def test_what_a_workspace_may_have_too_many_of(store: Store) -> None:
    """Row 20, row 65: counted from rows, along an index, and no further than anybody wants to know."""
    for number in range(3):
        await store.workflows.create(make_workflow(), [], saved_by=ME)
        for status in (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.FAILED):
            await made(store, NOW - number, status)
    await store.workflows.create(make_workflow(ownerId=YOU), [], saved_by=YOU)
    await made(store, NOW, RunStatus.QUEUED, user_id=YOU)
    await made(store, NOW, RunStatus.QUEUED, trigger=TriggerKind.ROUND)

    async def counted(owner: str, most: int) -> list[int]:
        return [await store.figures.count(owner, what, most=most) for what in get_args(Counted)]

    assert await counted(ME, 100) == [3, 9, 3]
    assert await counted(ME, 2) == [2, 2, 2]
    assert await counted(YOU, 100) == [1, 1, 1]
    assert await counted("nobody", 100) == [0, 0, 0]
