"""Keeps callers from queueing up behind a server that is gone.

While MongoDB does not answer one probe knocks at it. Callers wait a moment for it, in case it was only a hiccup, and
are then told at once instead of each waiting for a time-out of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from engine.errors import FlowDeskError, Unavailable

_HICCUP_S: Final = 2.0
_WAIT_S: Final = 0.5
_KNOCK_S: Final = 0.1

log = logging.getLogger("flowdesk.store")


class Gate:
    """Open as long as the server answers; `probe` raises a FlowDeskError while it does not."""

    def __init__(self, probe: Callable[[], Awaitable[None]]) -> None:
        self._probe = probe
        self._open = asyncio.Event()
        self._open.set()
        self._shut_at = 0.0
        self._why = Unavailable()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the server answered last time."""
        return self._open.is_set()

    async def enter(self) -> None:
        """Return as soon as the gate is open, or raise Unavailable."""
        if self._open.is_set():
            return
        if monotonic() - self._shut_at < _HICCUP_S:
            try:
                async with asyncio.timeout(_WAIT_S):
                    await self._open.wait()
            except TimeoutError:
                raise _copy(self._why) from None
        else:
            raise _copy(self._why)

    def shut(self, why: Unavailable) -> None:
        """The server is gone: let nobody in until the probe comes back."""
        self._why = why
        if self._open.is_set():
            log.error("waiting for MongoDB: %s", why.message)
            self._open.clear()
            self._shut_at = monotonic()
            self._task = asyncio.create_task(self._knock(), name="mongo-gate")

    async def close(self) -> None:
        """Stop knocking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._open.set()

    async def _knock(self) -> None:
        while True:
            try:
                await self._probe()
            except FlowDeskError:
                await asyncio.sleep(_KNOCK_S)
            else:
                break
        log.info("MongoDB answers again after %.1f s", monotonic() - self._shut_at)
        self._open.set()


def _copy(why: Unavailable) -> Unavailable:
    """An error of its own for each caller, and one that says that nothing was sent."""
    return Unavailable(why.message, hint=why.hint)
