"""When workflows fire next."""

from __future__ import annotations

from aiohttp import web

from engine.cron import next_fire
from engine.store import ScheduleRow
from server.api_documents import Schedule
from server.api_models import SchedulesQuery
from server.keys import ENGINE, STORE, owner_of
from server.requests import json_response, query
from server.routing import Route
from server.views import Document, schedule_document

PREVIEW = 5


async def index(request: web.Request) -> web.StreamResponse:
    """Every schedule, the next to fire first."""
    wanted = query(request, SchedulesQuery)
    store = request.app[STORE]
    if wanted.workflow_id is not None:
        await store.workflows.get(wanted.workflow_id, owner=owner_of(request))
    rows = await store.schedules.all(owner=owner_of(request), workflow_id=wanted.workflow_id)
    rows.sort(key=lambda row: (row.next_at, row.workflow_id, row.schedule_id))
    return json_response([await _document(request, row) for row in rows])


async def _document(request: web.Request, row: ScheduleRow) -> Document:
    plan = await request.app[ENGINE].plans.current(row.workflow_id)
    return schedule_document(row, plan.workflow.name, _upcoming(row))


def _upcoming(row: ScheduleRow) -> list[int]:
    times = [row.next_at]
    while len(times) < PREVIEW:
        following = next_fire(row.cron, row.timezone, times[-1])
        if following is None:
            break
        times.append(following)
    return times


routes = [
    Route(
        "GET",
        "/api/schedules",
        index,
        summary="List when workflows fire, the next one first",
        query=SchedulesQuery,
        response=list[Schedule],
        tags=("schedules",),
    )
]
