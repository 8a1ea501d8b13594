"""API keys in the chosen workspace: list, make, remove."""

from __future__ import annotations

from aiohttp import web

from engine.clock import now_ms
from engine.errors import Refused
from engine.models.run import Role
from server.audit_trail import changed
from server.keys import API_KEYS, PLACE, USER, tenant_of
from server.permissions import ADMIN_SCOPE, ALLOWED, Permission, Standing
from server.requests import body, json_response, no_content
from server.routing import Route
from server.tenancy_documents import ApiKeyDocument, NewApiKey, WrittenApiKey, key_json

DAY_MS = 86_400_000


async def index(request: web.Request) -> web.StreamResponse:
    """The caller's keys here; for an owner everybody's."""
    found = await request.app[API_KEYS].page(tenant_of(request), _whose(request))
    return json_response([key_json(one) for one in found])


async def create(request: web.Request) -> web.StreamResponse:
    """Make a key with some of the caller's permissions."""
    given = await body(request, NewApiKey)
    user, allowed = request[USER], ALLOWED[request[PLACE].role]
    scopes = sorted({str(scope) for scope in given.scopes})
    mine = {*allowed, ADMIN_SCOPE} if user.role is Role.ADMIN else allowed
    beyond = [scope for scope in scopes if scope not in mine]
    if beyond:
        raise Refused(
            f"you may not do this here yourself: {', '.join(beyond)}",
            code="scope_too_wide",
            hint=f"your role {request[PLACE].role} allows: {', '.join(sorted(mine))}",
        )
    expires_at = None if given.days is None else now_ms() + given.days * DAY_MS
    key, text = await request.app[API_KEYS].create(
        user, tenant_of(request), name=given.name.strip(), scopes=scopes, expires_at=expires_at
    )
    document = key_json(key)
    changed(request, key.id, after=document)
    return json_response({**document, "key": text}, status=201)


async def delete(request: web.Request) -> web.StreamResponse:
    """End a key: one's own, or for an owner anybody's here."""
    key = await request.app[API_KEYS].delete(request.match_info["id"], tenant_of(request), _whose(request))
    changed(request, key.id, before=key_json(key))
    return no_content()


def _whose(request: web.Request) -> str | None:
    return None if Permission.MEMBERS_WRITE in ALLOWED[request[PLACE].role] else request[USER].id


_TAGS = ("accounts",)

routes = [
    Route(
        "GET",
        "/api/keys",
        index,
        needs=Standing.PERSON,
        summary="List API keys, newest first",
        description="Your own in the chosen workspace; an owner sees everybody's.",
        response=list[ApiKeyDocument],
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/keys",
        create,
        needs=Standing.PERSON,
        audit="key.create",
        summary="Make an API key",
        description=(
            "It works in the chosen workspace only, and does no more than its scopes and your role there allow. It is "
            "shown once; only a hash of it is kept."
        ),
        body=NewApiKey,
        response=WrittenApiKey,
        status=201,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/keys/{id}",
        delete,
        needs=Standing.PERSON,
        audit="key.delete",
        summary="Remove an API key",
        status=204,
        tags=_TAGS,
    ),
]
