"""The parent's end of our stdin: when it closes, for whatever reason, the server leaves too.

A thread waits for it, since event loops cannot watch every kind of file that stdin may be.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable


def hold(descriptor: int, on_end: Callable[[], None]) -> None:
    """Call `on_end` in the running loop once nothing more can be read; what is read is thrown away."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        try:
            while os.read(descriptor, 4096):
                pass
        except OSError:
            pass  # not readable at all counts as closed
        try:
            loop.call_soon_threadsafe(on_end)
        except RuntimeError:
            return  # the loop has ended before the parent did

    threading.Thread(target=wait, name="lifeline", daemon=True).start()
