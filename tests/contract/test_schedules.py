"""Schedules: what is due, and who moves it on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.models.workflow import Workflow
from engine.schedules.schedule import Schedule
from engine.schedules.timetable import NEVER
from engine.store import ANYONE, ScheduleState, Store
from tests.contract.make import ME, NOW, YOU, make_schedule, make_workflow

TEN = Schedule("cron", "0 10 * * *", "Europe/Berlin", jitter_ms=5, excluded=("12-25",), overlap="queue")


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
    state = ScheduleState(cursor=NOW, queued=(NOW,), last_run_id="run", missed=2, pause_reason="für heute ☃")
    later = NOW + 60_000
    answers = await asyncio.gather(*(store.schedules.advance(row, next_at=later, state=state) for _ in range(8)))
    assert sorted(answers) == [False] * 7 + [True]
    assert await store.schedules.all(owner=ME) == [replace(row, next_at=later, state=state, rev=1)]
    assert await store.schedules.due(NOW, limit=10) == []


async def test_an_edited_or_deleted_schedule_is_not_moved(store: Store) -> None:
    """The old expression's next time must not replace the new one's."""
    workflow = make_workflow()
    row = make_schedule(workflow)
    await store.workflows.create(workflow, [row], saved_by=ME)
    edited = replace(row, schedule=TEN)
    after = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2})
    await store.workflows.save(after, [edited], expected_version=1, saved_by=ME, owner=ME)
    assert not await store.schedules.advance(row, next_at=NOW + 1, state=row.state)
    saved = replace(edited, rev=1)
    assert await store.schedules.all(owner=ME) == [saved]
    await store.workflows.delete(workflow.id, owner=ME)
    assert not await store.schedules.advance(saved, next_at=NOW + 1, state=row.state)


async def test_what_lasts_of_a_schedule_outlives_a_save(store: Store) -> None:
    """A pause, what waits and the clock of a schedule the save left as it was; others begin anew."""
    workflow = make_workflow()
    rows = [make_schedule(workflow, schedule_id=name) for name in ("edited", "gone", "same")]
    await store.workflows.create(workflow, rows, saved_by=ME)
    state = ScheduleState(cursor=NOW, owed=(1, 2), paused_at=NOW, paused_by=ME)
    for row in rows:
        assert await store.schedules.advance(row, next_at=NEVER, state=state)
    after = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2})
    fresh = ScheduleState(cursor=NOW + 5)
    saved = [
        make_schedule(workflow, schedule_id="edited", schedule=TEN, next_at=NOW + 9, state=fresh),
        make_schedule(workflow, schedule_id="new", state=fresh),
        make_schedule(workflow, schedule_id="same", next_at=NOW + 9, state=fresh, step_id="b"),
    ]
    await store.workflows.save(after, saved, expected_version=1, saved_by=ME, owner=ME)
    assert await store.schedules.all(owner=ME) == [
        replace(saved[0], next_at=NEVER, state=replace(state, cursor=NOW + 5), rev=2),
        saved[1],
        replace(saved[2], next_at=NEVER, state=state, rev=2),
    ]


async def test_a_save_and_a_tick_at_once_lose_nothing(store: Store) -> None:
    """R8: whichever comes first, the pause lasts and no time is decided about twice."""
    workflow = make_workflow()
    row = make_schedule(workflow)
    await store.workflows.create(workflow, [row], saved_by=ME)
    after = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2})
    state = ScheduleState(cursor=NOW, paused_at=NOW)
    moved, _ = await asyncio.gather(
        store.schedules.advance(row, next_at=NEVER, state=state),
        store.workflows.save(after, [row], expected_version=1, saved_by=ME, owner=ME),
    )
    (found,) = await store.schedules.all(owner=ME)
    assert (found.next_at, found.state) == ((NEVER, state) if moved else (row.next_at, row.state))


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
