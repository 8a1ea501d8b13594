"""Workspaces, credentials and the audit log in the memory store."""

from __future__ import annotations

import copy
from dataclasses import replace

from engine.errors import Conflict, NotFound, VersionConflict
from engine.store import Owner, Page
from engine.stores.memory_data import Data, may, page
from engine.tenancy import AuditEntry, Credential, CredentialKind, Workspace


class MemoryWorkspaces:
    """Implements engine.tenancy.Workspaces."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def create(self, workspace: Workspace) -> None:
        """Add a workspace."""
        if workspace.id in self._data.workspaces:
            raise Conflict("a workspace with this id exists already", code="id_taken")
        self._data.workspaces[workspace.id] = workspace

    async def get(self, workspace_id: str) -> Workspace:
        """One workspace."""
        found = self._data.workspaces.get(workspace_id)
        if found is None:
            raise NotFound
        return found

    async def of_user(self, user_id: str) -> list[Workspace]:
        """Those with this member."""
        found = [one for one in self._data.workspaces.values() if one.role_of(user_id) is not None]
        return sorted(found, key=lambda one: one.id)

    async def save(self, workspace: Workspace) -> None:
        """Compare and set."""
        known = await self.get(workspace.id)
        if known.revision != workspace.revision - 1:
            raise VersionConflict("the workspace was changed in the meantime", hint="do it again")
        self._data.workspaces[workspace.id] = replace(workspace, created_at=known.created_at)

    async def delete(self, workspace_id: str) -> None:
        """Remove a workspace."""
        if self._data.workspaces.pop(workspace_id, None) is None:
            raise NotFound

    async def everything(self, *, limit: int, after: str | None = None) -> list[Workspace]:
        """All of them by id."""
        ids = sorted(one for one in self._data.workspaces if after is None or one > after)
        return [self._data.workspaces[one] for one in ids[:limit]]


class MemoryCredentials:
    """Implements engine.tenancy.Credentials."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def create(self, credential: Credential) -> None:
        """Add a credential."""
        if credential.id in self._data.credentials or await self.by_digest(credential.digest) is not None:
            raise Conflict("this credential exists already", code="id_taken")
        self._data.credentials[credential.id] = copy.deepcopy(credential)

    async def get(self, credential_id: str) -> Credential | None:
        """The one with this id."""
        return copy.deepcopy(self._data.credentials.get(credential_id))

    async def by_digest(self, digest: str) -> Credential | None:
        """The one with this digest."""
        found = (one for one in self._data.credentials.values() if one.digest == digest)
        return copy.deepcopy(next(found, None))

    async def some(
        self, kind: CredentialKind, *, limit: int, user_id: str | None = None, workspace_id: str | None = None
    ) -> list[Credential]:
        """Newest first."""
        found = sorted(self._matching(kind, user_id, workspace_id), key=lambda one: one.id, reverse=True)
        return copy.deepcopy(found[:limit])

    async def replace(self, credential: Credential, *, digest: str) -> bool:
        """Compare and set."""
        known = self._data.credentials.get(credential.id)
        if known is None or known.digest != digest:
            return False
        self._data.credentials[credential.id] = replace(
            known,
            digest=credential.digest,
            expires_at=credential.expires_at,
            about=copy.deepcopy(credential.about),
        )
        return True

    async def used(self, credential_id: str, at: int) -> None:
        """Note a use."""
        known = self._data.credentials.get(credential_id)
        if known is not None and (known.used_at or 0) < at:
            self._data.credentials[credential_id] = replace(known, used_at=at)

    async def delete(self, credential_id: str) -> bool:
        """Remove one."""
        return self._data.credentials.pop(credential_id, None) is not None

    async def delete_some(
        self, kind: CredentialKind, *, user_id: str | None = None, workspace_id: str | None = None
    ) -> int:
        """Remove several."""
        return self._drop(self._matching(kind, user_id, workspace_id))

    async def prune(self, *, expired_before: int, limit: int) -> int:
        """Remove what has expired."""
        expired = [
            one
            for one in self._data.credentials.values()
            if one.expires_at is not None and one.expires_at < expired_before
        ]
        return self._drop(expired[:limit])

    async def everything(self, *, limit: int, after: str | None = None) -> list[Credential]:
        """All of them by id."""
        ids = sorted(one for one in self._data.credentials if after is None or one > after)
        return [copy.deepcopy(self._data.credentials[one]) for one in ids[:limit]]

    def _matching(self, kind: CredentialKind, user_id: str | None, workspace_id: str | None) -> list[Credential]:
        return [
            one
            for one in self._data.credentials.values()
            if one.kind is kind and user_id in (None, one.user_id) and workspace_id in (None, one.workspace_id)
        ]

    def _drop(self, found: list[Credential]) -> int:
        for one in found:
            del self._data.credentials[one.id]
        return len(found)


class MemoryAudit:
    """Implements engine.tenancy.Audit."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def append(self, entry: AuditEntry) -> None:
        """Add an entry."""
        self._data.audit.setdefault(entry.id, entry)

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
        found = [
            entry
            for entry in self._data.audit.values()
            if may(owner, entry.workspace_id)
            and action in (None, entry.action)
            and target in (None, entry.target)
            and user_id in (None, entry.user_id)
        ]
        return page(found, lambda entry: (entry.id,), limit, cursor, str)
