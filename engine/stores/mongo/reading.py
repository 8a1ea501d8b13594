"""Reading journals: by run and in order, and the newest entry of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import orjson

from engine.models.event import Event
from engine.stores import batch
from engine.stores.mongo.blobs import Blobs, events_ref
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.entries import State, last_rev_before, state_of
from engine.stores.mongo.link import BULK_S, Link
from engine.stores.mongo.schema import JOURNAL

_SHOWN: Final = {"runId": 1, "rev": 1, "tag": 1, "events": 1}
_PAGE: Final = 100
_RUNS_AT_ONCE: Final = 100


class Reading:
    """Reads what `Journal` writes."""

    def __init__(self, link: Link, blobs: Blobs) -> None:
        self._link = link
        self._blobs = blobs

    async def text(self, doc: Doc) -> bytes:
        """The events of an entry as they were written, wherever they are kept."""
        text: str = doc["events"]
        return text.encode() if text else await self._blobs.get(doc["runId"], events_ref(doc["tag"]))

    async def events(self, doc: Doc) -> list[Event]:
        """The events of an entry."""
        return batch.from_lists(orjson.loads(await self.text(doc)))

    async def newest(self, run_id: str) -> State | None:
        """Where a run really stands; None when nothing was ever written of it."""
        doc = await self._link.one(JOURNAL, {"runId": run_id}, sort=[("rev", -1)])
        return None if doc is None else state_of(doc)

    async def journal(self, run_id: str, after: int, limit: int) -> list[Event]:
        """Events with seq > after; what was committed together comes together."""
        where: Doc = {"runId": run_id}
        if after > 0:
            # The entry that holds `after` + 1 may begin before it.
            begins = {"runId": run_id, "rev": {"$lte": last_rev_before(after)}}
            first = await self._link.one(JOURNAL, begins, {"rev": 1}, sort=[("rev", -1)])
            where["rev"] = {"$gte": first["rev"] if first else 0}
        events: list[Event] = []
        while len(events) < limit:
            docs = await self._link.many(JOURNAL, where, _SHOWN, sort=[("rev", 1)], limit=_PAGE)
            for doc in docs:
                if "events" in doc and len(events) < limit:
                    events += [event for event in await self.events(doc) if event.seq > after]
            if len(docs) < _PAGE:
                break
            where["rev"] = {"$gt": docs[-1]["rev"]}
        return events

    async def journals(self, run_ids: Sequence[str]) -> dict[str, list[Event]]:
        """Whole journals, of all runs that have one."""
        found: dict[str, list[Event]] = {}
        seconds = None if len(run_ids) == 1 else BULK_S
        for start in range(0, len(run_ids), _RUNS_AT_ONCE):
            where = {"runId": {"$in": list(run_ids[start : start + _RUNS_AT_ONCE])}}
            docs = await self._link.many(
                JOURNAL, where, _SHOWN, sort=[("runId", 1), ("rev", 1)], hint="fence", seconds=seconds
            )
            for doc in docs:
                if "events" in doc:
                    found.setdefault(doc["runId"], []).extend(await self.events(doc))
        return found
