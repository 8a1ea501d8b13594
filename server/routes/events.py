"""Live events as server-sent events: of a run, of a workflow, of everything that is mine."""

from __future__ import annotations

from aiohttp import web

from engine.errors import Invalid, Problem
from server.api_models import EventsQuery
from server.keys import BUS, STORE, owner_of
from server.permissions import Permission
from server.requests import query
from server.routing import Media, Route
from server.run_documents import EventDocument
from server.sse import Connection, ReaderGone
from server.streams import RunStream, WideStream


def _after(request: web.Request) -> str | None:
    given = query(request, EventsQuery).after
    return request.headers.get("Last-Event-ID") or given


def _seq(text: str | None) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise Invalid(problems=[Problem("bad_place", "must be the seq of an event", field="after")])
    return int(text)


async def of_run(request: web.Request) -> web.StreamResponse:
    """One run's events until it has finished."""
    after = _seq(_after(request))
    runs = request.app[STORE].runs
    run_id = request.match_info["id"]
    row = await runs.get(run_id, owner=owner_of(request))
    with request.app[BUS].subscribe(owner=owner_of(request), run_id=run_id) as subscription:
        connection = Connection(request)
        try:
            await connection.open()
            await RunStream(connection, runs, request.app[BUS], row, after).pump(subscription)
            await connection.close()
        except (ReaderGone, ConnectionError):
            pass
    return connection.response


async def of_workflow(request: web.Request) -> web.StreamResponse:
    """The events of one workflow's runs."""
    workflow_id = request.match_info["id"]
    await request.app[STORE].workflows.get(workflow_id, owner=owner_of(request))
    return await _wide(request, workflow_id)


async def of_everything(request: web.Request) -> web.StreamResponse:
    """The events of all my runs; of everybody's for an administrator."""
    return await _wide(request, None)


async def _wide(request: web.Request, workflow_id: str | None) -> web.StreamResponse:
    after = _after(request)
    owner = owner_of(request)
    with request.app[BUS].subscribe(owner=owner, workflow_id=workflow_id) as subscription:
        connection = Connection(request)
        stream = WideStream(connection, request.app[STORE].runs, owner=owner, workflow_id=workflow_id)
        first = await stream.prepare(after)
        try:
            await connection.open()
            await connection.send(first)
            await stream.pump(subscription)
            await connection.close()
        except (ReaderGone, ConnectionError):
            pass
    return connection.response


_TAGS = ("events",)
_STREAM = Media("text/event-stream", EventDocument)
_WIDE = (
    "Each `data:` is one event. The `id:` names a place in the feed; send it back as `Last-Event-ID` (or `after`) to "
    "go on there. After a reconnection events may come twice: they have the same `runId` and `seq`. `event: gap` "
    "says that the place is too old. A comment every 15 seconds keeps the connection open."
)

routes = [
    Route(
        "GET",
        "/api/runs/{id}/events",
        of_run,
        needs=Permission.RUNS_READ,
        summary="Follow a run",
        description=(
            "Server-sent events: the journal from the start (or after `Last-Event-ID`), then live. The `id:` is the "
            "event's seq. Ends with `event: end` when the run has finished."
        ),
        query=EventsQuery,
        response=_STREAM,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/workflows/{id}/events",
        of_workflow,
        needs=Permission.RUNS_READ,
        summary="Follow a workflow's runs",
        description=_WIDE,
        query=EventsQuery,
        response=_STREAM,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/events",
        of_everything,
        needs=Permission.RUNS_READ,
        summary="Follow all your runs",
        description=_WIDE,
        query=EventsQuery,
        response=_STREAM,
        tags=_TAGS,
    ),
]
