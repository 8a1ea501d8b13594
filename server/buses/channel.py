"""Commits over Redis pub/sub: told to the other processes, and heard from them while somebody here listens.

Telling never waits. What cannot be told is dropped, and as soon as Redis answers again the others are told that
something was missed, so that they read it from the store.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

from redis.asyncio.client import PubSub

from engine.store import FeedItem
from server.buses import wire
from server.redis_client import AWAY, Standing, connect

MOST_WAITING: Final = 10_000
HEAVIEST: Final = 1 << 20
TELL_S: Final = 2.0
AGAIN_S: Final = 1.0
LOOK_S: Final = 1.0
PING_S: Final = 3.0
SILENCE_S: Final = 10.0
LINGER_S: Final = 10.0
"""How long to go on listening when nobody here does any more: the next one may come soon."""

log = logging.getLogger("flowdesk.bus")

Heard = Callable[[list[FeedItem]], None]


class Channel:
    """Both directions, each with a connection and a task of its own.

    `heard` gets what other processes told, `missed` is called when something of it may have been lost.
    """

    def __init__(self, url: str, prefix: str, *, heard: Heard, missed: Callable[[], None]) -> None:
        self._name = f"{prefix}-events"
        self._client = connect(url, answer_s=TELL_S, connections=4)
        self._heard = heard
        self._missed = missed
        self._sender = secrets.token_hex(8)
        self._waiting: deque[FeedItem] = deque()
        self._something = asyncio.Event()
        self._lost = False
        self._wanted = asyncio.Event()
        self._wanted_at = 0.0
        self._closing = False
        self._tasks: list[asyncio.Task[None]] = []
        self._told = self._dropped = 0
        self._telling = Standing("live events cannot be told to other processes")
        self._hearing = Standing("live events of other processes cannot be heard")
        self.connected = False

    @property
    def degraded(self) -> bool:
        """Whether one of the directions does not work."""
        return not (self._telling.ok and self._hearing.ok)

    def stats(self) -> dict[str, Any]:
        """Figures for health pages."""
        error = self._telling.error or self._hearing.error
        return {"degraded": self.degraded, "told": self._told, "dropped": self._dropped, "error": error}

    async def look(self) -> None:
        """Find out whether Redis answers, for health pages."""
        await self._telling.look(self._client.ping)
        if self._telling.ok and not self._wanted.is_set():
            self._hearing.worked()

    def start(self) -> None:
        """Begin; call it in the loop."""
        self._tasks = [
            asyncio.create_task(self._tell(), name="bus-tell"),
            asyncio.create_task(self._listen(), name="bus-listen"),
        ]

    async def close(self) -> None:
        """Tell what waits, if that is quick, and let go of Redis."""
        self._closing = True
        self._something.set()
        self._wanted.set()
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=TELL_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    def send(self, item: FeedItem) -> None:
        """Tell the others; at once, or never."""
        if len(self._waiting) >= MOST_WAITING:
            self._drop(len(self._waiting))
        self._waiting.append(item)
        self._something.set()

    def want(self, wanted: bool) -> None:
        """Whether somebody here listens."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()
        self._wanted_at = monotonic()

    # -- telling ------------------------------------------------------------------------------------------------

    async def _tell(self) -> None:
        while not (self._closing and not self._waiting):
            await self._something.wait()
            self._something.clear()
            while self._waiting or self._lost:
                items, missed = self._next()
                try:
                    async with asyncio.timeout(TELL_S):
                        await self._client.publish(self._name, wire.pack(self._sender, missed, items))
                except AWAY as error:
                    self._telling.failed(error)
                    self._drop(len(items) + len(self._waiting))
                    if self._closing:
                        return
                    await asyncio.sleep(AGAIN_S)
                else:
                    self._told += len(items)
                    self._telling.worked()

    def _next(self) -> tuple[list[bytes], bool]:
        items: list[bytes] = []
        size = 0
        while self._waiting and size < HEAVIEST:
            items.append(wire.pack_item(self._waiting.popleft()))
            size += len(items[-1])
        missed, self._lost = self._lost, False
        return items, missed

    def _drop(self, count: int) -> None:
        self._dropped += count
        self._waiting.clear()
        self._lost = True
        self._something.set()

    # -- hearing ------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while not self._closing:
            await self._wanted.wait()
            if not self._closing and not await self._listen_once():
                await asyncio.sleep(AGAIN_S)

    async def _listen_once(self) -> bool:
        """Hear for as long as it is wanted; False when Redis does not let us."""
        try:
            async with self._client.pubsub() as subscribed:
                await subscribed.subscribe(self._name)
                await self._hear(subscribed)
        except AWAY as error:
            self._hearing.failed(error)
            return False
        finally:
            self.connected = False
        return True

    async def _hear(self, subscribed: PubSub) -> None:
        heard_at = asked_at = monotonic()
        while not self._closing and (self._wanted.is_set() or monotonic() - self._wanted_at < LINGER_S):
            message = await subscribed.get_message(timeout=LOOK_S)
            now = monotonic()
            if message is not None:
                heard_at = now
                self._take(message)
            elif now - heard_at > SILENCE_S:
                raise TimeoutError(f"nothing was heard for {SILENCE_S:g} s")
            if now - heard_at > PING_S < now - asked_at:
                asked_at = now
                await subscribed.ping()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "subscribe":
            # Also after a reconnection: whatever happened before was not heard.
            self.connected = True
            self._hearing.worked()
            self._missed()
        elif message["type"] == "message":
            try:
                parcel = wire.unpack(message["data"])
            except ValueError as error:
                log.warning("%s", error)
                self._missed()
                return
            if parcel.sender == self._sender:
                return
            if parcel.missed:
                self._missed()
            self._heard(parcel.items)
