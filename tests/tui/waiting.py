"""Waiting for what the screen does: for idleness, or for a condition, never for a fixed time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from textual.app import App

from flowdesk.tui.tasks import ENDLESS


async def idle(app: App[Any], within_s: float = 20) -> None:
    """Return when no work with an end is under way and what it changed has been drawn."""
    async with asyncio.timeout(within_s):
        for _ in range(3):
            work = [w for w in app.workers if not w.group.startswith(ENDLESS) and not w.is_finished]
            if work:
                await app.workers.wait_for_complete(work)
            drawn = asyncio.Event()
            app.call_after_refresh(drawn.set)
            await drawn.wait()


async def settled(app: App[Any], within_s: float = 20) -> None:
    """The same, also where work waits for the answer to a dialog: then what the dialog does itself must have ended."""
    async with asyncio.timeout(within_s):
        for _ in range(3):
            await until(lambda: not _under_way(app), "the end of the work", within_s)
            drawn = asyncio.Event()
            app.call_after_refresh(drawn.set)
            await drawn.wait()


def _under_way(app: App[Any]) -> bool:
    top = app.screen
    return any(
        not w.is_finished
        and not w.group.startswith(ENDLESS)
        and (not top.is_modal or top in w.node.ancestors_with_self)
        for w in app.workers
    )


async def until(condition: Callable[[], object], what: str, within_s: float = 20) -> None:
    """Return when the condition holds; fails with what was waited for."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"waited {within_s} s in vain for {what}"
        await asyncio.sleep(0.01)


def said(app: App[Any]) -> list[str]:
    """The messages in the corner, oldest first."""
    return [str(toast.render()) for toast in app.screen.query("Toast")]
