"""Secrets in MongoDB."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import orjson
from pymongo.errors import DuplicateKeyError

from engine.errors import Conflict, NotFound, VersionConflict
from engine.jsonio import dump_text
from engine.secret_rows import SecretRow
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import SECRETS

_BY_NAME: Final = [("ownerId", 1), ("name", 1)]


class MongoSecrets:
    """Implements engine.secret_rows.Secrets."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, row: SecretRow) -> None:
        """Add a secret."""
        known = {"ownerId": row.owner_id, "name": row.name, "createdAt": row.created_at, "usedAt": row.used_at}
        try:
            await self._link.insert_one(SECRETS, {**known, **_changing(row), "leaseHolder": None, "leaseUntil": 0})
        except DuplicateKeyError:
            raise Conflict(f"there is a secret {row.name} already", code="name_taken") from None

    async def get(self, owner: str, name: str) -> SecretRow:
        """One secret."""
        doc = await self._link.known(SECRETS, _one(owner, name))
        if doc is None:
            raise NotFound
        return _row(doc)

    async def some(self, owner: str, names: Collection[str]) -> list[SecretRow]:
        """Those that are there."""
        where = {"ownerId": owner, "name": {"$in": sorted(set(names))}}
        return [_row(doc) for doc in await self._link.many(SECRETS, where, sort=_BY_NAME)]

    async def page(self, owner: str, *, limit: int, after: str | None = None) -> list[SecretRow]:
        """By name."""
        where = {"ownerId": owner, "name": {"$gt": after or ""}}
        return [_row(doc) for doc in await self._link.many(SECRETS, where, sort=_BY_NAME, limit=limit)]

    async def replace(self, row: SecretRow) -> None:
        """Compare and set."""
        where = {**_one(row.owner_id, row.name), "revision": row.revision - 1}
        if not await self._link.update_one(SECRETS, where, {"$set": _changing(row)}):
            await self.get(row.owner_id, row.name)
            raise VersionConflict(f"the secret {row.name} was changed in the meantime", hint="do it again")

    async def delete(self, owner: str, name: str) -> None:
        """Remove a secret."""
        if not await self._link.delete(SECRETS, _one(owner, name)):
            raise NotFound

    async def used(self, owner: str, names: Collection[str], at: int) -> None:
        """Note a use."""
        where: Doc = {"ownerId": owner, "name": {"$in": sorted(set(names))}}
        await self._link.update_many(SECRETS, where, {"$max": {"usedAt": at}})

    async def lease(self, owner: str, name: str, *, holder: str, now: int, until: int) -> bool:
        """Take the lease when it is free."""
        free = [{"leaseHolder": holder}, {"leaseUntil": {"$lte": now}}]
        change = {"$set": {"leaseHolder": holder, "leaseUntil": until}}
        return bool(await self._link.update_one(SECRETS, {**_one(owner, name), "$or": free}, change))

    async def unlease(self, owner: str, name: str, *, holder: str) -> None:
        """Give the lease back."""
        where = {**_one(owner, name), "leaseHolder": holder}
        await self._link.update_one(SECRETS, where, {"$set": {"leaseHolder": None, "leaseUntil": 0}})

    async def everything(self, *, limit: int, after: tuple[str, str] | None = None) -> list[SecretRow]:
        """Secrets of all tenants."""
        where: Doc = {}
        if after is not None:
            where = {"$or": [{"ownerId": {"$gt": after[0]}}, {"ownerId": after[0], "name": {"$gt": after[1]}}]}
        return [_row(doc) for doc in await self._link.many(SECRETS, where, sort=_BY_NAME, limit=limit)]

    async def key_ids(self) -> set[str]:
        """The keys in use."""
        return {str(key) for key in await self._link.call(lambda: self._link[SECRETS].distinct("keyId"))}


def _one(owner: str, name: str) -> Doc:
    return {"ownerId": owner, "name": name}


def _changing(row: SecretRow) -> Doc:
    return {
        "kind": row.kind,
        "revision": row.revision,
        "keyId": row.key_id,
        "sealed": row.sealed,
        "about": dump_text(row.about),
        "updatedAt": row.updated_at,
    }


def _row(doc: Mapping[str, Any]) -> SecretRow:
    return SecretRow(
        owner_id=doc["ownerId"],
        name=doc["name"],
        kind=doc["kind"],
        revision=doc["revision"],
        key_id=doc["keyId"],
        sealed=doc["sealed"],
        about=orjson.loads(doc["about"]),
        created_at=doc["createdAt"],
        updated_at=doc["updatedAt"],
        used_at=doc["usedAt"],
    )
