"""Writes lines from a thread of its own: a stopped terminal or a full pipe must never stop the server."""

from __future__ import annotations

import os
import queue
import threading
from typing import Final

MAX_WAITING: Final = 10_000
"""Lines kept while nobody reads; beyond that they are counted and dropped."""


class LineWriter:
    """A bounded queue of lines and the thread that writes them to a file descriptor."""

    def __init__(self, descriptor: int, *, max_waiting: int = MAX_WAITING) -> None:
        self._descriptor = descriptor
        self._lines: queue.Queue[str | None] = queue.Queue(max_waiting)
        self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue a line; never waits."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._dropped += 1

    def close(self, timeout_s: float = 2.0) -> None:
        """Write what waits, as far as the time allows."""
        try:
            self._lines.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            self._out(line)
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self._out(f'{{"level":"warning","message":"{dropped} log lines were dropped, nobody read them"}}')

    def _out(self, line: str) -> None:
        data = line.encode(errors="backslashreplace") + b"\n"
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:
            return  # the reader has gone; there is nowhere left to say so
