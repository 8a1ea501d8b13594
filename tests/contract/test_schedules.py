"""Schedules: what is due, and who moves it on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.models.workflow import Workflow
from engine.store import ANYONE, Store
from tests.contract.make import ME, NOW, YOU, make_schedule, make_workflow


async def test_due_schedules_come_most_overdue_first(store: Store) -> None:
    rows = []
    for number in range(6):
        workflow = make_workflow()
        rows.append(make_schedule(workflow, next_at=NOW + (number * 5) % 6))
        await store.workflows.create(workflow, [rows[-1]], saved_by=ME)
    rows.sort(key=lambda row: row.next_at)
    assert await store.schedules.due(NOW - 1, limit=10) == []
    assert await store.schedules.due(NOW + 2, limit=10) == rows[:3]
    assert await store.schedules.due(NOW + 99, limit=4) == rows[:4]


async def test_one_of_many_moves_a_schedule_on(store: Store) -> None:
    """R8: a tick belongs to whoever moved the schedule on from it."""
    workflow = make_workflow()
    row = make_schedule(workflow)
    await store.workflows.create(workflow, [row], saved_by=ME)
    answers = await asyncio.gather(*(store.schedules.advance(row, next_at=NOW + 60_000) for _ in range(8)))
    assert sorted(answers) == [False] * 7 + [True]
    assert await store.schedules.all(owner=ME) == [replace(row, next_at=NOW + 60_000)]
    assert await store.schedules.due(NOW, limit=10) == []


async def test_an_edited_or_deleted_schedule_is_not_moved(store: Store) -> None:
    """The old expression's next time must not replace the new one's."""
    workflow = make_workflow()
    row = make_schedule(workflow)
    await store.workflows.create(workflow, [row], saved_by=ME)
    edited = replace(row, cron="0 10 * * *")
    after = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2})
    await store.workflows.save(after, [edited], expected_version=1, saved_by=ME, owner=ME)
    assert not await store.schedules.advance(row, next_at=NOW + 1)
    assert await store.schedules.all(owner=ME) == [edited]
    await store.workflows.delete(workflow.id, owner=ME)
    assert not await store.schedules.advance(edited, next_at=NOW + 1)


async def test_schedules_belong_to_the_owner_of_the_workflow(store: Store) -> None:
    mine, theirs = make_workflow(), make_workflow(ownerId=YOU)
    rows = [make_schedule(mine), make_schedule(mine, schedule_id="x", step_id="a")]
    foreign = make_schedule(theirs)
    await store.workflows.create(mine, rows, saved_by=ME)
    await store.workflows.create(theirs, [foreign], saved_by=YOU)
    assert await store.schedules.all(owner=ME) == rows
    assert await store.schedules.all(owner=YOU) == [foreign]
    assert await store.schedules.all(owner=ME, workflow_id=theirs.id) == []
    assert await store.schedules.all(owner=ANYONE, workflow_id=mine.id) == rows
    assert len(await store.schedules.all(owner=ANYONE)) == 3
