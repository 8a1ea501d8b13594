"""When workflows fire: list, preview, pause, resume and backfill."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web
from pydantic import ValidationError

from engine.clock import now_ms
from engine.errors import Invalid, Problem
from engine.schedules.calendars import check_entry
from engine.schedules.schedule import Schedule, resolve
from engine.store import ScheduleRow
from server import scheduler_control as control
from server.api_models import millis
from server.audit_trail import changed
from server.invalid import problems_of
from server.keys import ENGINE, QUOTAS, SETTINGS, STORE, USER, owner_of
from server.permissions import Permission
from server.requests import body, json_response, query
from server.routing import Route
from server.schedule_models import (
    BackfillBody,
    PauseBody,
    ScheduleDocument,
    SchedulePreview,
    SchedulePreviewBody,
    SchedulesQuery,
    WindowQuery,
)
from server.schedule_views import Document, preview_document, schedule_document


async def index(request: web.Request) -> web.StreamResponse:
    """Every schedule, the next to fire first."""
    wanted = query(request, SchedulesQuery)
    store = request.app[STORE]
    if wanted.workflow_id is not None:
        await store.workflows.get(wanted.workflow_id, owner=owner_of(request))
    rows = await store.schedules.all(owner=owner_of(request), workflow_id=wanted.workflow_id)
    rows.sort(key=lambda row: (row.next_at, row.workflow_id, row.schedule_id))
    return json_response([await _document(request, row) for row in rows])


async def show(request: web.Request) -> web.StreamResponse:
    """One schedule."""
    return json_response(await _document(request, await _found(request)))


async def preview(request: web.Request) -> web.StreamResponse:
    """The times of a saved schedule."""
    window = query(request, WindowQuery)
    row = await _found(request)
    return json_response(_preview(row.schedule, window))


async def preview_unsaved(request: web.Request) -> web.StreamResponse:
    """The times of any schedule."""
    wanted = await body(request, SchedulePreviewBody)
    for index, entry in enumerate(wanted.excluded):
        problem = check_entry(entry)
        if problem is not None:
            raise Invalid(problems=[replace(problem, field=f"excluded[{index}]")], code="calendar")
    try:
        params = wanted.params()
    except ValidationError as error:
        raise Invalid(problems=problems_of(error, SchedulePreviewBody)) from None
    schedule = resolve(params, request.app[SETTINGS].timezone, {})
    return json_response(_preview(replace(schedule, excluded=tuple(wanted.excluded)), wanted))


async def pause(request: web.Request) -> web.StreamResponse:
    """Let nothing of a schedule come up."""
    wanted = await body(request, PauseBody, default={})
    return await _changed(request, control.pause(now_ms(), by=request[USER].id, reason=wanted.reason))


async def resume(request: web.Request) -> web.StreamResponse:
    """Let a paused schedule go on."""
    return await _changed(request, control.resume(now_ms()))


async def backfill(request: web.Request) -> web.StreamResponse:
    """Run the times of a window that had no run."""
    wanted = await body(request, BackfillBody)
    since, until = millis(wanted.from_time), millis(wanted.to_time)
    row = await _found(request)
    plan = await request.app[ENGINE].plans.current(row.workflow_id)
    await request.app[QUOTAS].room_for_more(plan.workflow.owner_id)
    return await _changed(request, control.backfill(now_ms(), since or 0, until or 0), status=202)


async def _changed(request: web.Request, make: control.Change, *, status: int = 200) -> web.StreamResponse:
    found = request.match_info
    seen: list[ScheduleRow] = []

    def noticed(row: ScheduleRow) -> ScheduleRow:
        seen.append(row)
        return make(row)

    row = await control.change(request.app[STORE], found["id"], found["scheduleId"], noticed, owner=owner_of(request))
    changed(request, f"{row.workflow_id}/{row.schedule_id}", before=seen[-1], after=row)
    return json_response(await _document(request, row), status=status)


async def _found(request: web.Request) -> ScheduleRow:
    found = request.match_info
    return await control.find(request.app[STORE], found["id"], found["scheduleId"], owner=owner_of(request))


async def _document(request: web.Request, row: ScheduleRow) -> Document:
    plan = await request.app[ENGINE].plans.current(row.workflow_id)
    return schedule_document(row, plan.workflow.name, now_ms())


def _preview(schedule: Schedule, window: WindowQuery) -> Document:
    after, until = millis(window.from_time), millis(window.to_time)
    after = now_ms() if after is None else after - 1
    if until is not None and until < after:
        problem = Problem("bad_value", "it ends before it begins", field="to", hint="swap `from` and `to`")
        raise Invalid(problems=[problem])
    return preview_document(schedule, after, until, window.limit)


_TAGS = ("schedules",)
_PATH = "/api/workflows/{id}/schedules/{scheduleId}"

routes = [
    Route(
        "GET",
        "/api/schedules",
        index,
        needs=Permission.WORKFLOWS_READ,
        summary="List when workflows fire, the next one first",
        description="Paused schedules and those of disabled workflows come last.",
        query=SchedulesQuery,
        response=list[ScheduleDocument],
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/schedules/preview",
        preview_unsaved,
        needs=Permission.WORKFLOWS_READ,
        audit="",
        summary="Explain a schedule that need not be saved",
        description=(
            "In words, its times in any past or future window with what the clocks do to them, and what outages cost."
        ),
        body=SchedulePreviewBody,
        response=SchedulePreview,
        tags=_TAGS,
    ),
    Route(
        "GET",
        _PATH,
        show,
        needs=Permission.WORKFLOWS_READ,
        summary="Read a schedule",
        response=ScheduleDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        f"{_PATH}/preview",
        preview,
        needs=Permission.WORKFLOWS_READ,
        summary="Show a schedule's times in any window",
        query=WindowQuery,
        response=SchedulePreview,
        tags=_TAGS,
    ),
    Route(
        "POST",
        f"{_PATH}/pause",
        pause,
        needs=Permission.RUNS_WRITE,
        audit="schedule.pause",
        summary="Pause a schedule",
        description="It stays paused when the workflow is saved, also with another expression.",
        body=PauseBody,
        response=ScheduleDocument,
        tags=_TAGS,
    ),
    Route(
        "POST",
        f"{_PATH}/resume",
        resume,
        needs=Permission.RUNS_WRITE,
        audit="schedule.resume",
        summary="Let a paused schedule go on",
        description="What came up meanwhile is not made up for; a backfill does that.",
        response=ScheduleDocument,
        tags=_TAGS,
    ),
    Route(
        "POST",
        f"{_PATH}/backfill",
        backfill,
        needs=Permission.RUNS_WRITE,
        audit="schedule.backfill",
        summary="Run the times of a past window that had no run",
        description=(
            "At most 1000 times at once. They run as the schedule's `overlap` lets them: all at once under `parallel`, "
            "else one after another, and as there is room in the workspace's quota `queued`; while there is none, a "
            "backfill is refused with 429 `quota_exceeded`. A time that had its run keeps that one."
        ),
        body=BackfillBody,
        response=ScheduleDocument,
        status=202,
        tags=_TAGS,
    ),
]
