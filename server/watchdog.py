"""Names what keeps the event loop from working: while one step computes without awaiting, nobody else is served.

The loop winds a clock; a thread looks at it. When it has stopped, the thread writes where the loop is at that moment.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import FrameType
from typing import Final

PATIENCE_S: Final = 2.0
"""How long the loop may be busy with one thing before that is said."""
FRAMES: Final = 8

log = logging.getLogger("flowdesk.server")


class Watchdog:
    """Watches the running loop from `start` to `stop`."""

    def __init__(self, *, patience_s: float = PATIENCE_S) -> None:
        self.lag: Callable[[float], None] | None = None
        """Told each time by how many seconds the loop was late."""
        self._patience_s = patience_s
        self._wound = 0.0
        self._handle: asyncio.TimerHandle | None = None
        self._ended = threading.Event()
        self._loop_thread = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; call it in the loop."""
        self._loop_thread = threading.get_ident()
        self._wind(asyncio.get_running_loop())
        self._thread = threading.Thread(target=self._look, name="watchdog", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()
        if self._handle is not None:
            self._handle.cancel()
        if self._thread is not None:
            self._thread.join()

    def _wind(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        if self.lag is not None and self._handle is not None:
            self.lag(now - self._wound - self._patience_s / 4)
        self._wound = now
        self._handle = loop.call_later(self._patience_s / 4, self._wind, loop)

    def _look(self) -> None:
        told = 0.0
        while not self._ended.wait(self._patience_s / 4):
            wound = self._wound
            stopped_s = time.monotonic() - wound
            if stopped_s > self._patience_s and told != wound:
                told = wound
                frame = sys._current_frames().get(self._loop_thread)
                log.error("nothing is served for %.1f s because of %s", stopped_s, _place(frame), extra=_stack(frame))


def _place(frame: FrameType | None) -> str:
    if frame is None:
        return "something unknown"
    return f"{frame.f_code.co_qualname} in {frame.f_code.co_filename}, line {frame.f_lineno}"


def _stack(frame: FrameType | None) -> dict[str, dict[str, list[str]]]:
    found = traceback.extract_stack(frame)[-FRAMES:] if frame is not None else []
    return {"fields": {"stack": [f"{entry.filename}:{entry.lineno} {entry.name}" for entry in found]}}
