"""Members of the chosen workspace: list, give another role, let go."""

from __future__ import annotations

from aiohttp import web

from engine.errors import NotFound, Refused
from engine.tenancy import Member, MemberRole
from server.audit_trail import changed
from server.keys import ACCOUNTS, API_KEYS, PLACE, TENANTS, USER, tenant_of
from server.permissions import Permission
from server.requests import body, json_response, no_content
from server.routing import Route
from server.tenancy_documents import MemberDocument, RoleChange, member_json
from server.tenants import personal


async def index(request: web.Request) -> web.StreamResponse:
    """Everybody in the workspace, the first to join first."""
    user, workspace_id = request[USER], tenant_of(request)
    if workspace_id == user.id:
        return json_response([member_json(Member(user.id, MemberRole.OWNER, user.created_at), user.email)])
    workspace = await request.app[TENANTS].get(workspace_id)
    accounts = request.app[ACCOUNTS]
    people = [(member, await accounts.by_id(member.user_id)) for member in workspace.members]
    return json_response([member_json(member, None if person is None else person.email) for member, person in people])


async def change(request: web.Request) -> web.StreamResponse:
    """Give a member another role."""
    given = await body(request, RoleChange)
    tenants, workspace_id, user_id = request.app[TENANTS], tenant_of(request), request.match_info["userId"]
    await _known(request, user_id)
    before, after = await tenants.put_member(workspace_id, user_id, given.role)
    changed(request, user_id, before=before, after=after)
    member = next(one for one in after.members if one.user_id == user_id)
    person = await request.app[ACCOUNTS].by_id(user_id)
    return json_response(member_json(member, None if person is None else person.email))


async def remove(request: web.Request) -> web.StreamResponse:
    """Let a member go, or leave; the API keys they have here end."""
    workspace_id, user_id = tenant_of(request), request.match_info["userId"]
    place = request[PLACE]
    if user_id != request[USER].id:
        place.demand(Permission.MEMBERS_WRITE)
    elif place.scopes is not None:
        raise Refused("this needs a login; an API key does not do", code="login_needed", hint="log in")
    await _known(request, user_id)
    before, after = await request.app[TENANTS].remove_member(workspace_id, user_id)
    await request.app[API_KEYS].leave(workspace_id, user_id)
    changed(request, user_id, before=before, after=after)
    return no_content()


async def _known(request: web.Request, user_id: str) -> None:
    """NotFound for whoever is no member; Conflict for the one who is alone in a personal workspace."""
    workspace_id = tenant_of(request)
    if workspace_id == request[USER].id:
        raise personal() if user_id == workspace_id else NotFound()
    if (await request.app[TENANTS].get(workspace_id)).role_of(user_id) is None:
        raise NotFound


_TAGS = ("workspaces",)

routes = [
    Route(
        "GET",
        "/api/members",
        index,
        needs=Permission.MEMBERS_READ,
        summary="List who is in the workspace",
        response=list[MemberDocument],
        tags=_TAGS,
    ),
    Route(
        "PUT",
        "/api/members/{userId}",
        change,
        needs=Permission.MEMBERS_WRITE,
        audit="member.change",
        summary="Give a member another role",
        description="409 `last_owner` for taking the role from the last owner.",
        body=RoleChange,
        response=MemberDocument,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/members/{userId}",
        remove,
        needs=Permission.MEMBERS_READ,
        audit="member.remove",
        summary="Let a member go, or leave yourself",
        description="Others can only be let go by owners. The API keys they have in this workspace end with it.",
        status=204,
        tags=_TAGS,
    ),
]
