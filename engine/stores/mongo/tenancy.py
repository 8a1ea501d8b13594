"""Workspaces and the audit log in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pymongo.errors import DuplicateKeyError

from engine.errors import Conflict, NotFound, VersionConflict
from engine.store import Owner, Page
from engine.stores import cursor as cursors
from engine.stores.mongo import lists
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import AUDIT, WORKSPACES
from engine.tenancy import AuditEntry, Member, MemberRole, Workspace


class MongoWorkspaces:
    """Implements engine.tenancy.Workspaces. The members are part of the document."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, workspace: Workspace) -> None:
        """Add a workspace."""
        doc = {"_id": workspace.id, "createdAt": workspace.created_at, **_changing(workspace)}
        try:
            await self._link.insert_one(WORKSPACES, doc)
        except DuplicateKeyError:
            raise Conflict("a workspace with this id exists already", code="id_taken") from None

    async def get(self, workspace_id: str) -> Workspace:
        """One workspace."""
        doc = await self._link.known(WORKSPACES, {"_id": workspace_id})
        if doc is None:
            raise NotFound
        return _workspace(doc)

    async def of_user(self, user_id: str) -> list[Workspace]:
        """Those with this member."""
        docs = await self._link.many(WORKSPACES, {"members.userId": user_id}, sort=[("_id", 1)])
        return [_workspace(doc) for doc in docs]

    async def save(self, workspace: Workspace) -> None:
        """Compare and set."""
        where = {"_id": workspace.id, "revision": workspace.revision - 1}
        if not await self._link.update_one(WORKSPACES, where, {"$set": _changing(workspace)}):
            await self.get(workspace.id)
            raise VersionConflict("the workspace was changed in the meantime", hint="do it again")

    async def delete(self, workspace_id: str) -> None:
        """Remove a workspace."""
        if not await self._link.delete(WORKSPACES, {"_id": workspace_id}):
            raise NotFound

    async def everything(self, *, limit: int, after: str | None = None) -> list[Workspace]:
        """All of them by id."""
        docs = await self._link.many(WORKSPACES, {"_id": {"$gt": after or ""}}, sort=[("_id", 1)], limit=limit)
        return [_workspace(doc) for doc in docs]


class MongoAudit:
    """Implements engine.tenancy.Audit."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def append(self, entry: AuditEntry) -> None:
        """Add an entry."""
        values = asdict(entry)
        doc = {"_id": values.pop("id"), **{_CAMEL[name]: value for name, value in values.items()}}
        try:
            await self._link.insert_one(AUDIT, doc)
        except DuplicateKeyError:
            return

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
        where = lists.equal(workspaceId=lists.whose(owner), action=action, target=target, userId=user_id)
        if cursor is not None:
            where["_id"] = {"$lt": cursors.decode(cursor, str)[0]}
        docs = await self._link.many(AUDIT, where, sort=[("_id", -1)], limit=limit + 1)
        entries = [_entry(doc) for doc in docs[:limit]]
        return Page(entries, cursors.encode(entries[-1].id) if len(docs) > limit and entries else None)


_CAMEL = {
    "at": "at",
    "workspace_id": "workspaceId",
    "user_id": "userId",
    "action": "action",
    "target": "target",
    "before": "before",
    "after": "after",
    "credential_id": "credentialId",
    "address": "address",
    "request_id": "requestId",
}


def _entry(doc: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(id=doc["_id"], **{name: doc[key] for name, key in _CAMEL.items()})


def _changing(workspace: Workspace) -> Doc:
    members = [
        {"userId": member.user_id, "role": member.role.value, "since": member.since} for member in workspace.members
    ]
    return {"name": workspace.name, "revision": workspace.revision, "members": members}


def _workspace(doc: Mapping[str, Any]) -> Workspace:
    members = tuple(Member(one["userId"], MemberRole(one["role"]), one["since"]) for one in doc["members"])
    return Workspace(doc["_id"], doc["name"], doc["createdAt"], members, doc["revision"])
