"""Removing old runs with all that belongs to them, in portions.

The summary goes last, so what a crash leaves half removed is found and removed again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from engine.models.run import FINISHED, RunStatus, TriggerKind
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.entries import State, no_entry
from engine.stores.mongo.journal import Journal, Taken
from engine.stores.mongo.link import BULK_S, Link, Sort
from engine.stores.mongo.schema import BLOBS, DELETED, JOBS, JOURNAL, MESSAGES, META, RUNS, VERSIONS, WORKFLOWS

_RUNS_AT_ONCE: Final = 50
_ROUNDS: Final = 1_000_000
"""More rounds than the loops of so many runs can have."""
_ROUND: Final = TriggerKind.ROUND.value
_WORKFLOWS_AT_ONCE: Final = 200
_SHOWN: Final = {"rev": 1, "seq": 1, "status": 1, "callerRunId": 1}
_FINISHED: Final = {"$in": [status.value for status in sorted(FINISHED)]}


class Retention:
    """Implements `Runs.prune` and `Runs.delete_for_workflow`."""

    def __init__(self, link: Link, journal: Journal) -> None:
        self._link = link
        self._journal = journal

    async def finished_before(self, at: int, limit: int) -> int:
        """Remove up to `limit` runs finished before then, the oldest first."""
        where: Doc = {"open": False, "finishedAt": {"$lt": at}}
        return await self._remove(where, limit, "finished", [("finishedAt", 1)], at)

    async def of_workflow(self, workflow_id: str, limit: int) -> int:
        """Remove up to `limit` finished runs of a workflow."""
        return await self._remove({"workflowId": workflow_id, "status": _FINISHED}, limit, "workflow", None, None)

    async def of_owner(self, owner_id: str, limit: int) -> int:
        """Remove up to `limit` finished runs of a workspace, the oldest first, and the rounds of their loops."""
        where: Doc = {"userId": owner_id, "status": _FINISHED, "trigger": {"$ne": _ROUND}}
        gone: list[str] = []
        removed = await self._remove(where, limit, "user", [("createdAt", 1), ("_id", 1)], None, gone)
        while gone:
            loops, gone = gone, []
            for first in range(0, len(loops), _RUNS_AT_ONCE):
                of = {"callerRunId": {"$in": loops[first : first + _RUNS_AT_ONCE]}, "trigger": _ROUND}
                removed += await self._remove({**of, "status": _FINISHED}, _ROUNDS, "caller", None, None, gone)
        return removed

    async def _remove(
        self, where: Doc, limit: int, index: str, sort: Sort | None, before: int | None, gone: list[str] | None = None
    ) -> int:
        removed = 0
        needing: set[str] = set()
        while removed < limit:
            wanted = min(_RUNS_AT_ONCE, limit - removed)
            chosen = {**where, "callerRunId": {"$nin": sorted(needing)}} if needing else where
            docs = await self._link.many(RUNS, chosen, _SHOWN, sort=sort, limit=wanted, hint=index, seconds=BULK_S)
            more = await self._still_needing(docs, before)
            if more:  # what a run has called stays as long as it may ask for it
                needing |= more
                continue
            ids = await self._fenced(docs)
            if ids:
                await self._remove_runs(ids)
            removed += len(ids)
            if gone is not None:
                gone += ids
            if len(docs) < wanted or not ids:
                break
        await self._forget_workflows()
        return removed

    async def _still_needing(self, docs: Sequence[Doc], before: int | None) -> set[str]:
        """The runs that called some of these and have not finished, or not long enough ago."""
        callers = sorted({doc["callerRunId"] for doc in docs if doc.get("callerRunId")})
        if not callers:
            return set()
        late: list[Doc] = [{"open": True}]
        if before is not None:
            late.append({"finishedAt": {"$gte": before}})
        found = await self._link.many(RUNS, {"_id": {"$in": callers}, "$or": late}, {"_id": 1}, seconds=BULK_S)
        return {doc["_id"] for doc in found}

    async def _fenced(self, docs: Sequence[Doc]) -> list[str]:
        """Those runs of which nothing can come any more. A FAILED one may be opened again at this very moment."""
        failed = [doc for doc in docs if doc["status"] == RunStatus.FAILED.value]
        answers = await asyncio.gather(*map(self._fence, failed))
        lost = {doc["_id"] for doc, fenced in zip(failed, answers, strict=True) if not fenced}
        return [doc["_id"] for doc in docs if doc["_id"] not in lost]

    async def _fence(self, doc: Doc) -> bool:
        rev = State(doc["rev"], doc["seq"], None).next_rev
        try:
            await self._journal.append(no_entry(doc["_id"], rev), doc["rev"], _forget)
        except Taken:
            newest = await self._link.one(JOURNAL, {"runId": doc["_id"]}, {"void": 1}, sort=[("rev", -1)])
            return newest is not None and "void" in newest  # a fence of an earlier attempt that did not get further
        return True

    async def _remove_runs(self, ids: list[str]) -> None:
        link, mine = self._link, {"runId": {"$in": ids}}
        entries = {**mine, "void": None}  # the fences stay: somebody may be about to add to a run he still knows
        places = await link.many(JOURNAL, entries, {"_id": 1}, hint="fence", seconds=BULK_S)
        floor = max((entry["_id"] for entry in places), default=0)
        await link.update_one(META, {"_id": "places"}, {"$max": {"floor": floor}})
        belonging: list[tuple[str, Doc]] = [(collection, mine) for collection in (BLOBS, JOBS, MESSAGES)]
        for collection, where in (*belonging, (JOURNAL, entries), (RUNS, {"_id": mine["runId"]})):
            await link.delete(collection, where, seconds=BULK_S)
        await link.delete(JOURNAL, {"void": True, "_id": {"$lt": floor}}, seconds=BULK_S)

    async def _forget_workflows(self) -> None:
        """Versions of deleted workflows go when no run refers to the workflow any more."""
        last = ""
        while True:
            docs = await self._link.many(
                DELETED, {"_id": {"$gt": last}}, sort=[("_id", 1)], limit=_WORKFLOWS_AT_ONCE, seconds=BULK_S
            )
            for doc in docs:
                await self._forget_workflow(doc["_id"])
            if len(docs) < _WORKFLOWS_AT_ONCE:
                return
            last = docs[-1]["_id"]

    async def _forget_workflow(self, workflow_id: str) -> None:
        where = {"workflowId": workflow_id}
        there = await self._link.one(WORKFLOWS, {"_id": workflow_id}, {"_id": 1})
        if there is None:  # else a deletion was interrupted, and only the mark is wrong
            if await self._link.one(RUNS, where, {"_id": 1}) is not None:
                return
            await self._link.delete(VERSIONS, where)
        await self._link.delete(DELETED, {"_id": workflow_id})


def _forget(doc: Doc) -> None:
    """In doubt about a fence: the next pass finds it, or makes another."""
