"""Policies of workspaces in MongoDB."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from pymongo.errors import DuplicateKeyError

from engine.errors import VersionConflict
from engine.jsonio import dump_text
from engine.policy_rows import PolicyRow, too_late
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import POLICIES


class MongoPolicies:
    """Implements engine.policy_rows.Policies. The value is text, so that no key of it means anything to MongoDB."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def get(self, workspace_id: str) -> PolicyRow | None:
        """The one of this workspace."""
        doc = await self._link.known(POLICIES, {"_id": workspace_id})
        return None if doc is None else _row(doc)

    async def put(self, row: PolicyRow) -> None:
        """Compare and set."""
        fields = {"revision": row.revision, "value": dump_text(row.value)}
        if row.revision == 1:
            try:
                await self._link.insert_one(POLICIES, {"_id": row.workspace_id, **fields})
            except DuplicateKeyError:
                raise VersionConflict(too_late(), hint="do it again") from None
            return
        where = {"_id": row.workspace_id, "revision": row.revision - 1}
        if not await self._link.update_one(POLICIES, where, {"$set": fields}):
            raise VersionConflict(too_late(), hint="do it again")

    async def delete(self, workspace_id: str) -> None:
        """Remove it."""
        await self._link.delete(POLICIES, {"_id": workspace_id})

    async def everything(self, *, limit: int, after: str | None = None) -> list[PolicyRow]:
        """All of them by workspace."""
        docs = await self._link.many(POLICIES, {"_id": {"$gt": after or ""}}, sort=[("_id", 1)], limit=limit)
        return [_row(doc) for doc in docs]


def _row(doc: Mapping[str, Any]) -> PolicyRow:
    return PolicyRow(doc["_id"], doc["revision"], orjson.loads(doc["value"]))
