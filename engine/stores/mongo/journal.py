"""Appending to the journal: the one write that makes a change true.

Every entry has a place in the feed, counted without gaps: a trip first reserves so many numbers, then inserts its
entries under them. A number that stays empty (its entry was refused, or the process died in between) becomes a hole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from bson import Int64
from pymongo.errors import BulkWriteError

from engine.errors import Unavailable
from engine.stores.mongo import faults
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.entries import Entry, hole, weigh
from engine.stores.mongo.faults import OutcomeUnknown
from engine.stores.mongo.gather import Gatherer
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import JOURNAL, META

MOST_AT_ONCE: Final = 128
LANES: Final = 2
MORE_S: Final = 0.3
"""How much longer than for one call a caller is kept waiting for all steps of an append together."""


class Taken(Exception):
    """Somebody else was faster: the place in the run's chain, or (`by_key`) the idempotency key, is taken."""

    def __init__(self, *, by_key: bool) -> None:
        super().__init__()
        self.by_key = by_key


class Journal:
    """Gathers entries and appends them. What has landed is handed to `project`, which answers the caller."""

    def __init__(self, link: Link, project: Callable[[Entry], None]) -> None:
        self._link = link
        self._project = project
        self.gatherer: Gatherer[Entry] = Gatherer(self._insert, most=MOST_AT_ONCE, lanes=LANES)
        self._tasks: set[asyncio.Task[None]] = set()
        self._taking = False

    def open(self) -> None:
        """Take entries."""
        self._taking = True

    async def append(self, doc: Doc, prev: int | None, doubt: Callable[[Doc], None]) -> int:
        """The entry's place in the feed, once it is durable.

        Taken when it has no place any more; OutcomeUnknown when it may or may not have landed; any other Unavailable
        says that it has not. `doubt` is told of an entry that may be in the journal while its caller does not know it.
        """
        if not self._taking:
            raise Unavailable("the store is closed")
        entry = Entry(doc, prev, weigh(doc))
        self.gatherer.put(entry)
        try:
            async with asyncio.timeout(self._link.call_s + MORE_S):
                return await asyncio.shield(entry.answer)
        except OutcomeUnknown:
            doubt(doc)
            raise
        except TimeoutError:
            if entry.pos is not None:
                return entry.pos
            if entry.sent:
                doubt(doc)
                raise OutcomeUnknown(f"MongoDB at {self._link.where} does not answer in time") from None
            entry.withdrawn = True
            raise Unavailable(f"MongoDB at {self._link.where} is too slow at the moment") from None
        except asyncio.CancelledError:
            entry.withdrawn = not entry.sent
            if entry.sent:
                doubt(doc)
            raise

    async def close(self) -> None:
        """Take nothing more; until everything that was taken has been answered, or handed on."""
        self._taking = False
        await self.gatherer.drain()
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def fill(self, places: Iterable[int]) -> None:
        """Make holes of these places, unless they have been filled by now."""
        holes = [hole(place) for place in places]
        try:
            await self._link.call(lambda: self._link[JOURNAL].insert_many(holes, ordered=False))
        except BulkWriteError as error:
            others = [found for found in error.details["writeErrors"] if found["code"] != faults.DUPLICATE]
            if others:
                raise faults.refused(others, self._link.where) from error

    async def _insert(self, batch: list[Entry]) -> None:
        while True:
            place = await self._reserve(len(batch))
            entries = [entry for entry in batch if not entry.withdrawn]
            for number, entry in enumerate(entries, place):
                entry.doc["_id"] = Int64(number)
                entry.sent = True
            empty = list(range(place + len(entries), place + len(batch)))
            batch = await self._try(entries, empty) if entries else []
            if empty:
                self._later(empty)
            if not batch:
                return

    async def _reserve(self, count: int) -> int:
        """The first of so many places in a row.

        Not flushed: an entry that is durable makes its number durable too, since it was written after it. A number
        given twice all the same, after a change of primary, is noticed by the unique `_id`.
        """
        ours, more = {"_id": "places"}, {"$inc": {"last": count}}
        try:
            found = await self._link.changed(META, ours, more, flushed=False)
        except OutcomeUnknown as error:
            raise Unavailable(error.message) from error
        if found is None:
            raise Unavailable(
                "the counter of the feed is missing in MongoDB", hint="restart FlowDesk, which restores it"
            )
        return int(found["last"]) - count + 1

    async def _try(self, entries: list[Entry], empty: list[int]) -> list[Entry]:
        """Insert; answers those that landed or were refused, returns those whose place in the feed was not free."""
        docs = [entry.doc for entry in entries]
        problems: dict[int, Doc] = {}
        in_doubt = False
        try:
            await self._link.call(lambda: self._link[JOURNAL].insert_many(docs, ordered=False))
        except BulkWriteError as error:
            problems = {problem["index"]: problem for problem in error.details["writeErrors"]}
            in_doubt = bool(error.details.get("writeConcernErrors"))
        again = []
        for index, entry in enumerate(entries):
            problem = problems.get(index)
            if problem is None and in_doubt:
                _fail(entry, faults.refused([], self._link.where))
            elif problem is None:
                entry.pos = int(entry.doc["_id"])
                self._project(entry)
            elif faults.duplicate_of(problem) == "_id":
                again.append(entry)
            else:
                empty.append(int(entry.doc["_id"]))
                _fail(entry, self._refusal(problem))
        return again

    def _refusal(self, problem: Doc) -> BaseException:
        taken = faults.duplicate_of(problem)
        if taken is not None:
            return Taken(by_key=taken == "workflowId")
        return faults.refused([problem], self._link.where)

    def _later(self, places: list[int]) -> None:
        task = asyncio.create_task(self._fill_quietly(places))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _fill_quietly(self, places: list[int]) -> None:
        try:
            await self.fill(places)
        except Unavailable:
            return  # whoever reads the feed next fills them


def _fail(entry: Entry, error: BaseException) -> None:
    if not entry.answer.done():
        entry.answer.set_exception(error)
