"""Live events: the journal first, then what the bus tells, each event once and in order.

A stream listens before it reads, so nothing falls between the two; what was read already is dropped by its seq, and a
seq that is missing is read from the journal. Where the bus hears only of this process, streams look for themselves.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from engine.errors import NotFound
from engine.events import Gap, LocalBus, Subscription
from engine.models.event import Event
from engine.models.run import FINISHED, RunRow
from engine.store import ANYONE, FeedItem, Owner, Runs
from server.sse import HEARTBEAT_S, Connection, frame
from server.views import event_document

PAGE: Final = 500
REMEMBERED_RUNS: Final = 10_000
_TOO_OLD: Final = frame("gap", {"detail": "what happened meanwhile is no longer in the feed; read the runs again"})


class RunStream:
    """The events of one run, until it has finished."""

    def __init__(self, connection: Connection, runs: Runs, bus: LocalBus, row: RunRow, after: int) -> None:
        self._connection = connection
        self._runs = runs
        self._bus = bus
        self._row = row
        self._sent = min(after, row.seq)

    async def pump(self, subscription: Subscription) -> None:
        """Send everything; returns when the run has finished or listening was ended."""
        finished = await self._catch_up()
        while not finished and not subscription.closed:
            items = await subscription.batch(min(HEARTBEAT_S, self._bus.look_s))
            if not items:
                if not subscription.closed:
                    await self._connection.beat(unless_within_s=HEARTBEAT_S)
                    finished = await self._catch_up()
            elif any(isinstance(item, Gap) for item in items):
                finished = await self._catch_up()
            else:
                finished = await self._pass_on([item for item in items if isinstance(item, FeedItem)])
        if finished:
            end = {"runId": self._row.id, "status": self._row.status.value}
            await self._connection.send([frame("end", end)])

    async def _pass_on(self, items: list[FeedItem]) -> bool:
        events = [event for item in items for event in item.events if event.seq > self._sent]
        if not events:
            return False
        expected = range(self._sent + 1, self._sent + 1 + len(events))
        if [event.seq for event in events] != list(expected):
            return await self._catch_up()
        await self._send(events)
        # The bus does not say whether that was the end of the run; its row does.
        return events[-1].type.value.startswith("run.") and await self._catch_up()

    async def _catch_up(self) -> bool:
        """Send what the journal has; True when the run has finished and everything was sent."""
        self._row = await self._runs.get(self._row.id, owner=ANYONE)
        while self._sent < self._row.seq:
            events = await self._runs.journal(self._row.id, after=self._sent, limit=PAGE)
            if not events:
                break
            await self._send(events)
        return self._row.status in FINISHED and self._sent >= self._row.seq

    async def _send(self, events: list[Event]) -> None:
        await self._connection.send(self._frames(events))
        self._sent = events[-1].seq

    def _frames(self, events: list[Event]) -> Iterator[bytes]:
        for event in events:
            document = event_document(self._row.id, self._row.workflow_id, event)
            yield frame(event.type.value, document, event_id=str(event.seq))


class WideStream:
    """The events of many runs: one workflow's, or all of an owner's."""

    def __init__(self, connection: Connection, runs: Runs, *, owner: Owner, workflow_id: str | None) -> None:
        self._connection = connection
        self._runs = runs
        self._owner = owner
        self._workflow_id = workflow_id
        self._cursor: str | None = None
        self._seen: OrderedDict[str, int] = OrderedDict()

    async def prepare(self, after: str | None) -> list[bytes]:
        """Find the place to begin at; what a reader is told first. Raises when `after` is no place at all."""
        told = b""
        if after is not None:
            try:
                await self._runs.feed(after, limit=1)
                self._cursor = after
                return []
            except NotFound:
                told = _TOO_OLD
        await self._to_the_end()
        # A reader that loses the connection before the first event can come back to this place.
        return [told + b"id: %b\n\n" % (self._cursor or "").encode()]

    async def pump(self, subscription: Subscription) -> None:
        """Send everything from that place on; returns when listening was ended."""
        await self._catch_up()
        while not subscription.closed:
            items = await subscription.batch(HEARTBEAT_S)
            if not items and not subscription.closed:
                await self._connection.beat(unless_within_s=HEARTBEAT_S)
            if any(isinstance(item, Gap) for item in items):
                await self._catch_up()
            await self._pass_on([item for item in items if isinstance(item, FeedItem)])

    async def _to_the_end(self) -> None:
        items = await self._runs.feed(None, limit=1)
        self._cursor = items[-1].cursor if items else None

    async def _catch_up(self) -> None:
        """Read the feed from the last place sent; when that has been pruned, say so and go on at the end."""
        while self._cursor is not None:
            try:
                items = await self._runs.feed(self._cursor, limit=PAGE)
            except NotFound:
                await self._to_the_end()
                await self._connection.send([_TOO_OLD])
                return
            await self._pass_on([item for item in items if self._wants(item)])
            if items:
                self._cursor = items[-1].cursor
            if len(items) < PAGE:
                return

    def _wants(self, item: FeedItem) -> bool:
        mine = self._owner is ANYONE or item.user_id == self._owner
        return mine and (self._workflow_id is None or item.workflow_id == self._workflow_id)

    async def _pass_on(self, items: list[FeedItem]) -> None:
        await self._connection.send(self._frames(items))

    def _frames(self, items: list[FeedItem]) -> Iterator[bytes]:
        for item in items:
            new = [event for event in item.events if event.seq > self._seen.get(item.run_id, 0)]
            if not new:
                continue
            self._remember(item.run_id, new[-1].seq)
            for event in new:
                # Only the last event of a commit names its place: who comes back in between gets the commit again.
                place = item.cursor if event is new[-1] else None
                yield frame(event.type.value, event_document(item.run_id, item.workflow_id, event), event_id=place)
            self._cursor = item.cursor

    def _remember(self, run_id: str, seq: int) -> None:
        self._seen[run_id] = seq
        self._seen.move_to_end(run_id)
        if len(self._seen) > REMEMBERED_RUNS:
            self._seen.popitem(last=False)
