"""What holds for a whole workspace: quotas, and where its steps may connect to."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from engine.errors import NotFound
from engine.models.policy import EgressLists, Policy, Quotas
from server.audit_trail import changed
from server.keys import POLICIES, QUOTAS, STORE, tenant_of
from server.permissions import Permission
from server.policy_documents import QuotaDocument, quota_json
from server.requests import body, json_response
from server.routing import Route
from server.tenants import unknown

MAX_BYTES = 200_000


async def show_quotas(request: web.Request) -> web.StreamResponse:
    """The quotas of the chosen workspace, and what it uses."""
    return json_response(await _quotas(request, tenant_of(request)))


async def show_quotas_of(request: web.Request) -> web.StreamResponse:
    """The same of any workspace."""
    return json_response(await _quotas(request, await _known(request)))


async def set_quotas(request: web.Request) -> web.StreamResponse:
    """Replace the quotas of any workspace."""
    given = await body(request, Quotas, MAX_BYTES)
    workspace_id = await _known(request)
    policies = request.app[POLICIES]
    before, after = await policies.change(workspace_id, lambda policy: policy.model_copy(update={"quotas": given}))
    changed(request, workspace_id, before=before.quotas, after=after.quotas, workspace_id=workspace_id)
    return json_response(await _quotas(request, workspace_id))


async def show_egress(request: web.Request) -> web.StreamResponse:
    """Where the steps of the chosen workspace may connect to."""
    return json_response(_lists(await request.app[POLICIES].of(tenant_of(request))))


async def set_egress(request: web.Request) -> web.StreamResponse:
    """Replace the lists of the chosen workspace."""
    given = await body(request, EgressLists, MAX_BYTES)
    workspace_id = tenant_of(request)
    policies = request.app[POLICIES]
    before, after = await policies.change(workspace_id, lambda policy: policy.model_copy(update={"egress": given}))
    changed(request, workspace_id, before=before.egress, after=after.egress)
    return json_response(_lists(after))


def _lists(policy: Policy) -> dict[str, Any]:
    return policy.egress.model_dump(mode="json", by_alias=True)


async def _quotas(request: web.Request, workspace_id: str) -> dict[str, Any]:
    quotas = request.app[QUOTAS]
    policy = await request.app[POLICIES].of(workspace_id)
    return quota_json(workspace_id, policy, await quotas.of(workspace_id), await quotas.used(workspace_id))


async def _known(request: web.Request) -> str:
    """The workspace in the path, shared or somebody's own."""
    workspace_id = request.match_info["id"]
    store = request.app[STORE]
    if await store.users.by_id(workspace_id) is None:
        try:
            await store.workspaces.get(workspace_id)
        except NotFound:
            raise unknown() from None
    return workspace_id


_TAGS = ("workspaces",)
_QUOTAS = "/api/workspaces/{id}/quotas"
_ABOUT_EGRESS = (
    "Entries are names (`api.example.com`, `*.example.com`), addresses (`203.0.113.7`) and networks (`203.0.113.0/24`, "
    "`[2001:db8::]/32`), each with `:port` when only that one is meant. What is denied is refused whatever is allowed; "
    "once something is allowed, everything else is refused. Steps that connect elsewhere fail with `http_not_listed`, "
    "redirects included. Nothing here opens an address that is not public."
)

routes = [
    Route(
        "GET",
        "/api/quota",
        show_quotas,
        needs=Permission.WORKFLOWS_READ,
        summary="Show the quotas of the workspace, and what it uses",
        response=QuotaDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        _QUOTAS,
        show_quotas_of,
        admin=True,
        summary="Show the quotas of any workspace",
        response=QuotaDocument,
        tags=_TAGS,
    ),
    Route(
        "PUT",
        _QUOTAS,
        set_quotas,
        admin=True,
        audit="quotas.change",
        summary="Set the quotas of any workspace",
        description="What is null or left out is as the server's settings say; 0 is no limit.",
        body=Quotas,
        response=QuotaDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/egress",
        show_egress,
        needs=Permission.WORKFLOWS_READ,
        summary="Show where the steps of the workspace may connect to",
        description=_ABOUT_EGRESS,
        response=EgressLists,
        tags=_TAGS,
    ),
    Route(
        "PUT",
        "/api/egress",
        set_egress,
        needs=Permission.MEMBERS_WRITE,
        audit="egress.change",
        summary="Set where the steps of the workspace may connect to",
        description=_ABOUT_EGRESS,
        body=EgressLists,
        response=EgressLists,
        tags=_TAGS,
    ),
]
