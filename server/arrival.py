"""Begins what needs the store: at once, or as soon as a store that is away for now has come.

Machines and containers start in any order, and a process that is started again while MongoDB elects a primary must not
end for it. What waiting cannot mend (a login that is refused, a database that is too new) ends the process, whenever it
shows.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Final

from engine.errors import FlowDeskError, Unavailable, Unreachable

AT_ONCE_S: Final = 2.0
"""How long a start waits for the store before it goes on without it."""
PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 5.0
FOR_NOW: Final = (Unreachable, Unavailable)
"""What may mend itself."""

Step = Callable[[], Awaitable[None]]

log = logging.getLogger("flowdesk.store")


class Arrival:
    """Takes these steps, each until it has worked once; the first one opens the store.

    A step may be called again after one of FOR_NOW. Without `patient` those are raised like any other error.
    """

    def __init__(self, *steps: Step, patient: bool) -> None:
        self._left = list(steps)
        self.patient = patient
        self._opening: asyncio.Task[None] | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._began = 0.0
        self._trouble: FlowDeskError | None = None

    @property
    def over(self) -> bool:
        """Whether everything has begun."""
        return not self._left

    @property
    def trouble(self) -> Unavailable | None:
        """Why nothing can be done yet; None when it is over."""
        if self.over:
            return None
        return Unavailable(self._trouble.message if self._trouble else "the store has not answered yet")

    async def start(self) -> None:
        """Take the steps; those that have to wait are taken in the background."""
        self._began = monotonic()
        if not self.patient:
            while self._left:
                await self._next()
            return
        # Only the first may take long. The others run here if they can: what they open is closed here, too.
        self._opening = asyncio.create_task(self._next(), name="opening")
        await asyncio.wait([self._opening], timeout=AT_ONCE_S)
        if self._opening.done():
            try:
                self._opening.result()
                while self._left:
                    await self._next()
                return
            except FOR_NOW as error:
                self._note(error)
        self._waiting = asyncio.create_task(self._go_on(self._opening), name="arrival")

    async def wait(self) -> None:
        """Return when it is over; raises what no waiting can mend."""
        if self._waiting is not None:
            await asyncio.shield(self._waiting)

    async def stop(self) -> None:
        """Take no further step."""
        tasks = [task for task in (self._waiting, self._opening) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self) -> None:
        await self._left[0]()
        del self._left[0]

    async def _go_on(self, opening: asyncio.Task[None]) -> None:
        pause = PAUSE_S
        if not opening.done():
            await self._tried(opening)
        while not self.over:
            if self._trouble is not None:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            await self._tried(self._next())
        log.info("everything is there after %.1f s", monotonic() - self._began)

    async def _tried(self, step: Awaitable[None]) -> None:
        try:
            await step
            self._trouble = None
        except FOR_NOW as error:
            self._note(error)

    def _note(self, error: FlowDeskError) -> None:
        """Keep the reason, and say it when it is a new one."""
        if self._trouble is None or self._trouble.message != error.message:
            log.warning("waiting, and trying again until it works: %s", error)
        self._trouble = error
