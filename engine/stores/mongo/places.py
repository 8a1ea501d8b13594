"""Reading the journal in the order of the feed, without gaps.

A number that is missing between two others belongs to an entry that is still on its way, or to one that will never
come. It is waited for a little and then made a hole; should its entry come after all it finds the number taken and gets
another one. So whoever has read up to a place has read everything before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final

from engine.errors import NotFound
from engine.models.event import Event
from engine.store import FeedItem
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.journal import Journal
from engine.stores.mongo.link import Link
from engine.stores.mongo.reading import Reading
from engine.stores.mongo.schema import JOURNAL, META

_GAP_S: Final = 0.3
_LOOK_S: Final = 0.01
_FILL_AT_ONCE: Final = 1000
_PAGE: Final = 2000
_IDS: Final = {"_id": 1}
_FEED: Final = {"run": 0, "jobs": 0}


class Places:
    """The feed, and the gapless reading that repairs rest on."""

    def __init__(self, link: Link, journal: Journal, reading: Reading) -> None:
        self._link = link
        self._journal = journal
        self._reading = reading

    async def feed(self, after: int | None, limit: int) -> list[FeedItem]:
        """See `Runs.feed`."""
        marks = await self._marks()
        if after is None:
            return [FeedItem(str(await self._end(marks)), "", "", "", [])]
        if not marks["floor"] <= after <= marks["last"]:
            raise _gone()
        items: list[FeedItem] = []
        page = max(limit, 20)
        while len(items) < limit:
            docs = await self.behind(after, page, _FEED)
            for doc in docs:
                if "events" in doc and len(items) < limit:
                    items.append(_item(doc, await self._reading.events(doc)))
            if len(docs) < page:
                break
            after = int(docs[-1]["_id"])
        return items

    async def behind(self, place: int, limit: int, shown: Mapping[str, Any] = _IDS) -> list[Doc]:
        """The entries right behind a place; fewer than `limit` only at the end, or before one still on its way."""
        while True:
            docs = await self._link.many(JOURNAL, {"_id": {"$gt": place}}, shown, sort=[("_id", 1)], limit=limit)
            gapless = next((n for n, doc in enumerate(docs) if doc["_id"] != place + 1 + n), len(docs))
            if gapless or not docs:
                return docs[:gapless]
            first, last = place + 1, int(docs[0]["_id"]) - 1
            floor = (await self._marks())["floor"]
            if first <= floor:  # not missing but removed
                place = min(floor, last)
            else:
                await self._bridge(first, last)

    async def _bridge(self, first: int, last: int) -> None:
        """Until something is in each of these places."""
        last = min(last, first + _FILL_AT_ONCE - 1)
        until = monotonic() + _GAP_S
        while True:
            found = await self._link.many(JOURNAL, {"_id": {"$gte": first, "$lte": last}}, _IDS)
            missing = set(range(first, last + 1)) - {doc["_id"] for doc in found}
            if not missing:
                return
            if monotonic() >= until:
                await self._journal.fill(sorted(missing))
                return
            await asyncio.sleep(_LOOK_S)

    async def _end(self, marks: Mapping[str, int]) -> int:
        """The last place before which nothing is missing."""
        repaired = await self._link.one(META, {"_id": "repair"})
        place = max(marks["floor"], repaired["upTo"] if repaired else 0)
        while True:
            docs = await self.behind(place, _PAGE)
            if not docs:
                return place
            place = int(docs[-1]["_id"])

    async def _marks(self) -> Mapping[str, int]:
        found = await self._link.one(META, {"_id": "places"})
        return found or {"floor": 0, "last": 0}


def _item(doc: Doc, events: list[Event]) -> FeedItem:
    return FeedItem(str(doc["_id"]), doc["runId"], doc["workflowId"], doc["userId"], events)


def _gone() -> NotFound:
    return NotFound("this place in the feed is gone", hint="read the lists anew and follow from the end")
