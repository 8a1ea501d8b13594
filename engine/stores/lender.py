"""Lets a store's threads have Python's interpreter while the event loop never rests.

A thread that comes back from SQLite or from a socket needs the interpreter lock. A busy event loop gives the lock up
between callbacks, but only for a microsecond, too short for a sleeping thread to wake up: measured, a commit could wait
for seconds. So while somebody waits for the store and no answer has come for a moment, the loop sleeps for a tenth of a
millisecond.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

_EVERY_S: Final = 0.003
_FOR_S: Final = 0.0001


class Lender:
    """Counts who waits for the store. Used in the event loop only.

    `every_s` is how long no answer may have come; short where an answer takes a thread several turns.
    """

    def __init__(self, *, every_s: float = _EVERY_S) -> None:
        self._every_s = every_s
        self._waiting = 0
        self._answered = 0
        self._seen = 0
        self._timer: asyncio.TimerHandle | None = None
        self.lent = 0
        """How often the loop has slept."""

    @property
    def waiting(self) -> int:
        """Callers that have no answer yet."""
        return self._waiting

    def asked(self, loop: asyncio.AbstractEventLoop) -> None:
        """Somebody waits now."""
        self._waiting += 1
        if self._timer is None:
            self._seen = self._answered
            self._timer = loop.call_later(self._every_s, self._tick, loop)

    def answered(self, callers: int = 1) -> None:
        """So many have their answer."""
        self._waiting -= callers
        self._answered += callers

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting == 0:
            self._timer = None
            return
        if self._seen == self._answered:
            self.lent += 1
            time.sleep(_FOR_S)
        self._seen = self._answered
        self._timer = loop.call_later(self._every_s, self._tick, loop)
