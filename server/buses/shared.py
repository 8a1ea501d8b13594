"""The bus of one process among several over one store.

Who follows one run hears its commits at once, wherever it executes, over Redis; a number that is missing is noticed by
the follower, who reads the journal. Who follows many runs gets the feed of the store, read once for all of them: in the
order of the feed, and without gaps whatever is lost on the way. Without Redis that comes up to a second later.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Any, Final

from engine.errors import FlowDeskError, NotFound
from engine.events import LocalBus, Subscription
from engine.store import FeedItem, Owner, Runs
from server.buses.channel import Channel

POLL_S: Final = 1.0
PAUSE_S: Final = 0.05
"""The least time between two looks at the feed."""
PAGE: Final = 500

log = logging.getLogger("flowdesk.bus")


class SharedBus(LocalBus):
    """Implements engine.events.Bus. With a `redis_url` it also hears what other processes commit."""

    def __init__(self, runs: Runs, *, redis_url: str | None = None, prefix: str = "flowdesk") -> None:
        super().__init__()
        self._runs = runs
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self.channel: Channel | None = None
        if redis_url is not None:
            self.channel = Channel(redis_url, prefix, heard=self._heard, missed=self._missed)

    @property
    def look_s(self) -> float:
        """Short while nothing can be heard from elsewhere."""
        return 5.0 if self.channel is not None and self.channel.connected else POLL_S

    @property
    def degraded(self) -> bool:
        """Whether Redis, which is expected to work, does not."""
        return self.channel is not None and self.channel.degraded

    def stats(self) -> dict[str, Any]:
        """Figures for health pages."""
        return super().stats() if self.channel is None else self.channel.stats()

    async def look(self) -> None:
        """Find out whether Redis answers, for health pages."""
        if self.channel is not None:
            await self.channel.look()

    def start(self) -> None:
        """Begin; call it in the loop."""
        self._task = asyncio.create_task(self._follow(), name="bus-feed")
        if self.channel is not None:
            self.channel.start()

    async def stop(self) -> None:
        """End every subscription and every task."""
        self.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self.channel is not None:
            await self.channel.close()

    def publish(self, item: FeedItem) -> None:
        """Tell those who listen here and elsewhere."""
        self._heard([item])
        if self.channel is not None:
            self.channel.send(item)

    def subscribe(self, *, owner: Owner, run_id: str | None = None, workflow_id: str | None = None) -> Subscription:
        """Start listening at once."""
        subscription = super().subscribe(owner=owner, run_id=run_id, workflow_id=workflow_id)
        self._news.set()
        if self.channel is not None:
            self.channel.want(True)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        super().drop(subscription)
        if self.channel is not None and not self.listened_to:
            self.channel.want(False)

    def _heard(self, items: list[FeedItem]) -> None:
        if not self.listened_to:
            return
        for item in items:
            self._tell(self._by_run.get(item.run_id, ()), item)
        self._news.set()

    def _missed(self) -> None:
        """Whoever follows a run looks into its journal, and the feed is read on at once."""
        for followers in self._by_run.values():
            for subscription in followers:
                subscription.gap()
        self._news.set()

    async def _follow(self) -> None:
        """Read the feed as long as somebody follows many runs."""
        place: str | None = None
        while True:
            began = monotonic()
            if not self._wide:
                place = None
                await self._news.wait()
            try:
                place, more = await self._read(place)
                self._failing = False
            except NotFound:
                place, more = None, True
            except FlowDeskError as error:
                more = False
                self._complain(str(error))
            except Exception as error:
                more = False
                self._complain(f"{type(error).__name__}: {error}")
            if not more:
                await self._wait(began)

    async def _read(self, place: str | None) -> tuple[str | None, bool]:
        """Pass on what is in the feed behind this place; the place after it, and whether there may be more."""
        self._news.clear()
        if not self._wide:
            return None, False
        if place is None:
            items = await self._runs.feed(None, limit=1)
            for subscription in tuple(self._wide):
                subscription.gap()  # what came before this place they read by themselves
            return items[-1].cursor, True
        items = await self._runs.feed(place, limit=PAGE)
        for item in items:
            self._tell(self._wide, item)
        return (items[-1].cursor if items else place), len(items) == PAGE

    async def _wait(self, began: float) -> None:
        """Until there is news, or a while has passed."""
        try:
            async with asyncio.timeout(POLL_S):
                await self._news.wait()
        except TimeoutError:
            return
        await asyncio.sleep(max(0.0, began + PAUSE_S - monotonic()))

    def _complain(self, trouble: str) -> None:
        if not self._failing:
            log.error("live events have to wait: %s", trouble)
        self._failing = True
