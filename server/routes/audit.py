"""The audit log of the chosen workspace."""

from __future__ import annotations

from aiohttp import web

from server.keys import STORE, owner_of
from server.permissions import Permission
from server.requests import page_response, query
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
    )
]
