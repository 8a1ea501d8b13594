"""Schedules in MongoDB: parts of their workflow's document, so that a save replaces both at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from engine.store import Owner, ScheduleRow, ScheduleState
from engine.stores.mongo import lists
from engine.stores.mongo.documents import schedule_doc, schedule_row
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import WORKFLOWS

_SHOWN: Final = {"schedules": 1}


class MongoSchedules:
    """Implements engine.store.Schedules."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def due(self, now: int, *, limit: int) -> list[ScheduleRow]:
        """Schedules whose time has come, the most overdue first."""
        where = {"schedules": {"$elemMatch": {"nextAt": {"$lte": now}}}}
        docs = await self._link.many(WORKFLOWS, where, _SHOWN, sort=[("schedules.nextAt", 1)], limit=limit, hint="next")
        rows = sorted((row for row in _rows(docs) if row.next_at <= now), key=lambda row: row.next_at)
        return rows[:limit]

    async def advance(self, row: ScheduleRow, *, next_at: int, state: ScheduleState) -> bool:
        """Compare and set; a schedule that was edited meanwhile is another one."""
        rev = row.rev or {"$in": [0, None]}  # rows of an older form have none
        known = {"$elemMatch": {"id": row.schedule_id, "rev": rev, "nextAt": row.next_at}}
        after = schedule_doc(replace(row, next_at=next_at, state=state, rev=row.rev + 1))
        change = {"$set": {"schedules.$": after}, "$inc": {"scheduleRev": 1}}
        return bool(await self._link.update_one(WORKFLOWS, {"_id": row.workflow_id, "schedules": known}, change))

    async def all(self, *, owner: Owner, workflow_id: str | None = None) -> list[ScheduleRow]:
        """Schedules by workflow."""
        where = lists.equal(ownerId=lists.whose(owner), _id=workflow_id)
        return list(_rows(await self._link.many(WORKFLOWS, where, _SHOWN, sort=[("_id", 1)])))


def _rows(docs: Iterable[Doc]) -> Iterator[ScheduleRow]:
    for doc in docs:
        for schedule in sorted(doc["schedules"], key=lambda schedule: str(schedule["id"])):
            yield schedule_row(doc["_id"], schedule)
