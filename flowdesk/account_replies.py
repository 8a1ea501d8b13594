"""What the server says about workspaces, who is in them, API keys and changes."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class WorkspaceDoc(TypedDict):
    """A workspace one is in."""

    id: str
    name: str
    personal: bool
    role: str | None
    members: int
    createdAt: str


class MemberDoc(TypedDict):
    """Somebody in a workspace."""

    userId: str
    email: str | None
    role: str
    since: str


class InvitationDoc(TypedDict):
    """An open invitation; `code` only in the answer to whoever wrote it."""

    id: str
    email: str
    role: str | None
    workspaceId: str | None
    invitedBy: str
    createdAt: str
    expiresAt: str
    code: NotRequired[str]


class KeyDoc(TypedDict):
    """An API key; `key` only in the answer to whoever made it."""

    id: str
    name: str
    prefix: str
    userId: str
    workspaceId: str
    scopes: list[str]
    createdAt: str
    expiresAt: str | None
    lastUsedAt: str | None
    key: NotRequired[str]


class AuditDoc(TypedDict):
    """One change."""

    id: str
    at: str
    workspaceId: str
    userId: str
    credentialId: str | None
    action: str
    target: str
    before: str | None
    after: str | None
    address: str
    requestId: str


class FindingDoc(TypedDict):
    """Something risky: `where` it is and what to do."""

    code: str
    severity: Literal["high", "medium", "low"]
    where: str
    message: str
    remedy: str


class ReviewDoc(TypedDict):
    """What was looked at, and what was found, the worst first."""

    workspaceId: str
    server: bool
    findings: list[FindingDoc]
