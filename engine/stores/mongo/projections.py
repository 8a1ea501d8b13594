"""Summaries and jobs, made from journal entries.

A summary of some rev says that everything up to that rev is there, jobs included: jobs are written first, and a summary
moves on only from the rev before. When it is not there yet, or further, the run is made again from its journal. So
entries may be applied late, twice and by several processes at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from engine.errors import FlowDeskError, StoreBusy
from engine.stores.mongo import faults
from engine.stores.mongo.documents import JOB_LASTING, LASTING, message_id, summary
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.entries import ALL_BUT_EVENTS, Entry
from engine.stores.mongo.gather import Gatherer
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import JOBS, JOURNAL, MESSAGES, RUNS

_MOST_AT_ONCE: Final = 256
_LANES: Final = 2
_TRIES: Final = 10
_EXPECTED: Final = (faults.DUPLICATE, faults.INVALID)

log = logging.getLogger("flowdesk.store")


class Projections:
    """Applies entries: fresh ones as they land, and lost ones on request."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.gatherer: Gatherer[Entry] = Gatherer(self._project, most=_MOST_AT_ONCE, lanes=_LANES)

    def put(self, entry: Entry) -> None:
        """Apply an entry that has landed, then answer its caller, come what may: it is true already."""
        self.gatherer.put(entry)

    async def remake(self, run_id: str) -> bool:
        """Bring one run's summary and jobs up to its journal; False when there is no such run."""
        for _ in range(_TRIES):
            known = await self._link.one(RUNS, {"_id": run_id}, {"rev": 1})
            where: Doc = {"runId": run_id} if known is None else {"runId": run_id, "rev": {"$gt": known["rev"]}}
            docs = await self._link.many(JOURNAL, where, ALL_BUT_EVENTS, sort=[("rev", 1)])
            chain = [doc for doc in docs if "run" in doc]
            if not chain:
                return known is not None
            await self._write_jobs(chain)
            await self._tell(chain)
            if known is None:
                missed = await self._insert([_whole(chain[0], chain[-1])])
            else:
                missed = await self._update([_run_update(known["rev"], chain[-1])])
            if not missed:
                return True
        raise StoreBusy("this run changes faster than its summary can be repaired")

    async def _project(self, batch: list[Entry]) -> None:
        try:
            await self._apply([entry for entry in batch if "run" in entry.doc])
        except FlowDeskError as error:
            log.warning("%d summaries are behind their journals and will be repaired: %s", len(batch), error)
        except Exception:
            log.exception("%d summaries could not be written", len(batch))
        finally:
            for entry in batch:
                if not entry.answer.done():
                    entry.answer.set_result(entry.pos or 0)

    async def _apply(self, entries: Sequence[Entry]) -> None:
        await self._write_jobs([entry.doc for entry in entries])
        await self._tell([entry.doc for entry in entries])
        begun = [entry.doc for entry in entries if entry.prev is None]
        going_on = [entry for entry in entries if entry.prev is not None]
        taken, missed = await asyncio.gather(
            self._insert([_whole(doc, doc) for doc in begun]),
            self._update([_run_update(entry.prev, entry.doc) for entry in going_on]),
        )
        behind = {begun[index]["runId"] for index in taken} | {going_on[index].doc["runId"] for index in missed}
        for run_id in behind:
            await self.remake(run_id)

    async def _write_jobs(self, docs: Iterable[Doc]) -> None:
        newest: dict[str, tuple[int, Doc]] = {}
        for doc in docs:
            for job in doc.get("jobs", ()):
                if job["_id"] not in newest or newest[job["_id"]][0] < doc["rev"]:
                    newest[job["_id"]] = (doc["rev"], job)
        if newest:
            # One that finds a newer job tries to insert instead, and is refused: that is what we want.
            updates = [_job_update(rev, job) for rev, job in newest.values()]
            await self._bulk(lambda: self._link[JOBS].bulk_write(updates, ordered=False))

    async def _tell(self, docs: Sequence[Doc]) -> None:
        """Forget the messages these entries have heard, and poke the runs they have something for."""
        heard = [message_id(doc["runId"], id_) for doc in docs for id_ in doc.get("heard", ())]
        pokes = {run_id for doc in docs for run_id in doc.get("pokes", ())}
        if heard:
            await self._link.delete(MESSAGES, {"_id": {"$in": heard}})
        if pokes:
            await self._link.update_many(RUNS, {"_id": {"$in": [*pokes]}, "open": True}, {"$set": {"poked": True}})

    async def _insert(self, docs: Sequence[Doc]) -> list[int]:
        """Add summaries; the indexes of those that were there already."""
        return await self._bulk(lambda: self._link[RUNS].insert_many(docs, ordered=False)) if docs else []

    async def _update(self, updates: Sequence[UpdateOne]) -> list[int]:
        """Move summaries on; the indexes of those that were elsewhere than at the rev before, or missing."""
        return await self._bulk(lambda: self._link[RUNS].bulk_write(updates, ordered=False)) if updates else []

    async def _bulk(self, write: Callable[[], Awaitable[Any]]) -> list[int]:
        """Do a bulk write; the indexes of what was refused for a reason we count on."""
        try:
            await self._link.call(write)
        except BulkWriteError as error:
            problems: list[Doc] = error.details["writeErrors"]
            others = [problem for problem in problems if problem["code"] not in _EXPECTED]
            if others or error.details.get("writeConcernErrors"):
                raise faults.refused(others, self._link.where) from error
            return [problem["index"] for problem in problems]
        return []


def _whole(first: Doc, last: Doc) -> Doc:
    """The summary after these entries, the first of which is the run's very first."""
    lasting = {name: first["run"][name] for name in LASTING}
    return {"_id": first["runId"], **summary({**last["run"], **lasting}, last["rev"])}


def _run_update(prev: int | None, doc: Mapping[str, Any]) -> UpdateOne:
    """Replace what changes. Without a match MongoDB would insert, which key or validator refuse: so we get to know."""
    fields = summary(doc["run"], doc["rev"])
    for name in LASTING:
        del fields[name]
    return UpdateOne({"_id": doc["runId"], "rev": prev}, {"$set": fields}, upsert=True)


def _job_update(rev: int, job: Mapping[str, Any]) -> UpdateOne:
    fields = {**job, "rev": rev}
    job_id = fields.pop("_id")
    lasting = {name: fields.pop(name) for name in JOB_LASTING}
    older = {"_id": job_id, "rev": {"$lt": rev}}
    return UpdateOne(older, {"$set": fields, "$setOnInsert": lasting}, upsert=True)
