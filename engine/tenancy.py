"""Tenants and who may act in them: the rows, and the ports that keep them.

A tenant is a workspace. Every user has a personal one whose id is the user's own and which has no row; the others are
kept here, with their members. What other documents call their owner is the id of a workspace.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from engine.rows import Owner, Page


class MemberRole(StrEnum):
    """What a member may do in a workspace; each includes those below it."""

    OWNER = "owner"
    EDITOR = "editor"
    OPERATOR = "operator"
    VIEWER = "viewer"


@dataclass(slots=True, frozen=True)
class Member:
    """Somebody who belongs to a workspace."""

    user_id: str
    role: MemberRole
    since: int


@dataclass(slots=True, frozen=True)
class Workspace:
    """A shared workspace. `revision` counts its changes, from 1."""

    id: str
    name: str
    created_at: int
    members: tuple[Member, ...]
    revision: int = 1

    def role_of(self, user_id: str) -> MemberRole | None:
        """What this user is here; None for a stranger."""
        return next((member.role for member in self.members if member.user_id == user_id), None)


class CredentialKind(StrEnum):
    """What a kept secret lets its bearer do."""

    KEY = "key"
    """Call the API in one workspace."""
    SESSION = "session"
    """Ask for further tokens after a login."""
    INVITATION = "invitation"
    """Make an account, or join a workspace."""
    HOOK = "hook"
    """Call a webhook; its address."""


@dataclass(slots=True, frozen=True)
class Credential:
    """Something long and random that was given out once and of which only the `digest` is kept.

    `user_id` is whose it is (of an invitation: who wrote it; of a webhook's address: the workflow it leads
    to). `expires_at` None means never. `used_at` is coarse.
    """

    id: str
    kind: CredentialKind
    digest: str = field(repr=False)
    user_id: str
    workspace_id: str | None
    about: dict[str, Any]
    created_at: int
    expires_at: int | None
    used_at: int | None = None


@dataclass(slots=True, frozen=True)
class AuditEntry:
    """One change: who, what, from where. `before` and `after` are hashes of the document that changed.

    `credential_id` is the API key or session that was used, None for a token without either.
    """

    id: str
    at: int
    workspace_id: str
    user_id: str
    action: str
    target: str
    before: str | None
    after: str | None
    credential_id: str | None
    address: str
    request_id: str


class Workspaces(Protocol):
    """Shared workspaces and their members, which change together."""

    async def create(self, workspace: Workspace) -> None:
        """Add a workspace; Conflict when the id is taken."""

    async def get(self, workspace_id: str) -> Workspace:
        """One workspace, for whoever has a right to ask; NotFound for an unknown id."""

    async def of_user(self, user_id: str) -> list[Workspace]:
        """Those this user is a member of, the oldest first."""

    async def save(self, workspace: Workspace) -> None:
        """Change a workspace whose revision is `workspace.revision - 1`, all but `created_at`.

        VersionConflict when the revision is another one, NotFound for an unknown id.
        """

    async def delete(self, workspace_id: str) -> None:
        """Remove a workspace and with it all memberships; NotFound for an unknown id."""

    async def everything(self, *, limit: int, after: str | None = None) -> list[Workspace]:
        """All workspaces by id, for administrators and for moving the whole store."""


class Credentials(Protocol):
    """API keys, sessions, invitations and secret addresses of webhooks. Digests are unique."""

    async def create(self, credential: Credential) -> None:
        """Add a credential; Conflict when id or digest is taken."""

    async def get(self, credential_id: str) -> Credential | None: ...

    async def by_digest(self, digest: str) -> Credential | None: ...

    async def some(
        self, kind: CredentialKind, *, limit: int, user_id: str | None = None, workspace_id: str | None = None
    ) -> list[Credential]:
        """Those of a user, of a workspace, or of both; newest first."""

    async def replace(self, credential: Credential, *, digest: str) -> bool:
        """Change digest, expiry and `about` of one whose digest is still this one; False when it is not."""

    async def used(self, credential_id: str, at: int) -> None:
        """Note a use; never moves back."""

    async def delete(self, credential_id: str) -> bool:
        """Remove a credential for good; of several callers at once one is told True."""

    async def delete_some(
        self, kind: CredentialKind, *, user_id: str | None = None, workspace_id: str | None = None
    ) -> int:
        """Remove those of a user, of a workspace, or of both; how many it were."""

    async def prune(self, *, expired_before: int, limit: int) -> int:
        """Remove up to `limit` of those that expired before then; how many it were."""

    async def everything(self, *, limit: int, after: str | None = None) -> list[Credential]:
        """All credentials by id, for moving the whole store."""


class Audit(Protocol):
    """What was changed; entries are added and never touched again."""

    async def append(self, entry: AuditEntry) -> None:
        """Add an entry; one whose id is there already stays as it is."""

    async def page(
        self,
        *,
        owner: Owner,
        limit: int,
        cursor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        user_id: str | None = None,
    ) -> Page[AuditEntry]:
        """Newest first."""
