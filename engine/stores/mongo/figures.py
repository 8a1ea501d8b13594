"""Figures in MongoDB: counted over the list indexes alone, without looking at a summary."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from engine.models.figures import HOUR_MS, RunFigures, WorkflowFigures
from engine.models.run import FINISHED, RunStatus, TriggerKind
from engine.store import Counted, Owner
from engine.stores.mongo import lists
from engine.stores.mongo.documents import run_row
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import RUNS, WORKFLOWS

_COUNT_S: Final = 5.0
"""Counting goes over every index entry of the time in question, which may be more than a list ever reads."""
_ALL: Final = [status.value for status in RunStatus]
_OPEN: Final = [status.value for status in RunStatus if status not in FINISHED]
_ENDED: Final = [RunStatus.SUCCESS.value, RunStatus.FAILED.value]
_WHOLE: Final[Doc] = {"trigger": {"$ne": TriggerKind.ROUND.value}}
"""The rounds of a loop are part of the run that loops."""
_NEWEST_FIRST: Final = {"createdAt": -1, "_id": -1}


class MongoFigures:
    """Implements engine.store.Figures."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def runs(self, *, owner: Owner, since: int, until: int, sample: int) -> RunFigures:
        """Of the runs made in these hours."""
        made = {"$gte": since, "$lt": until}
        index = "user" if isinstance(owner, str) else "status"
        hour = {"$subtract": ["$createdAt", {"$mod": [{"$subtract": ["$createdAt", since]}, HOUR_MS]}]}
        hours, opened, durations = await asyncio.gather(
            self._counted(
                owner, {"status": {"$in": _ALL}, "createdAt": made}, {"status": "$status", "at": hour}, index
            ),
            self._counted(owner, {"status": {"$in": _OPEN}}, {"status": "$status"}, index),
            self._durations(owner, made, sample, index),
        )
        figures = RunFigures(durations_ms=durations)
        for key, count in hours:
            figures.hours.setdefault(int(key["at"]), {})[RunStatus(key["status"])] = count
        figures.open = {RunStatus(key["status"]): count for key, count in opened}
        return figures

    async def _counted(self, owner: Owner, where: Doc, key: Doc, index: str) -> list[tuple[Doc, int]]:
        pipeline = [
            {"$match": {**lists.equal(userId=lists.whose(owner)), **_WHOLE, **where}},
            {"$group": {"_id": key, "count": {"$sum": 1}}},
        ]
        return [(doc["_id"], int(doc["count"])) for doc in await self._piped(RUNS, pipeline, index)]

    async def _durations(self, owner: Owner, made: Doc, sample: int, index: str) -> list[int]:
        where = {**lists.equal(userId=lists.whose(owner)), **_WHOLE, "status": {"$in": _ENDED}, "createdAt": made}
        shown = {"startedAt": 1, "finishedAt": 1}
        newest = [("createdAt", -1), ("_id", -1)]
        docs = await self._link.many(RUNS, where, shown, sort=newest, limit=sample, hint=index)
        ends = [(doc["startedAt"], doc["finishedAt"]) for doc in docs]
        return [max(0, end - start) for start, end in ends if start is not None and end is not None]

    async def workflows(
        self, *, owner: Owner, since: int, limit: int, ids: Sequence[str] | None = None
    ) -> list[WorkflowFigures]:
        """Of these workflows."""
        where: Doc = lists.equal(ownerId=lists.whose(owner))
        if ids is not None:
            where["_id"] = {"$in": list(ids)}
        pipeline: list[Doc] = [
            {"$match": where},
            {"$sort": {"_id": -1}},
            {"$limit": limit},
            {"$project": {"_id": 1}},
            _looked_up("lately", [{"$group": {"_id": "$status", "count": {"$sum": 1}}}], since),
            *(_looked_up(f"last{status}", [{"$sort": _NEWEST_FIRST}, {"$limit": 1}], status=status) for status in _ALL),
        ]
        index = "owner" if isinstance(owner, str) and ids is None else "_id_"
        return [_figures(doc) for doc in await self._piped(WORKFLOWS, pipeline, index)]

    async def count(self, owner_id: str, what: Counted, *, most: int) -> int:
        """How many there are, as entries of an index."""
        collection, index, where = WORKFLOWS, "owner", Doc(ownerId=owner_id)
        if what != "workflows":
            statuses = _ALL if what == "runs" else [RunStatus.QUEUED.value]
            collection, index, where = RUNS, "user", {"userId": owner_id, "status": {"$in": statuses}, **_WHOLE}
        return await self._link.call(
            lambda: self._link[collection].count_documents(where, limit=most, hint=index), seconds=_COUNT_S
        )

    async def _piped(self, collection: str, pipeline: list[Doc], index: str) -> list[Doc]:
        async def read() -> list[Doc]:
            found: list[Doc] = await self._link[collection].aggregate(pipeline, hint=index).to_list(None)
            return found

        return await self._link.call(read, seconds=_COUNT_S)


def _looked_up(name: str, then: list[Doc], since: int | None = None, *, status: str | None = None) -> Doc:
    """Runs of a workflow: those of one status, or all that were made since then."""
    match: Doc = {"$expr": {"$eq": ["$workflowId", "$$workflow"]}, "status": status or {"$in": _ALL}, **_WHOLE}
    if since is not None:
        match["createdAt"] = {"$gte": since}
    pipeline = [{"$match": match}, *then]
    return {"$lookup": {"from": RUNS, "let": {"workflow": "$_id"}, "pipeline": pipeline, "as": name}}


def _figures(doc: Doc) -> WorkflowFigures:
    lately = {found["_id"]: int(found["count"]) for found in doc["lately"]}
    newest = [found for status in _ALL for found in doc[f"last{status}"]]
    last = max(newest, key=lambda found: (found["createdAt"], found["_id"]), default=None)
    row = None if last is None else run_row(last["_id"], last)
    return WorkflowFigures(doc["_id"], row, sum(lately.values()), lately.get(RunStatus.FAILED.value, 0))
