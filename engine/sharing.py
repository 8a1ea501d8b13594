"""One lookup for many who ask the same at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SharedLookup(Generic[T]):
    """Asks once for all who want to know the same thing, but never answers with what was looked up before they asked.

    Who asks while a lookup is under way joins the one after it.
    """

    def __init__(self, ask: Callable[[str], Awaitable[T]]) -> None:
        self._ask = ask
        self._running: dict[str, asyncio.Task[T]] = {}
        self._following: dict[str, asyncio.Task[T]] = {}

    async def __call__(self, key: str) -> T:
        """What a lookup says that begins now or later."""
        task = self._following.get(key)
        if task is None:
            task = self._following[key] = asyncio.create_task(self._look(key))
            task.add_done_callback(_seen)
        return await asyncio.shield(task)

    async def _look(self, key: str) -> T:
        before = self._running.get(key)
        if before is not None:
            await asyncio.wait([before])
        task = self._running[key] = self._following.pop(key)
        try:
            return await self._ask(key)
        finally:
            if self._running[key] is task:
                del self._running[key]


def _seen(task: asyncio.Task[T]) -> None:
    """The error is for those who still wait; when nobody does any more it is nobody's concern."""
    if not task.cancelled():
        task.exception()
