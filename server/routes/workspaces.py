"""Workspaces: list, make, rename, remove."""

from __future__ import annotations

from aiohttp import web

from engine.errors import Conflict
from engine.models.run import Role
from server.audit_trail import changed
from server.keys import API_KEYS, INVITATIONS, PLACE, POLICIES, STORE, TENANTS, USER, tenant_of
from server.permissions import Permission, Standing
from server.requests import body, json_response, no_content
from server.routing import Route
from server.tenancy_documents import WorkspaceDocument, WorkspaceName, personal_json, workspace_json

MAX_SHOWN = 1000


async def index(request: web.Request) -> web.StreamResponse:
    """The caller's workspaces, the personal one first; an administrator's list has all shared ones."""
    user, place, tenants = request[USER], request[PLACE], request.app[TENANTS]
    found = await (tenants.all(limit=MAX_SHOWN) if user.role is Role.ADMIN else tenants.of(user.id))
    documents = [personal_json(user.id, user.created_at), *(workspace_json(one, user.id) for one in found)]
    if place.scopes is not None:
        documents = [document for document in documents if document["id"] == place.workspace_id]
    return json_response(documents)


async def create(request: web.Request) -> web.StreamResponse:
    """Make a workspace; whoever makes it is its owner."""
    given = await body(request, WorkspaceName)
    workspace = await request.app[TENANTS].create(request[USER], given.name)
    changed(request, workspace.id, after=workspace, workspace_id=workspace.id)
    return json_response(workspace_json(workspace, request[USER].id), status=201)


async def rename(request: web.Request) -> web.StreamResponse:
    """Call a workspace something else."""
    given = await body(request, WorkspaceName)
    before, after = await request.app[TENANTS].rename(tenant_of(request), given.name)
    changed(request, after.id, before=before, after=after)
    return json_response(workspace_json(after, request[USER].id))


async def delete(request: web.Request) -> web.StreamResponse:
    """Remove a workspace that holds nothing any more."""
    app, workspace_id = request.app, tenant_of(request)
    await app[TENANTS].get(workspace_id)
    store = app[STORE]
    workflows = (await store.workflows.page(owner=workspace_id, limit=1)).items
    if workflows or await store.secrets.page(workspace_id, limit=1) or await store.runs.active(owner=workspace_id):
        raise Conflict(
            "the workspace still holds workflows, secrets or unfinished runs",
            code="not_empty",
            hint="delete or export them first",
        )
    known = await app[TENANTS].delete(workspace_id)
    await app[API_KEYS].leave(workspace_id)
    await app[INVITATIONS].leave(workspace_id)
    await app[POLICIES].forget(workspace_id)
    changed(request, workspace_id, before=known, workspace_id=workspace_id)
    return no_content()


_TAGS = ("workspaces",)
_CHOICE = (
    "A request acts in the workspace that its `X-FlowDesk-Workspace` header names by id or name, without one in the "
    "caller's personal workspace, whose id is the caller's own. Each workflow, run, job and secret belongs to the "
    "workspace it was made in; those of others answer 404 like unknown ones."
)

routes = [
    Route(
        "GET",
        "/api/workspaces",
        index,
        needs=Standing.ANYBODY,
        summary="List the workspaces you are in",
        description=_CHOICE,
        response=list[WorkspaceDocument],
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/workspaces",
        create,
        needs=Standing.PERSON,
        audit="workspace.create",
        summary="Make a workspace",
        body=WorkspaceName,
        response=WorkspaceDocument,
        status=201,
        tags=_TAGS,
    ),
    Route(
        "PUT",
        "/api/workspaces/{id}",
        rename,
        needs=Permission.MEMBERS_WRITE,
        within="id",
        audit="workspace.rename",
        summary="Rename a workspace",
        body=WorkspaceName,
        response=WorkspaceDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/workspaces/{id}",
        delete,
        needs=Permission.MEMBERS_WRITE,
        within="id",
        audit="workspace.delete",
        summary="Delete an empty workspace",
        description="409 `not_empty` while it holds workflows, secrets or unfinished runs. Its audit log stays.",
        status=204,
        tags=_TAGS,
    ),
]
