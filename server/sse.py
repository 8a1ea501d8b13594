"""Server-sent events on the wire: frames, and a connection that a slow reader cannot fill."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from time import monotonic
from typing import Any, Final

from aiohttp import hdrs, web

from engine.errors import FlowDeskError, Unavailable
from engine.jsonio import dumps
from server.keys import STILL

log = logging.getLogger("flowdesk.http")

HEARTBEAT_S: Final = 15.0
WRITE_TIMEOUT_S: Final = 30.0
"""How long a reader may leave a full connection unread before it is cut off."""
CHUNK: Final = 65_536
RETRY_MS: Final = 500
CHECK_S: Final = 1.0
"""How long a reader who was allowed to read is believed to be so still."""


class ReaderGone(Exception):
    """The reader has left, reads too slowly, or may not read any more."""


def frame(event: str, data: Any, *, event_id: str | None = None) -> bytes:
    """One event; compact JSON holds no line break."""
    head = b"" if event_id is None else b"id: %b\n" % event_id.encode()
    return b"%bevent: %b\ndata: %b\n\n" % (head, event.encode(), dumps(data))


class Connection:
    """One reader's open answer."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        headers = {
            hdrs.CONTENT_TYPE: "text/event-stream",
            hdrs.CACHE_CONTROL: "no-store",
            "X-Accel-Buffering": "no",
        }
        self.response = web.StreamResponse(headers=headers)
        self._said_at = 0.0
        self._checked_at = monotonic()

    async def open(self) -> None:
        """Send the head, and how long to wait before coming back."""
        await self.response.prepare(self._request)
        await self._write(b"retry: %d\n\n" % RETRY_MS)

    async def send(self, frames: Iterable[bytes]) -> None:
        """Write frames, a bounded amount at a time; ReaderGone when nobody takes them, or nobody may."""
        await self._check()
        waiting: list[bytes] = []
        size = 0
        for one in frames:
            waiting.append(one)
            size += len(one)
            if size >= CHUNK:
                await self._write(b"".join(waiting))
                waiting, size = [], 0
        if waiting:
            await self._write(b"".join(waiting))

    async def beat(self, *, unless_within_s: float) -> None:
        """A comment, so that neither side nor a proxy takes silence for death; not if something was said just now."""
        await self._check()
        if monotonic() - self._said_at > unless_within_s * 0.9:
            await self._write(b": \n\n")

    async def _check(self) -> None:
        """End the answer of somebody who was let go, whose token ended, or whose key was removed, meanwhile.

        Coming back, the reader is told why. While the store is away nobody can say, and it tells nothing new either.
        """
        if monotonic() - self._checked_at < CHECK_S:
            return
        try:
            await self._request[STILL]()
        except Unavailable:
            return
        except FlowDeskError as error:
            log.info("ended a live stream: %s", error.code)
            await self.close()
            raise ReaderGone from None
        self._checked_at = monotonic()

    async def _write(self, data: bytes) -> None:
        self._said_at = monotonic()
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self.response.write(data)
        except TimeoutError:
            if self._request.transport is not None:
                self._request.transport.abort()
            raise ReaderGone from None
        except ConnectionError:
            raise ReaderGone from None

    async def close(self) -> None:
        """End the answer in good order."""
        await self.response.write_eof()
