"""The one owner of what the screens know of the server: the client, the state of the link, and the live events.

Screens subscribe to the signals when they are mounted; none of them opens a stream. Events come in batches, at most one
each `BATCH_S`, so that nothing downstream is asked to draw more often than eyes can follow.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final, Literal

from textual.signal import Signal

from flowdesk.tui.tasks import ENDLESS, task

if TYPE_CHECKING:
    from textual.app import App
    from textual.worker import Worker

    from flowdesk.client import Client
    from flowdesk.client_events import Link
    from flowdesk.replies import EventDoc

LinkState = Literal["connecting", "connected", "reconnecting", "offline"]
BATCH_S: Final = 0.15


class Live:
    """What the server is and does. `why` says in words why the link is not connected."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self._client: Client | None = None
        self._worker: Worker[None] | None = None
        self._pending: list[EventDoc] = []
        self._flush: asyncio.TimerHandle | None = None
        self.state: LinkState = "connecting"
        self.why = ""
        self.events: Signal[list[EventDoc]] = Signal(app, "events")
        """Journal events of all my runs."""
        self.link: Signal[LinkState] = Signal(app, "link")
        """The state of the link changed."""
        self.missed: Signal[None] = Signal(app, "missed")
        """Some events are lost for good: what is shown must be read again."""
        self.refused: Signal[None] = Signal(app, "refused")
        """The server does not know us any more: somebody must log in."""

    @property
    def client(self) -> Client:
        """The connected client; asking for it before there is one is an error of the program."""
        if self._client is None:
            raise RuntimeError("no server yet")
        return self._client

    @property
    def attached(self) -> bool:
        """Whether there is a server, reachable or not."""
        return self._client is not None

    def attach(self, client: Client) -> None:
        """Follow this server's events from now on, in place of any other's."""
        again = self._client is not None
        self.detach()
        self._client = client
        self.become("connected")
        self._worker = task(self._app, self._follow(client), what="Following the events", group=f"{ENDLESS}events")
        if again:
            self.missed.publish(None)

    def detach(self) -> None:
        """Stop following; what was gathered is told first."""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        self._tell()

    def forget(self) -> None:
        """Stop following, and know no server any more."""
        self.detach()
        self._client = None
        self.become("connecting")

    def refuse(self, why: str) -> None:
        """The server does not know us any more; said once, however many calls it has refused."""
        if self.state in ("connected", "reconnecting"):
            self.detach()
            self.become("offline", why)
            self.refused.publish(None)

    def become(self, state: LinkState, why: str = "") -> None:
        """Change the state of the link, and tell when that is news."""
        if (state, why) != (self.state, self.why):
            self.state, self.why = state, why
            self.link.publish(state)

    async def _follow(self, client: Client) -> None:
        from flowdesk.client_events import Patience
        from flowdesk.errors import ClientError, NotAuthorised

        stream = client.events.mine(patience=Patience(give_up_s=None), watch=self._watch)
        try:
            async with aclosing(stream) as events:
                await self._collect(events)
        except NotAuthorised as error:
            self.become("offline", error.message)
            self.refused.publish(None)
        except ClientError as error:
            self.become("offline", error.message)
            raise

    async def _collect(self, events: AsyncGenerator[EventDoc, None]) -> None:
        loop = asyncio.get_running_loop()
        async for event in events:
            self._pending.append(event)
            if self._flush is None:
                self._flush = loop.call_later(BATCH_S, self._tell)

    def _tell(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        if self._pending:
            batch, self._pending = self._pending, []
            self.events.publish(batch)

    def _watch(self, link: Link) -> None:
        if link.state == "connected":
            self.become("connected")
        elif link.state == "gap":
            self.missed.publish(None)
        elif self.state != "offline":
            self.become("reconnecting", link.error.message if link.error else "")
