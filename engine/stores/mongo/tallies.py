"""Tallies in MongoDB."""

from __future__ import annotations

import secrets
from typing import Any

import orjson
from pymongo.errors import DuplicateKeyError

from engine.jsonio import dumps
from engine.store import Tally
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import TALLIES


class MongoTallies:
    """Implements engine.store.Tallies."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def get(self, key: str) -> Tally | None:
        """What is there."""
        doc = await self._link.one(TALLIES, {"_id": key})
        return None if doc is None else Tally(key, orjson.loads(doc["value"]), doc["tag"], doc["expiresAt"])

    async def put(self, tally: Tally, *, expected: str | None) -> bool:
        """Compare and set. Of two first writers one runs into the other's key."""
        fields: dict[str, Any] = {
            "value": dumps(tally.value).decode(),
            "tag": secrets.token_hex(8),
            "expiresAt": tally.expires_at,
        }
        if expected is not None:
            where = {"_id": tally.key, "tag": expected}
            return await self._link.update_one(TALLIES, where, {"$set": fields}) == 1
        try:
            await self._link.insert_one(TALLIES, {"_id": tally.key, **fields})
        except DuplicateKeyError:
            return False
        return True

    async def prune(self, *, before: int, limit: int) -> int:
        """Forget what has expired."""
        old = {"expiresAt": {"$gte": 0, "$lt": before}}
        docs = await self._link.many(TALLIES, old, {"_id": 1}, limit=limit, hint="expired")
        ids = [doc["_id"] for doc in docs]
        return await self._link.delete(TALLIES, {"_id": {"$in": ids}, **old}) if ids else 0
