"""A server in a thread of its own, for clients that block."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.server.live import Live, live

T = TypeVar("T")


@dataclass
class Aside:
    """The server, and a way to do something in its thread."""

    live: Live
    loop: asyncio.AbstractEventLoop

    def do(self, work: Callable[[Live], Awaitable[T]]) -> T:
        """What this comes to, done beside the server."""

        async def act() -> T:
            return await work(self.live)

        return asyncio.run_coroutine_threadsafe(act(), self.loop).result(60)


@contextmanager
def aside(directory: Path, **settings: Any) -> Iterator[Aside]:
    """Serve from another thread for the length of the block."""
    ready, found = threading.Event(), dict[str, Any]()

    async def serve() -> None:
        found["loop"], found["over"] = asyncio.get_running_loop(), asyncio.Event()
        async with live(directory, **settings) as running:
            found["live"] = running
            ready.set()
            await found["over"].wait()

    def work() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            found["error"] = error
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="served")
    thread.start()
    try:
        assert ready.wait(60)
        assert "error" not in found, found["error"]
        yield Aside(found["live"], found["loop"])
    finally:
        found["loop"].call_soon_threadsafe(found["over"].set)
        thread.join(30)
