"""The audit log of the chosen workspace."""

from __future__ import annotations

from aiohttp import web

from engine.models.run import Role
from engine.tenancy import Member
from server.keys import PLACE, SETTINGS, STORE, TENANTS, USAGES, USER, owner_of
from server.permissions import ADMIN_SCOPE, Permission
from server.requests import json_response, page_response, query
from server.review.documents import ReviewDocument
from server.review.findings import worst_first
from server.review.reviewing import Review
from server.routing import Route
from server.tenancy_documents import AuditDocument, AuditQuery, entry_json


async def index(request: web.Request) -> web.StreamResponse:
    """One page of changes; for an administrator who chose no workspace those of all."""
    wanted = query(request, AuditQuery)
    page = await request.app[STORE].audit.page(
        owner=owner_of(request),
        limit=wanted.limit,
        cursor=wanted.cursor,
        action=wanted.action,
        target=wanted.target,
        user_id=wanted.user_id,
    )
    return page_response(page, entry_json, request)


async def findings(request: web.Request) -> web.StreamResponse:
    """What is risky in the chosen workspace, and for administrators in the server's settings."""
    app, place = request.app, request[PLACE]
    review = Review(app[STORE], app[USAGES], app[SETTINGS])
    members: tuple[Member, ...] = ()
    if place.workspace_id != request[USER].id:
        members = (await app[TENANTS].get(place.workspace_id)).members
    found = await review.workspace(place.workspace_id, members)
    of_server = request[USER].role is Role.ADMIN and (place.scopes is None or ADMIN_SCOPE in place.scopes)
    if of_server:
        found = worst_first([*found, *await review.server()])
    document = {
        "workspaceId": place.workspace_id,
        "server": of_server,
        "findings": [one.document() for one in found],
    }
    return json_response(document)


routes = [
    Route(
        "GET",
        "/api/audit",
        index,
        needs=Permission.AUDIT_READ,
        summary="List who changed what, newest first",
        description=(
            "Every request that changes something leaves an entry before it is answered. Nothing ever changes or "
            "removes one. `before` and `after` are SHA-256 hashes: two entries with the same hash saw the same thing."
        ),
        query=AuditQuery,
        response=list[AuditDocument],
        tags=("workspaces",),
    ),
    Route(
        "GET",
        "/api/audit/findings",
        findings,
        needs=Permission.AUDIT_READ,
        summary="Look for what is risky",
        description=(
            "Looks at webhooks, secrets, API keys and members of the workspace; for administrators also at the "
            "settings of the server that answers. Nothing is changed. docs/security.md explains every code."
        ),
        response=ReviewDocument,
        tags=("workspaces",),
    ),
]
