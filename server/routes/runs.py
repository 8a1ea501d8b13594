"""Runs: list, read, cancel, run again."""

from __future__ import annotations

from aiohttp import hdrs, web

from engine.store import Page, RunFilter
from server.api_models import CancelBody, JournalQuery, MoveBody, PageQuery, RerunBody, RunsQuery, millis
from server.audit_trail import changed
from server.keys import ENGINE, QUOTAS, STORE, USER, owner_of
from server.permissions import Permission
from server.reading import full_run, summary, whole_journal, workflow_names
from server.requests import body, json_response, page_response, query
from server.routing import Media, Route
from server.run_documents import EventDocument, Run, RunSummary, RunWithLogs
from server.views import MAX_LOG_LINES, event_document, run_summary, run_with_logs


async def index(request: web.Request) -> web.StreamResponse:
    """One page of runs."""
    wanted = query(request, RunsQuery)
    where = RunFilter(
        owner=owner_of(request),
        workflow_id=wanted.workflow_id,
        statuses=wanted.status or (),
        trigger=wanted.trigger,
        since=millis(wanted.since),
        until=millis(wanted.until),
        parent_run_id=wanted.parent_run_id,
        caller_run_id=wanted.caller,
        call_step_id=wanted.caller_step,
        waiting_for=wanted.waiting_for or (),
        rounds=wanted.caller is not None or wanted.trigger is not None,
    )
    page = await request.app[STORE].runs.page(where, limit=wanted.limit, cursor=wanted.cursor)
    names = await workflow_names(request.app, page.items)
    return page_response(page, lambda row: run_summary(row, names[row.workflow_id, row.workflow_version]), request)


async def logs(request: web.Request) -> web.StreamResponse:
    """One page of a workflow's runs, each with its newest log lines."""
    wanted = query(request, PageQuery)
    store = request.app[STORE]
    workflow_id = request.match_info["id"]
    await store.workflows.get(workflow_id, owner=owner_of(request))
    where = RunFilter(owner=owner_of(request), workflow_id=workflow_id, rounds=False)
    page = await store.runs.page(where, limit=wanted.limit, cursor=wanted.cursor)
    names = await workflow_names(request.app, page.items)
    documents = []
    for row in page.items:  # one journal at a time in memory
        events = await whole_journal(store.runs, row, after=max(0, row.seq - MAX_LOG_LINES))
        documents.append(run_with_logs(row, names[row.workflow_id, row.workflow_version], events))
    return page_response(Page(documents, page.cursor), lambda document: document, request)


async def show(request: web.Request) -> web.StreamResponse:
    """One run with everything its journal tells."""
    row = await request.app[STORE].runs.get(request.match_info["id"], owner=owner_of(request))
    return json_response(await full_run(request.app, row))


async def journal(request: web.Request) -> web.StreamResponse:
    """Part of a run's journal, in order."""
    wanted = query(request, JournalQuery)
    runs = request.app[STORE].runs
    row = await runs.get(request.match_info["id"], owner=owner_of(request))
    events = await runs.journal(row.id, after=wanted.after, limit=wanted.limit)
    last = events[-1].seq if events else wanted.after
    headers = {}
    if events and last < row.seq:
        following = request.rel_url.update_query(after=str(last))
        headers = {"X-Next-Cursor": str(last), hdrs.LINK: f'<{following}>; rel="next"'}
    return json_response([event_document(row.id, row.workflow_id, event) for event in events], headers=headers)


async def blob(request: web.Request) -> web.StreamResponse:
    """A value that was too large for the journal."""
    runs = request.app[STORE].runs
    row = await runs.get(request.match_info["id"], owner=owner_of(request))
    value = await runs.blob(row.id, request.match_info["ref"])
    return web.Response(body=value, content_type="application/json")


