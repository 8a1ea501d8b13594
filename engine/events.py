"""Live events: who wants to hear what, and what happens to those who listen too slowly.

The journal is the truth and the bus only a doorbell: a subscriber that falls behind gets a `Gap` and
reads the journal from where it was.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Protocol, Self

from engine.store import ANYONE, FeedItem, Owner

MAX_WAITING: Final = 1000
"""Items a subscriber may be behind before it is told to re-read the journal."""


@dataclass(slots=True, frozen=True)
class Gap:
    """Items were dropped for this subscriber; read the journal or the feed from the last item seen."""


class Bus(Protocol):
    """Carries what was committed to those who watch."""

    def publish(self, item: FeedItem) -> None:
        """Tell everybody who listens; never blocks, never raises."""

    def subscribe(self, *, owner: Owner, run_id: str | None = None, workflow_id: str | None = None) -> Subscription:
        """Start listening at once; leave with `close` or as a context manager."""


class Subscription:
    """One listener's queue."""

    def __init__(self, bus: LocalBus, owner: Owner, run_id: str | None, workflow_id: str | None) -> None:
        self._bus = bus
        self._owner = owner
        self._run_id = run_id
        self._workflow_id = workflow_id
        self._items: deque[FeedItem | Gap] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def wants(self, item: FeedItem) -> bool:
        """Whether this item belongs to what is listened to."""
        return (
            (self._run_id is None or self._run_id == item.run_id)
            and (self._workflow_id is None or self._workflow_id == item.workflow_id)
            and (self._owner is ANYONE or self._owner == item.user_id)
        )

    def offer(self, item: FeedItem) -> None:
        """Queue an item, or replace a queue that grew too long by one Gap."""
        if len(self._items) >= MAX_WAITING:
            self.gap()
        else:
            self._items.append(item)
            self._wake.set()

    def gap(self) -> None:
        """Forget what waits and say that something was missed."""
        self._items.clear()
        self._items.append(Gap())
        self._wake.set()

    def close(self) -> None:
        """Stop listening; the iteration ends."""
        self._closed = True
        self._bus.drop(self)
        self._wake.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether nothing more will come."""
        return self._closed

    async def batch(self, timeout_s: float) -> list[FeedItem | Gap]:
        """Everything that waits, once there is something; nothing when none came in time or listening has ended."""
        if not self._items and not self._closed:
            self._wake.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
            except TimeoutError:
                return []
        items = list(self._items)
        self._items.clear()
        return items

    async def __aiter__(self) -> AsyncIterator[FeedItem | Gap]:
        while True:
            while self._items:
                yield self._items.popleft()
            if self._closed:
                return
            self._wake.clear()
            await self._wake.wait()


class LocalBus:
    """The bus of a single process."""

    def __init__(self) -> None:
        self._by_run: dict[str, set[Subscription]] = {}
        self._wide: set[Subscription] = set()

    @property
    def look_s(self) -> float:
        """How long who follows a run may take silence to mean that nothing has happened."""
        return 15.0

    @property
    def listened_to(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._wide or self._by_run)

    def start(self) -> None:
        """There is nothing to do here."""

    async def look(self) -> None:
        """Find out whether other processes can be reached, for health pages; here there are none."""

    def stats(self) -> dict[str, Any]:
        """Figures for health pages."""
        return {"degraded": False, "error": None}

    async def stop(self) -> None:
        """End every subscription, and whatever else `start` began."""
        self.close()

    def publish(self, item: FeedItem) -> None:
        """Tell everybody who listens."""
        if self.listened_to:
            self._tell(self._by_run.get(item.run_id, ()), item)
            self._tell(self._wide, item)

    def _tell(self, subscriptions: Iterable[Subscription], item: FeedItem) -> None:
        for subscription in tuple(subscriptions):
            if subscription.wants(item):
                subscription.offer(item)

    def subscribe(self, *, owner: Owner, run_id: str | None = None, workflow_id: str | None = None) -> Subscription:
        """Start listening at once."""
        subscription = Subscription(self, owner, run_id, workflow_id)
        (self._wide if run_id is None else self._by_run.setdefault(run_id, set())).add(subscription)
        return subscription

    def drop(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        self._wide.discard(subscription)
        for run_id in [run_id for run_id, found in self._by_run.items() if subscription in found]:
            self._by_run[run_id].discard(subscription)
            if not self._by_run[run_id]:
                del self._by_run[run_id]

    def close(self) -> None:
        """End every subscription."""
        for subscription in [*self._wide, *(s for found in self._by_run.values() for s in found)]:
            subscription.close()
