"""Putting right what a process or a network left undone between two writes."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from engine.errors import Unavailable
from engine.models.run import FINISHED
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.entries import entry_doc, new_tag, no_entry
from engine.stores.mongo.journal import Journal, Taken
from engine.stores.mongo.link import Link
from engine.stores.mongo.places import Places
from engine.stores.mongo.projections import Projections
from engine.stores.mongo.reading import Reading
from engine.stores.mongo.schema import META, RUNS

_PAGE: Final = 2000
_GRACE_S: Final = 0.1
"""How long the summaries of the newest entries may take; usually they are just being written."""
_FIRST_DELAY_S: Final = 0.1
_LONGEST_DELAY_S: Final = 2.0
_SETTLE_AT_ONCE: Final = 32
_SHOWN: Final = {"runId": 1, "rev": 1, "void": 1}

log = logging.getLogger("flowdesk.store")


class Mending:
    """Repairs projections, and settles entries nobody knows the fate of."""

    def __init__(
        self,
        link: Link,
        journal: Journal,
        reading: Reading,
        projections: Projections,
        places: Places,
        *,
        every_s: float,
    ) -> None:
        self._link = link
        self._journal = journal
        self._reading = reading
        self._projections = projections
        self._places = places
        self._every_ms = round(every_s * 1000)
        self._tasks: set[asyncio.Task[None]] = set()
        self._few = asyncio.Semaphore(_SETTLE_AT_ONCE)

    async def close(self) -> None:
        """Leave what is not settled yet to whoever finds this process gone."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- repairing ----------------------------------------------------------------------------------------------

    async def repair(self, limit: int) -> int:
        """Look through the entries since the last repair; how many runs had to be made again."""
        place = await self._turn()
        remade = 0
        while place is not None and remade < limit:
            docs = await self._places.behind(place, _PAGE, _SHOWN)
            behind = await self._behind(docs)
            if behind:
                await asyncio.sleep(_GRACE_S)
                behind = await self._behind(docs)
            for run_id in behind:
                remade += await self._projections.remake(run_id)
            if docs:
                place = int(docs[-1]["_id"])
                await self._link.update_one(META, {"_id": "repair"}, {"$max": {"upTo": place}})
            if len(docs) < _PAGE:
                break
        if remade:
            log.warning("repaired the summaries of %d runs", remade)
        return remade

    async def _turn(self) -> int | None:
        """Where to begin, if it is time again; of many processes one does it, by the server's clock."""
        ours: Doc = {"_id": "repair", "$expr": {"$lte": [{"$ifNull": ["$nextAt", "$$NOW"]}, "$$NOW"]}}
        later: list[Doc] = [{"$set": {"nextAt": {"$add": ["$$NOW", self._every_ms]}}}]
        found = await self._link.changed(META, ours, later)
        return None if found is None else int(found["upTo"])

    async def _behind(self, docs: list[Doc]) -> list[str]:
        """Runs of these entries whose summary is older than they are, or missing."""
        newest = {doc["runId"]: doc["rev"] for doc in docs if doc["runId"] and not doc.get("void")}
        found = await self._link.many(RUNS, {"_id": {"$in": list(newest)}}, {"rev": 1})
        known = {doc["_id"]: doc["rev"] for doc in found}
        return [run_id for run_id, rev in newest.items() if known.get(run_id, -1) < rev]

    # -- settling -----------------------------------------------------------------------------------------------

    def settle(self, doc: Doc) -> None:
        """Find out in the background whether this entry, whose caller was told no or has left, has landed after all.

        If not, its place is taken, so that it cannot land late. If so, the run is put to rest: whoever sweeps next
        takes it up.
        """
        task = asyncio.create_task(self._settle(doc), name=f"settle/{doc['runId']}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, doc: Doc) -> None:
        delay = _FIRST_DELAY_S
        while True:
            try:
                async with self._few:
                    if await self._settled(doc):
                        return
            except Unavailable:
                delay = min(delay * 2, _LONGEST_DELAY_S)
            except Taken:
                delay = _FIRST_DELAY_S
            await asyncio.sleep(delay)

    async def _settled(self, doc: Doc) -> bool:
        run_id, rev = doc["runId"], doc["rev"]
        state = await self._reading.newest(run_id)
        if state is None or state.rev < rev:
            row = None if state is None else state.row
            blocker = no_entry(run_id, rev) if row is None else entry_doc(row, rev, new_tag())
            await self._journal.append(blocker, None if state is None else state.rev, _later)
            return True
        if state.doc is None or state.doc["tag"] != doc["tag"] or state.row is None:
            return True
        await self._projections.remake(run_id)
        if state.row.owner is not None and state.row.status not in FINISHED:
            due_at = state.row.created_at if state.row.due_at is None else state.row.due_at
            at_rest = replace(state.row, owner=None, due_at=due_at)
            await self._journal.append(entry_doc(at_rest, state.next_rev, new_tag()), state.rev, _later)
            log.warning("run %s was accepted without an answer; it goes on", run_id)
        return True


def _later(doc: Doc) -> None:
    """In doubt about an entry of our own: the next attempt finds out."""