async def cancel(request: web.Request) -> web.StreamResponse:
    """Ask a run to stop."""
    given = await body(request, CancelBody, default={})
    run_id, owner, by = request.match_info["id"], owner_of(request), request[USER].id
    row = await request.app[ENGINE].cancel(run_id, owner=owner, by=by, undo=given.undo, force=given.force)
    changed(request, row.id, workspace_id=row.user_id)
    return json_response(await summary(request.app, row), status=202)


async def rerun(request: web.Request) -> web.StreamResponse:
    """Make a new run of an old one."""
    given = await body(request, RerunBody, default={})
    old = await request.app[STORE].runs.get(request.match_info["id"], owner=owner_of(request))
    await request.app[QUOTAS].one_more_run(old.user_id)
    row = await request.app[ENGINE].rerun(
        old.id,
        owner=owner_of(request),
        by=request[USER].id,
        from_step=given.from_step,
        only_failed=given.only == "failed",
        data=given.data,
        version=given.version,
    )
    changed(request, row.id, workspace_id=row.user_id)
    headers = {"Location": f"/api/runs/{row.id}"}
    return json_response(await summary(request.app, row), status=202, headers=headers)


async def move(request: web.Request) -> web.StreamResponse:
    """Let a run go on with another version of its workflow."""
    given = await body(request, MoveBody, default={})
    row = await request.app[ENGINE].move(
        request.match_info["id"], owner=owner_of(request), by=request[USER].id, version=given.version
    )
    return json_response(await summary(request.app, row))


_TAGS = ("runs",)

routes = [
    Route(
        "GET",
        "/api/runs",
        index,
        needs=Permission.RUNS_READ,
        summary="List runs, newest first",
        query=RunsQuery,
        response=list[RunSummary],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/workflows/{id}/logs",
        logs,
        needs=Permission.RUNS_READ,
        summary="List a workflow's runs with their logs, newest first",
        description="Each run has its newest 1,000 lines; `GET /api/runs/{id}/journal` has them all.",
        query=PageQuery,
        response=list[RunWithLogs],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/runs/{id}",
        show,
        needs=Permission.RUNS_READ,
        summary="Read a run with its steps, data and logs",
        response=Run,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/runs/{id}/journal",
        journal,
        needs=Permission.RUNS_READ,
        summary="Read a run's journal, oldest first",
        description="Go on with `after` set to the `X-Next-Cursor` of the answer before.",
        query=JournalQuery,
        response=list[EventDocument],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/runs/{id}/blobs/{ref}",
        blob,
        needs=Permission.RUNS_READ,
        summary="Read a large value that is kept apart from the journal",
        response=Media("application/json"),
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/runs/{id}/cancel",
        cancel,
        needs=Permission.RUNS_WRITE,
        audit="run.cancel",
        summary="Cancel a run",
        description="Running steps are stopped and no other starts but those named in `finally`; with `undo` the undo"
        " steps of what has finished run before them. A run that does so already goes on doing it, unless `force`"
        " ends it at once. 409 `already_finished` when it has ended.",
        body=CancelBody,
        response=RunSummary,
        status=202,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/runs/{id}/rerun",
        rerun,
        needs=Permission.RUNS_WRITE,
        audit="run.rerun",
        summary="Run it again, whole, from a step or only what failed, with the same or edited data",
        description=(
            "The answer is the new run; its `parentRunId` names the old one. With `only: failed` 409 "
            "`run_not_finished` while it goes on and 409 `nothing_failed` when there is nothing to take up."
        ),
        body=RerunBody,
        response=RunSummary,
        status=202,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/runs/{id}/move",
        move,
        needs=Permission.RUNS_WRITE,
        audit="run.move",
        summary="Go on with another version of the workflow",
        description=(
            "For runs that wait, and for FAILED ones, which are retried afterwards. What has finished must be the same "
            "in that version; if not, 422 `run_does_not_fit` names each difference."
        ),
        body=MoveBody,
        response=RunSummary,
        tags=_TAGS,
    ),
]
