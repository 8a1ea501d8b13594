"""Deletions that happen a little later, so that they can be taken back: `u` within ten seconds undoes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from engine.errors import FlowDeskError
from flowdesk.tui import toast
from flowdesk.tui.tasks import task

if TYPE_CHECKING:
    from textual.app import App

GRACE_S: Final = 10.0


@dataclass(slots=True, eq=False)
class _Promise:
    what: str
    work: Callable[[], Awaitable[None]]
    keep: Callable[[], None]
    timer: asyncio.TimerHandle | None = None


class Deferred:
    """What has been promised and not yet been done, oldest first."""

    def __init__(self, app: App[Any], grace_s: float = GRACE_S) -> None:
        self._app = app
        self._grace_s = grace_s
        self._promises: list[_Promise] = []

    @property
    def promised(self) -> bool:
        """Whether there is something to take back."""
        return bool(self._promises)

    def later(self, what: str, work: Callable[[], Awaitable[None]], keep: Callable[[], None]) -> None:
        """Do `work` after the grace time unless it is undone, which calls `keep`. `what`: "Deleting order-intake"."""
        promise = _Promise(what, work, keep)
        loop = asyncio.get_running_loop()
        promise.timer = loop.call_later(self._grace_s, lambda: self._begin(promise))
        self._promises.append(promise)
        toast.say(self._app, f"{what} in {self._grace_s:.0f} s; u undoes it", seconds=self._grace_s)

    def undo(self) -> bool:
        """Take the newest promise back; False when there is none."""
        if not self._promises:
            return False
        promise = self._promises.pop()
        if promise.timer is not None:
            promise.timer.cancel()
        promise.keep()
        toast.say(self._app, f"{promise.what}: undone, nothing was changed")
        return True

    async def finish(self) -> list[str]:
        """Do now what was promised, for leaving the server; gives in words what could not be done."""
        failed = []
        for promise in self._take_all():
            try:
                await promise.work()
            except FlowDeskError as error:
                promise.keep()
                failed.append(f"{promise.what} failed: {toast.reason(error)}")
        return failed

    def _take_all(self) -> list[_Promise]:
        taken, self._promises = self._promises, []
        for promise in taken:
            if promise.timer is not None:
                promise.timer.cancel()
        return taken

    def _begin(self, promise: _Promise) -> None:
        if promise in self._promises:
            self._promises.remove(promise)
            task(self._app, self._do(promise), what=promise.what, group="deferred")

    async def _do(self, promise: _Promise) -> None:
        try:
            await promise.work()
        except FlowDeskError:
            promise.keep()
            raise
