"""Jobs, the retries owed to steps: list, read, retry by hand."""

from __future__ import annotations

from aiohttp import web

from server.api_models import JobsQuery, PageQuery
from server.audit_trail import changed
from server.keys import ENGINE, STORE, USER, owner_of
from server.permissions import Permission
from server.requests import json_response, page_response, query
from server.routing import Route
from server.run_documents import Job
from server.views import job_document


async def index(request: web.Request) -> web.StreamResponse:
    """One page of jobs."""
    wanted = query(request, JobsQuery)
    page = await request.app[STORE].jobs.page(
        owner=owner_of(request),
        limit=wanted.limit,
        cursor=wanted.cursor,
        workflow_id=wanted.workflow_id,
        run_id=wanted.run_id,
        status=wanted.status,
    )
    return page_response(page, job_document, request)


async def of_workflow(request: web.Request) -> web.StreamResponse:
    """One page of a workflow's jobs."""
    wanted = query(request, PageQuery)
    workflow_id = request.match_info["id"]
    store = request.app[STORE]
    await store.workflows.get(workflow_id, owner=owner_of(request))
    page = await store.jobs.page(
        owner=owner_of(request), limit=wanted.limit, cursor=wanted.cursor, workflow_id=workflow_id
    )
    return page_response(page, job_document, request)


async def show(request: web.Request) -> web.StreamResponse:
    """One job."""
    job = await request.app[STORE].jobs.get(request.match_info["jobId"], owner=owner_of(request))
    return json_response(job_document(job))


async def retry(request: web.Request) -> web.StreamResponse:
    """Give a step another attempt that was given up, or now the one it is owed."""
    job = await request.app[ENGINE].retry_job(request.match_info["jobId"], owner=owner_of(request), by=request[USER].id)
    changed(request, job.id, workspace_id=job.user_id)
    return json_response(job_document(job), status=202, headers={"Location": f"/api/jobs/{job.id}"})


_TAGS = ("jobs",)

routes = [
    Route(
        "GET",
        "/api/jobs",
        index,
        needs=Permission.RUNS_READ,
        summary="List jobs, newest first",
        query=JobsQuery,
        response=list[Job],
        tags=_TAGS,
    ),
    Route("GET", "/api/jobs/{jobId}", show, needs=Permission.RUNS_READ, summary="Read a job", response=Job, tags=_TAGS),
    Route(
        "GET",
        "/api/workflows/{id}/jobs",
        of_workflow,
        needs=Permission.RUNS_READ,
        summary="List a workflow's jobs, newest first",
        query=PageQuery,
        response=list[Job],
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/workflows/jobs/{jobId}/retry",
        retry,
        needs=Permission.RUNS_WRITE,
        audit="job.retry",
        summary="Retry a failed step now",
        description=(
            "A FAILED job opens its FAILED run again, or its cleaning up when it is an undo or `finally` step that "
            "failed; a PENDING one does not wait for its time any longer. The step keeps its idempotency key. 409 "
            "`job_not_retryable` for any other, `run_undone` for work that was taken back, `run_ending` while the run "
            "is cancelled or cleans up, `already_moved_on` for a call that came too late: of several at once one makes "
            "the attempt."
        ),
        response=Job,
        status=202,
        tags=_TAGS,
    ),
]
