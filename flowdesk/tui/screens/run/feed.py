"""A run's journal as the run view reads it: the newest part first, older ones on demand, live events without holes.

Everything from `first` to `last` has been given out, once and in order; what is heard beyond a hole is read instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import TYPE_CHECKING, Final

from flowdesk.replies import EventDoc

if TYPE_CHECKING:
    from flowdesk.client import Client

NEWEST: Final = 2_000
"""Events that are read when a run is opened."""
PAGE: Final = 1_000
"""The most a server answers with at once."""
SLICE: Final = 250
"""Events given out at once; more of them would be felt."""


class Feed:
    """The journal of one run. While `paused`, live events are only noted; `rest` reads what they were.

    `reading` tells that `rest` is under way; it goes well together with live events, whichever come first.
    """

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.first = 1
        self.last = 0
        self.paused = True
        self.reading = False
        self._heard = 0

    @property
    def behind(self) -> bool:
        """Whether events are known to exist that have not been given out."""
        return self.last < self._heard

    @property
    def has_older(self) -> bool:
        """Whether there are events before the first."""
        return self.first > 1

    def begin(self, seq: int) -> None:
        """Start with the newest events of a run that has come to `seq`."""
        self._heard = max(self._heard, seq)
        self.last = max(0, seq - NEWEST)
        self.first = self.last + 1

    def hear(self, events: Iterable[EventDoc]) -> list[EventDoc]:
        """Those of the live events that come next, without a hole."""
        following: list[EventDoc] = []
        for event in sorted((e for e in events if e["runId"] == self.run_id), key=lambda e: e["seq"]):
            self._heard = max(self._heard, event["seq"])
            if not self.paused and event["seq"] == self.last + 1:
                following.append(event)
                self.last = event["seq"]
        return following

    async def rest(self, client: Client) -> AsyncGenerator[list[EventDoc], None]:
        """Read on to the end of the journal, slice by slice; live events go on from there, also when that fails."""
        self.reading = True
        try:
            while True:
                part = await client.runs.journal(self.run_id, after=self.last, limit=PAGE)
                for at in range(0, len(part), SLICE):
                    fresh = [event for event in part[at : at + SLICE] if event["seq"] > self.last]
                    if fresh:
                        self.last = fresh[-1]["seq"]
                        yield fresh
                        await asyncio.sleep(0)
                if not part:  # what was heard of and cannot be read does not count: the journal is the truth
                    self._heard = self.last
                if not self.behind and len(part) < PAGE:
                    break
        finally:
            self.reading = self.paused = False

    async def older(self, client: Client) -> list[EventDoc]:
        """The page before the first event; nothing when there is none."""
        if not self.has_older:
            return []
        after = max(0, self.first - 1 - PAGE)
        part = await client.runs.journal(self.run_id, after=after, limit=PAGE)
        older = [event for event in part if event["seq"] < self.first]
        self.first = after + 1
        return older
