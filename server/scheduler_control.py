"""What people do to a schedule beside its document: pause it, let it go on, ask for times again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Final

from engine.clock import iso
from engine.errors import Conflict, Invalid, NotFound, Problem
from engine.schedules.reading import next_look
from engine.schedules.timetable import NEVER, between
from engine.store import Owner, ScheduleRow, Store

MAX_OWED: Final = 1000
"""How many times one schedule can owe."""
_ATTEMPTS: Final = 20

Change = Callable[[ScheduleRow], ScheduleRow]
"""What a row becomes: its `next_at` and `state`; the same row when there is nothing to do."""


async def find(store: Store, workflow_id: str, schedule_id: str, *, owner: Owner) -> ScheduleRow:
    """One schedule, by its id or by that of its trigger step; NotFound lists those there are."""
    await store.workflows.get(workflow_id, owner=owner)
    rows = await store.schedules.all(owner=owner, workflow_id=workflow_id)
    for row in rows:
        if schedule_id in (row.schedule_id, row.step_id):
            return row
    known = ", ".join(row.schedule_id for row in rows)
    hint = f"the workflow has {known}" if rows else "the workflow has no schedule"
    raise NotFound(f"there is no schedule {schedule_id[:80]!r}", hint=hint)


async def change(store: Store, workflow_id: str, schedule_id: str, make: Change, *, owner: Owner) -> ScheduleRow:
    """Make the change on the row as it is at that moment."""
    for _ in range(_ATTEMPTS):
        row = await find(store, workflow_id, schedule_id, owner=owner)
        after = make(row)
        if after == row:
            return row
        if await store.schedules.advance(row, next_at=after.next_at, state=after.state):
            return replace(after, rev=row.rev + 1)
    raise Conflict("the schedule changes too fast", code="schedule_busy", hint="try again in a moment")


def pause(now: int, *, by: str, reason: str | None) -> Change:
    """Nothing of it comes up any more, and what waits stays waiting; a pause that is there stays as it is."""

    def paused(row: ScheduleRow) -> ScheduleRow:
        if row.state.paused_at is not None:
            return row
        return replace(row, next_at=NEVER, state=replace(row.state, paused_at=now, paused_by=by, pause_reason=reason))

    return paused


def resume(now: int) -> Change:
    """It goes on with the next time after now; what came up meanwhile is left to a backfill."""

    def resumed(row: ScheduleRow) -> ScheduleRow:
        if row.state.paused_at is None:
            return row
        cursor = max(now, row.state.cursor)
        state = replace(row.state, paused_at=None, paused_by=None, pause_reason=None, cursor=cursor)
        if not row.enabled:
            return replace(row, next_at=NEVER, state=state)
        waits = state.queued or state.owed
        next_at = now if waits else next_look(row.workflow_id, row.schedule_id, row.schedule, cursor)
        return replace(row, next_at=next_at, state=state)

    return resumed


def backfill(now: int, since: int, until: int) -> Change:
    """Owe every time of the window, both ends included; a time that had its run keeps that one."""
    if until < since:
        raise _refused("backfill_window", "it ends before it begins", "to", "swap `from` and `to`")
    if until > now:
        raise _refused("backfill_window", "it reaches into the future", "to", f"write {iso(now)} or earlier")

    def owing(row: ScheduleRow) -> ScheduleRow:
        if not row.enabled:
            raise Conflict("the workflow is disabled", code="workflow_disabled", hint="enable it first")
        if row.state.paused_at is not None:
            raise Conflict("the schedule is paused", code="schedule_paused", hint="resume it first")
        times = list(islice(between(row.schedule, since - 1, until), MAX_OWED + 1))
        owed = sorted({*row.state.owed, *times})
        if len(owed) > MAX_OWED:
            room = MAX_OWED - len(row.state.owed)
            hint = f"end it at {iso(times[room - 1])}" if room > 0 else "wait until some of what is owed has run"
            raise _refused("backfill_window", f"a schedule owes at most {MAX_OWED} times", "to", hint)
        if not times:
            raise _refused("backfill_window", "the schedule has no time in it", "from", "preview shows its times")
        return replace(row, next_at=min(row.next_at, now), state=replace(row.state, owed=tuple(owed)))

    return owing


def _refused(code: str, message: str, field: str, hint: str) -> Invalid:
    return Invalid(problems=[Problem(code, message, field=field, hint=hint)], code=code)
