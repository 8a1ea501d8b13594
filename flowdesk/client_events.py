"""Live events that survive a lost connection: every event once and in order, whatever the network does.

A stream that ends without the server saying `end` is opened again with the last id seen. Only a refusal (bad token,
unknown run) or too long a silence ends the iteration with an error.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Literal, cast

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.client_http import Http, quote
from flowdesk.errors import BadReply, ClientError, ServerTrouble, Unreachable
from flowdesk.replies import EventDoc
from flowdesk.sse import Message, Parser

Watch = Callable[["Link"], None]


@dataclass(slots=True, frozen=True)
class Link:
    """What the connection is doing, for those who want to show it.

    `gap` means that the server has forgotten some of what happened since the connection was lost.
    """

    state: Literal["connected", "waiting", "gap"]
    error: ClientError | None = None
    again_in_s: float = 0


@dataclass(slots=True, frozen=True)
class Patience:
    """How to wait between connections: doubling from `first_s` to `most_s`, and how long without any server in all.

    `give_up_s` None means never.
    """

    first_s: float = 0.25
    most_s: float = 5
    give_up_s: float | None = 60


DEFAULT_PATIENCE: Final = Patience()
_REMEMBERED_RUNS: Final = 10_000


class Events:
    """The event streams of one server."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def run(
        self, run_id: str, *, after: int = 0, patience: Patience = DEFAULT_PATIENCE, watch: Watch | None = None
    ) -> AsyncGenerator[EventDoc, None]:
        """A run's events after that sequence number, until the run has ended."""
        return self._follow(f"/api/runs/{quote(run_id)}/events", str(after), patience, watch)

    def workflow(
        self,
        workflow_id: str,
        *,
        after: str | None = None,
        patience: Patience = DEFAULT_PATIENCE,
        watch: Watch | None = None,
    ) -> AsyncGenerator[EventDoc, None]:
        """What happens in all runs of a workflow from now (or from a feed cursor) on; never ends by itself."""
        return self._follow(f"/api/workflows/{quote(workflow_id)}/events", after, patience, watch)

    def mine(
        self, *, after: str | None = None, patience: Patience = DEFAULT_PATIENCE, watch: Watch | None = None
    ) -> AsyncGenerator[EventDoc, None]:
        """What happens in all my runs from now (or from a feed cursor) on; never ends by itself."""
        return self._follow("/api/events", after, patience, watch)

    async def _follow(
        self, path: str, after: str | None, patience: Patience, watch: Watch | None
    ) -> AsyncGenerator[EventDoc, None]:
        parser = Parser(after or "")
        pause = _Pause(patience, parser)
        seen = _Seen()
        tell = watch or _nobody
        while True:
            try:
                async with aclosing(self._connection(path, parser)) as messages:
                    async for message in messages:
                        if pause.over():
                            tell(Link("connected"))
                        if message is None:
                            continue
                        if message.event == "end":
                            return
                        if message.event == "gap":
                            tell(Link("gap"))
                        elif seen.is_new(event := _event(message)):
                            yield event
                lost: ClientError = Unreachable(f"{self._http.url} closed the event stream")
            except (Unreachable, ServerTrouble) as error:
                lost = error
            wait_s = pause.next(lost)
            tell(Link("waiting", lost, wait_s))
            await asyncio.sleep(wait_s)

    async def _connection(self, path: str, parser: Parser) -> AsyncGenerator[Message | None, None]:
        """One connection's messages; None stands for a sign of life without one."""
        parser.reset()
        headers = {"Last-Event-ID": parser.last_id} if parser.last_id else None
        async with self._http.stream(path, headers=headers) as chunks:
            yield None
            async for chunk in chunks:
                for message in parser.feed(chunk):
                    yield message


class _Seen:
    """The last event of each run, since a wide stream may repeat some after a reconnection."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, int] = OrderedDict()

    def is_new(self, event: EventDoc) -> bool:
        """Whether this event was not seen before; it is from now on."""
        run_id, seq = event["runId"], event["seq"]
        if seq <= self._last.get(run_id, 0):
            return False
        self._last[run_id] = seq
        self._last.move_to_end(run_id)
        if len(self._last) > _REMEMBERED_RUNS:
            self._last.popitem(last=False)
        return True


class _Pause:
    """How long to wait before the next connection, and when to give up."""

    def __init__(self, patience: Patience, parser: Parser) -> None:
        self._patience = patience
        self._parser = parser
        self._tries = 0
        self._connected_at: float | None = None
        self._lost_at: float | None = None

    def over(self) -> bool:
        """Note that the server answers; True when that is news."""
        if self._connected_at is not None:
            return False
        self._connected_at = time.monotonic()
        self._lost_at = None
        return True

    def next(self, lost: ClientError) -> float:
        """Seconds to wait now; raises what was lost when patience has ended."""
        now = time.monotonic()
        # Only a connection that lasted starts the count afresh: who lets us in to close at once is not hammered.
        lasted = self._connected_at is not None and now - self._connected_at > self._patience.most_s
        self._tries = 1 if lasted else self._tries + 1
        self._connected_at = None
        self._lost_at = now if self._lost_at is None else self._lost_at
        limit = self._patience.give_up_s
        if limit is not None and now - self._lost_at > limit:
            raise lost
        first_s = self._patience.first_s if self._parser.retry_ms is None else self._parser.retry_ms / 1000
        asked_s = (lost.retry_after_s if isinstance(lost, ServerTrouble) else None) or 0
        wait_s = max(first_s * 2.0 ** min(self._tries - 1, 16), asked_s)
        return min(wait_s, self._patience.most_s) * random.uniform(0.8, 1.2)  # noqa: S311 - only spreads the load


def _event(message: Message) -> EventDoc:
    try:
        value = parse_json(message.data.encode())
    except BadJson:
        raise BadReply("the event stream sent something that is not JSON") from None
    if not (isinstance(value, dict) and isinstance(value.get("runId"), str) and isinstance(value.get("seq"), int)):
        raise BadReply("the event stream sent something that is not an event")
    return cast(EventDoc, value)


def _nobody(_link: Link) -> None:
    return
