"""Workflows: make, list, read, save and delete."""

from __future__ import annotations

from aiohttp import web

from engine.clock import now_ms
from engine.errors import Invalid, VersionConflict
from engine.ids import new_workflow_id
from engine.jsonio import Json
from engine.models.workflow import Workflow, WorkflowDraft
from engine.schedules.reading import schedule_rows
from server.api_documents import WorkflowDocument
from server.api_models import WorkflowsQuery, WorkflowUpdate
from server.audit_trail import changed
from server.checking import problems_in
from server.keys import ENGINE, HOOK_ADDRESSES, QUOTAS, SETTINGS, STORE, USER, owner_of, tenant_of
from server.permissions import Permission
from server.requests import json_body, json_response, no_content, page_response, query
from server.routing import Route
from server.saving import new_workflow, next_version, without_server_fields
from server.views import workflow_document

ATTEMPTS = 5


async def checked_draft(request: web.Request, document: Json, tenant: str) -> WorkflowDraft:
    """The document as a draft of this tenant's; Invalid with every problem at once."""
    draft, problems = await problems_in(document, request.app, tenant)
    if draft is None or problems:
        raise Invalid(problems=problems, code="invalid_workflow")
    return draft


async def create(request: web.Request) -> web.StreamResponse:
    """Check and keep a new workflow."""
    document, _ = without_server_fields(await json_body(request))
    draft = await checked_draft(request, document, tenant_of(request))
    now = now_ms()
    zone = request.app[SETTINGS].timezone
    workflow = new_workflow(
        draft, workflow_id=new_workflow_id(now), owner_id=tenant_of(request), now=now, timezone=zone
    )
    await request.app[QUOTAS].one_more_workflow(workflow.owner_id)
    await request.app[STORE].workflows.create(workflow, schedule_rows(workflow, now), saved_by=request[USER].id)
    await request.app[HOOK_ADDRESSES].ensure(workflow)
    changed(request, workflow.id, after=workflow)
    headers = {"Location": f"/api/workflows/{workflow.id}"}
    return json_response(workflow_document(workflow), status=201, headers=headers)


async def index(request: web.Request) -> web.StreamResponse:
    """One page of workflows."""
    wanted = query(request, WorkflowsQuery)
    page = await request.app[STORE].workflows.page(
        owner=owner_of(request),
        limit=wanted.limit,
        cursor=wanted.cursor,
        text=wanted.text,
        tag=wanted.tag,
        enabled=wanted.enabled,
    )
    return page_response(page, workflow_document, request)


async def show(request: web.Request) -> web.StreamResponse:
    """One workflow in its current version."""
    workflow = await request.app[STORE].workflows.get(request.match_info["id"], owner=owner_of(request))
    return json_response(workflow_document(workflow))


async def update(request: web.Request) -> web.StreamResponse:
    """Check and keep a new version."""
    document, fetched_at = without_server_fields(await json_body(request))
    # Somebody else's workflow is unknown before its document is looked at.
    known = await request.app[STORE].workflows.get(request.match_info["id"], owner=owner_of(request))
    draft = await checked_draft(request, document, known.owner_id)
    workflow = await save_version(request, draft, fetched_at)
    return json_response(workflow_document(workflow))


async def save_version(request: web.Request, draft: WorkflowDraft, fetched_at: int | None = None) -> Workflow:
    """Make the draft the newest version; without `fetched_at` it follows whatever is current."""
    app = request.app
    workflow_id = request.match_info["id"]
    for attempt in range(ATTEMPTS):
        current = await app[STORE].workflows.get(workflow_id, owner=owner_of(request))
        if fetched_at is not None and fetched_at != current.version:
            raise VersionConflict(
                f"the current version is {current.version}, and this document was fetched at {fetched_at}",
                hint="fetch it again and make your change there",
            )
        now = now_ms()
        workflow = next_version(draft, current, now=now, timezone=app[SETTINGS].timezone)
        try:
            await app[STORE].workflows.save(
                workflow,
                schedule_rows(workflow, now),
                expected_version=current.version,
                saved_by=request[USER].id,
                owner=owner_of(request),
            )
        except VersionConflict:
            if fetched_at is not None or attempt == ATTEMPTS - 1:
                raise
        else:
            app[ENGINE].plans.forget(workflow_id)
            await app[HOOK_ADDRESSES].ensure(workflow)
            changed(request, workflow_id, before=current, after=workflow, workspace_id=current.owner_id)
            return workflow
    raise AssertionError("unreachable")


async def delete(request: web.Request) -> web.StreamResponse:
    """Remove a workflow; its runs go on with the version they started with."""
    workflow_id = request.match_info["id"]
    workflows = request.app[STORE].workflows
    current = await workflows.get(workflow_id, owner=owner_of(request))
    await workflows.delete(workflow_id, owner=owner_of(request))
    changed(request, workflow_id, before=current, workspace_id=current.owner_id)
    await request.app[STORE].practice.delete_all(workflow_id)
    await request.app[HOOK_ADDRESSES].forget(workflow_id)
    request.app[ENGINE].plans.forget(workflow_id)
    return no_content()


_TAGS = ("workflows",)

routes = [
    Route(
        "POST",
        "/api/workflows",
        create,
        needs=Permission.WORKFLOWS_WRITE,
        audit="workflow.create",
        summary="Make a workflow",
        description="Every problem of the document is answered at once (422 `invalid_workflow`).",
        body=WorkflowDraft,
        response=WorkflowDocument,
        status=201,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/workflows",
        index,
        needs=Permission.WORKFLOWS_READ,
        summary="List workflows, newest first",
        query=WorkflowsQuery,
        response=list[WorkflowDocument],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/workflows/{id}",
        show,
        needs=Permission.WORKFLOWS_READ,
        summary="Read a workflow",
        response=WorkflowDocument,
        tags=_TAGS,
    ),
    Route(
        "PUT",
        "/api/workflows/{id}",
        update,
        needs=Permission.WORKFLOWS_WRITE,
        audit="workflow.save",
        summary="Save a new version of a workflow",
        description=(
            "Send the whole document. Fields that only the server writes are ignored, so a fetched document may be "
            "sent back; its `version` must still be the current one (409 `version_conflict`)."
        ),
        body=WorkflowUpdate,
        response=WorkflowDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/workflows/{id}",
        delete,
        needs=Permission.WORKFLOWS_WRITE,
        audit="workflow.delete",
        summary="Delete a workflow",
        description="Runs under way go on with the version they started with.",
        status=204,
        tags=_TAGS,
    ),
]
