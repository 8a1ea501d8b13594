"""What is said about workspaces, members, invitations, API keys and the audit log, coming in and going out."""

from __future__ import annotations

from typing import Any, Final, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, StrictBool, StrictInt, model_validator

from engine.clock import iso
from engine.models.base import Document
from engine.tenancy import AuditEntry, Credential, Member, MemberRole, Workspace
from server.api_models import Id, PageQuery
from server.permissions import Permission
from server.tenants import PERSONAL

MAX_DAYS: Final = 3650


class WorkspaceName(Document):
    """What a workspace is to be called."""

    name: str = Field(min_length=1, max_length=80)
    """What people call it."""


class WorkspaceDocument(Document):
    """A workspace."""

    id: str
    """Its id; a personal one has its user's."""
    name: str
    """What people call it; `personal` is everybody's own."""
    personal: bool
    """Whether nobody else can enter it."""
    role: MemberRole | None
    """What the caller may do there; null for an administrator who is no member."""
    members: int
    """How many people are in it."""
    created_at: AwareDatetime
    """When it was made."""


class MemberDocument(Document):
    """Somebody in a workspace."""

    user_id: str
    """The user's id."""
    email: str | None
    """The user's address; null when the account is gone."""
    role: MemberRole
    """`viewer` looks, `operator` also starts and stops runs, `editor` also changes workflows, `owner` may do all."""
    since: AwareDatetime
    """When they joined."""


class RoleChange(Document):
    """Another role."""

    role: MemberRole
    """What the member may do from now on."""


class NewInvitation(Document):
    """Who is to be let in."""

    email: str = Field(max_length=254)
    """The one address the invitation is for."""
    role: MemberRole = MemberRole.VIEWER
    """What they may do in the workspace."""
    days: StrictInt = Field(default=7, ge=1, le=90)
    """How many days it can be used."""


class NewAccountInvitation(Document):
    """Who may make an account."""

    email: str = Field(max_length=254)
    """The one address the invitation is for."""
    days: StrictInt = Field(default=7, ge=1, le=90)
    """How many days it can be used."""


class InvitationDocument(Document):
    """An invitation nobody has used yet."""

    id: str
    """The invitation's id."""
    email: str
    """Whom it is for."""
    role: MemberRole | None
    """What they may do in the workspace; null when it is only for an account."""
    workspace_id: str | None
    """The workspace, if any."""
    invited_by: str
    """The id of whoever wrote it."""
    created_at: AwareDatetime
    """When it was written."""
    expires_at: AwareDatetime
    """Until when it can be used."""


class WrittenInvitation(InvitationDocument):
    """An invitation with its code."""

    code: str
    """Give it to whom it is for; it is not shown again."""


class Joining(Document):
    """An invitation to accept."""

    model_config = ConfigDict(hide_input_in_errors=True)

    invitation: str = Field(min_length=1, max_length=200)
    """The code of the invitation."""


class NewApiKey(Document):
    """An API key to be made."""

    name: str = Field(min_length=1, max_length=80)
    """What it is for."""
    scopes: list[Permission | Literal["admin"]] = Field(min_length=1, max_length=20)
    """What it may do: no more than you may, and no more than you may at the time it is used."""
    days: StrictInt | None = Field(default=None, ge=1, le=MAX_DAYS)
    """How many days it works."""
    never_expires: StrictBool = False
    """That it works until it is removed; this or `days` must be given."""

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.days is None) is not self.never_expires:
            raise ValueError("give either days or neverExpires")
        return self


class ApiKeyDocument(Document):
    """An API key without what it is used with."""

    id: str
    """The key's id."""
    name: str
    """What it is for."""
    prefix: str
    """How it begins, to tell it from others."""
    user_id: str
    """Whose it is."""
    workspace_id: str
    """The one workspace it works in."""
    scopes: list[str]
    """What it may do."""
    created_at: AwareDatetime
    """When it was made."""
    expires_at: AwareDatetime | None
    """When it ends; null for never."""
    last_used_at: AwareDatetime | None
    """When it was last used, within an hour; null for not yet."""


class WrittenApiKey(ApiKeyDocument):
    """An API key just made."""

    key: str
    """Send it as `Authorization: Bearer <key>`; it is not shown again."""


class AuditQuery(PageQuery):
    """Which changes to list."""

    action: str | None = Field(default=None, max_length=200)
    """Only changes of this kind, such as `workflow.save`."""
    target: Id | None = None
    """Only changes of this thing."""
    user_id: Id | None = None
    """Only changes made by this user."""


class AuditDocument(Document):
    """One change."""

    id: str
    """The entry's id."""
    at: AwareDatetime
    """When it was made."""
    workspace_id: str
    """Where."""
    user_id: str
    """By whom."""
    credential_id: str | None
    """With which API key or session."""
    action: str
    """What was done."""
    target: str
    """To what: an id, or a name."""
    before: str | None
    """A hash of what it was before; null for nothing, or nothing that could be compared."""
    after: str | None
    """A hash of what it was afterwards."""
    address: str
    """Where the request came from."""
    request_id: str
    """The request, as the server's log calls it."""


def workspace_json(workspace: Workspace, user_id: str) -> dict[str, Any]:
    """A shared workspace as this user sees it."""
    return {
        "id": workspace.id,
        "name": workspace.name,
        "personal": False,
        "role": workspace.role_of(user_id),
        "members": len(workspace.members),
        "createdAt": iso(workspace.created_at),
    }


def personal_json(user_id: str, created_at: int) -> dict[str, Any]:
    """A personal workspace."""
    return {
        "id": user_id,
        "name": PERSONAL,
        "personal": True,
        "role": MemberRole.OWNER,
        "members": 1,
        "createdAt": iso(created_at),
    }


def member_json(member: Member, email: str | None) -> dict[str, Any]:
    """A member."""
    return {"userId": member.user_id, "email": email, "role": member.role, "since": iso(member.since)}


def invitation_json(invitation: Credential) -> dict[str, Any]:
    """An invitation without its code."""
    return {
        "id": invitation.id,
        "email": invitation.about["email"],
        "role": invitation.about["role"],
        "workspaceId": invitation.workspace_id,
        "invitedBy": invitation.user_id,
        "createdAt": iso(invitation.created_at),
        "expiresAt": iso(invitation.expires_at or 0),
    }


def key_json(key: Credential) -> dict[str, Any]:
    """An API key without its text."""
    return {
        "id": key.id,
        "name": key.about["name"],
        "prefix": key.about["prefix"],
        "userId": key.user_id,
        "workspaceId": key.workspace_id,
        "scopes": key.about["scopes"],
        "createdAt": iso(key.created_at),
        "expiresAt": None if key.expires_at is None else iso(key.expires_at),
        "lastUsedAt": None if key.used_at is None else iso(key.used_at),
    }


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry of the audit log."""
    return {
        "id": entry.id,
        "at": iso(entry.at),
        "workspaceId": entry.workspace_id,
        "userId": entry.user_id,
        "credentialId": entry.credential_id,
        "action": entry.action,
        "target": entry.target,
        "before": entry.before,
        "after": entry.after,
        "address": entry.address,
        "requestId": entry.request_id,
    }
