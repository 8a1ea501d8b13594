"""Invitations to the chosen workspace, or only to an account; accepting one."""

from __future__ import annotations

from aiohttp import web

from engine.errors import NotFound
from engine.tenancy import Credential, MemberRole
from server.accounts import normal_email
from server.audit_trail import changed
from server.keys import INVITATIONS, TENANTS, USER, tenant_of
from server.permissions import Permission, Standing
from server.requests import body, json_response, no_content
from server.routing import Route
from server.tenancy_documents import (
    InvitationDocument,
    Joining,
    NewAccountInvitation,
    NewInvitation,
    WorkspaceDocument,
    WrittenInvitation,
    invitation_json,
    workspace_json,
)
from server.tenants import unknown


async def index(request: web.Request) -> web.StreamResponse:
    """Invitations to this workspace that are open, newest first."""
    found = await request.app[INVITATIONS].page(tenant_of(request), None)
    return json_response([invitation_json(one) for one in found])


async def create(request: web.Request) -> web.StreamResponse:
    """Invite an address to this workspace; whether it has an account is not told."""
    given = await body(request, NewInvitation)
    workspace = await request.app[TENANTS].get(tenant_of(request))
    return await _written(request, given.email, workspace.id, given.role, given.days)


async def create_account_invitation(request: web.Request) -> web.StreamResponse:
    """Invite an address to make an account."""
    given = await body(request, NewAccountInvitation)
    return await _written(request, given.email, None, None, given.days)


async def _written(
    request: web.Request, email: str, workspace_id: str | None, role: MemberRole | None, days: int
) -> web.Response:
    invitation, code = await request.app[INVITATIONS].create(
        request[USER], normal_email(email), workspace_id=workspace_id, role=role, days=days
    )
    document = invitation_json(invitation)
    changed(request, invitation.id, after=document)
    return json_response({**document, "code": code}, status=201)


async def delete(request: web.Request) -> web.StreamResponse:
    """Take an invitation to this workspace back."""
    found = await request.app[INVITATIONS].delete(request.match_info["id"], tenant_of(request))
    return _taken_back(request, found)


async def index_account_invitations(request: web.Request) -> web.StreamResponse:
    """Open invitations of the caller that are only for an account."""
    found = await request.app[INVITATIONS].page(None, request[USER].id)
    return json_response([invitation_json(one) for one in found if one.workspace_id is None])


async def delete_account_invitation(request: web.Request) -> web.StreamResponse:
    """Take an invitation to an account back."""
    found = await request.app[INVITATIONS].delete(request.match_info["id"], None)
    return _taken_back(request, found)


def _taken_back(request: web.Request, invitation: Credential) -> web.Response:
    changed(request, invitation.id, before=invitation_json(invitation))
    return no_content()


async def accept(request: web.Request) -> web.StreamResponse:
    """Join the workspace the invitation is to."""
    given = await body(request, Joining)
    user, invitations = request[USER], request.app[INVITATIONS]
    invitation = await invitations.find(given.invitation, user.email)
    if invitation.workspace_id is None:
        raise unknown()
    await invitations.take(invitation)
    try:
        before, after = await request.app[TENANTS].put_member(
            invitation.workspace_id, user.id, MemberRole(invitation.about["role"])
        )
    except NotFound:
        raise unknown() from None
    except BaseException:
        await invitations.give_back(invitation)
        raise
    changed(request, user.id, before=before, after=after, workspace_id=after.id)
    return json_response(workspace_json(after, user.id))


_TAGS = ("workspaces",)

routes = [
    Route(
        "GET",
        "/api/invitations",
        index,
        needs=Permission.MEMBERS_WRITE,
        summary="List open invitations to the workspace, newest first",
        response=list[InvitationDocument],
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/invitations",
        create,
        needs=Permission.MEMBERS_WRITE,
        audit="invitation.create",
        summary="Invite somebody to the workspace",
        description=(
            "The code is for this one address, with an account (`POST /api/invitations/accept`) or without one "
            "(`POST /api/auth/register` with `invitation`). The answer does not tell which of the two it is."
        ),
        body=NewInvitation,
        response=WrittenInvitation,
        status=201,
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/invitations/{id}",
        delete,
        needs=Permission.MEMBERS_WRITE,
        audit="invitation.delete",
        summary="Take an invitation back",
        status=204,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/invitations/accept",
        accept,
        needs=Standing.PERSON,
        audit="member.join",
        summary="Join a workspace with an invitation",
        description="403 `invitation_needed` for a code that is unknown, used, expired or for another address.",
        body=Joining,
        response=WorkspaceDocument,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/users/invitations",
        index_account_invitations,
        admin=True,
        summary="List your open invitations to an account",
        response=list[InvitationDocument],
        tags=("accounts",),
    ),
    Route(
        "POST",
        "/api/users/invitations",
        create_account_invitation,
        admin=True,
        audit="invitation.create",
        summary="Invite somebody to make an account",
        body=NewAccountInvitation,
        response=WrittenInvitation,
        status=201,
        tags=("accounts",),
    ),
    Route(
        "DELETE",
        "/api/users/invitations/{id}",
        delete_account_invitation,
        admin=True,
        audit="invitation.delete",
        summary="Take an invitation to an account back",
        status=204,
        tags=("accounts",),
    ),
]
