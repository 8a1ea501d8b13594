"""Upkeep of the MongoDB store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import orjson
from bson import Int64

from engine.errors import Fenced, NotFound
from engine.models.run import JobRow, Message, RunRow
from engine.store import ANYONE, Commit, ProcessRow
from engine.stores.mongo.link import Link
from engine.stores.mongo.projections import Projections
from engine.stores.mongo.reading import Reading
from engine.stores.mongo.runs import MongoRuns
from engine.stores.mongo.schema import META, OWNERS

_PREFIX: Final = "tool:"
"""Keeps the marks of tools apart from the store's own documents."""


class MongoUpkeep:
    """Implements engine.store.Upkeep."""

    def __init__(self, link: Link, runs: MongoRuns, reading: Reading, projections: Projections) -> None:
        self._link = link
        self._runs = runs
        self._reading = reading
        self._projections = projections

    async def mark(self, name: str) -> int | None:
        """A number somebody put down."""
        found = await self._link.one(META, {"_id": _PREFIX + name})
        return None if found is None else int(found["value"])

    async def set_mark(self, name: str, value: int | None) -> None:
        """Put a number down or take it away."""
        if value is None:
            await self._link.delete(META, {"_id": _PREFIX + name})
        else:
            await self._link.update_one(META, {"_id": _PREFIX + name}, {"$set": {"value": Int64(value)}}, upsert=True)

    async def processes(self) -> list[ProcessRow]:
        """All processes with a heartbeat."""
        docs = await self._link.many(OWNERS, {}, sort=[("_id", 1)])
        return [
            ProcessRow(doc["_id"], doc["until"], orjson.loads(doc["info"]) if doc.get("info") else None) for doc in docs
        ]

    async def clock(self) -> int | None:
        """The time on the server."""
        found = await self._link.call(lambda: self._link.database.command("hello"))
        at: datetime = found["localTime"]
        return round(at.replace(tzinfo=UTC).timestamp() * 1000)

    async def messages(self, run_id: str) -> list[Message]:
        """What waits in a run's inbox."""
        return await self._runs.waiting(run_id)

    async def mend(self, before: RunRow, after: RunRow, jobs: Sequence[JobRow]) -> None:
        """Bring the summary up to its journal, then let an entry without events say what is still wrong with it."""
        try:
            current = await self._runs.get(before.id, owner=ANYONE)
        except NotFound:
            raise Fenced from None
        if _fence(current) != _fence(before):
            raise Fenced
        await self._projections.remake(before.id)
        state = await self._reading.newest(before.id)
        if state is None or state.seq != after.seq:
            raise Fenced
        await self._runs.commit(Commit(after, [], after.seq, state.owner, jobs))


def _fence(row: RunRow) -> tuple[object, ...]:
    return row.seq, row.owner, row.status, row.cancel_requested
