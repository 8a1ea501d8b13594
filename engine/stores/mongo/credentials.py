"""API keys, sessions and invitations in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pymongo.errors import DuplicateKeyError

from engine.errors import Conflict
from engine.jsonio import dump_text
from engine.stores.mongo import lists
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import ANY_TIME, CREDENTIALS
from engine.tenancy import Credential, CredentialKind


class MongoCredentials:
    """Implements engine.tenancy.Credentials."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, credential: Credential) -> None:
        """Add a credential."""
        doc = {
            "_id": credential.id,
            "kind": credential.kind.value,
            "userId": credential.user_id,
            "workspaceId": credential.workspace_id,
            "createdAt": credential.created_at,
            "usedAt": credential.used_at,
            **_changing(credential),
        }
        try:
            await self._link.insert_one(CREDENTIALS, doc)
        except DuplicateKeyError:
            raise Conflict("this credential exists already", code="id_taken") from None

    async def get(self, credential_id: str) -> Credential | None:
        """The one with this id."""
        return _row(await self._link.known(CREDENTIALS, {"_id": credential_id}))

    async def by_digest(self, digest: str) -> Credential | None:
        """The one with this digest."""
        return _row(await self._link.known(CREDENTIALS, {"digest": digest}))

    async def some(
        self, kind: CredentialKind, *, limit: int, user_id: str | None = None, workspace_id: str | None = None
    ) -> list[Credential]:
        """Newest first."""
        where = _whose(kind, user_id, workspace_id)
        return _rows(await self._link.many(CREDENTIALS, where, sort=[("_id", -1)], limit=limit))

    async def replace(self, credential: Credential, *, digest: str) -> bool:
        """Compare and set."""
        where = {"_id": credential.id, "digest": digest}
        return bool(await self._link.update_one(CREDENTIALS, where, {"$set": _changing(credential)}))

    async def used(self, credential_id: str, at: int) -> None:
        """Note a use."""
        await self._link.update_one(CREDENTIALS, {"_id": credential_id}, {"$max": {"usedAt": at}})

    async def delete(self, credential_id: str) -> bool:
        """Remove one."""
        return bool(await self._link.delete(CREDENTIALS, {"_id": credential_id}))

    async def delete_some(
        self, kind: CredentialKind, *, user_id: str | None = None, workspace_id: str | None = None
    ) -> int:
        """Remove several."""
        return await self._link.delete(CREDENTIALS, _whose(kind, user_id, workspace_id))

    async def prune(self, *, expired_before: int, limit: int) -> int:
        """Remove what has expired."""
        where = {"expiresAt": {**ANY_TIME, "$lt": expired_before}}
        docs = await self._link.many(CREDENTIALS, where, {"_id": 1}, limit=limit)
        ids = [doc["_id"] for doc in docs]
        return await self._link.delete(CREDENTIALS, {**where, "_id": {"$in": ids}}) if ids else 0

    async def everything(self, *, limit: int, after: str | None = None) -> list[Credential]:
        """All of them by id."""
        where = {"_id": {"$gt": after or ""}}
        return _rows(await self._link.many(CREDENTIALS, where, sort=[("_id", 1)], limit=limit))


def _whose(kind: CredentialKind, user_id: str | None, workspace_id: str | None) -> Doc:
    return lists.equal(kind=kind.value, userId=user_id, workspaceId=workspace_id)


def _changing(credential: Credential) -> Doc:
    return {
        "digest": credential.digest,
        "expiresAt": credential.expires_at,
        "about": dump_text(credential.about),
    }


def _rows(docs: list[Doc]) -> list[Credential]:
    return [row for row in map(_row, docs) if row is not None]


def _row(doc: Mapping[str, Any] | None) -> Credential | None:
    if doc is None:
        return None
    return Credential(
        id=doc["_id"],
        kind=CredentialKind(doc["kind"]),
        digest=doc["digest"],
        user_id=doc["userId"],
        workspace_id=doc["workspaceId"],
        about=orjson.loads(doc["about"]),
        created_at=doc["createdAt"],
        expires_at=doc["expiresAt"],
        used_at=doc["usedAt"],
    )
