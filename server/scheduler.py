"""Starts the runs of cron schedules: one heartbeat a second asks the store what is due.

Due times are rows, and a run's id is derived from its schedule and time: however many servers there are, however often
one restarts or its clock is set back, a tick has one run. aiocron only rings; after a stall its rings are one.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC
from typing import Final

import aiocron

from engine.clock import Clock, now_ms
from engine.engine import Engine
from engine.errors import FlowDeskError
from engine.store import Store
from server.scheduler_firing import Firing

BATCH: Final = 100
BEAT_S: Final = 0.5
"""The least time between two looks."""

log = logging.getLogger("flowdesk.scheduler")


class Scheduler:
    """Make it anywhere; `start` it inside the running loop."""

    def __init__(self, engine: Engine, store: Store, *, clock: Clock = now_ms) -> None:
        self._firing = Firing(engine, store)
        self._store = store
        self._clock = clock
        self._cron: aiocron.Cron | None = None
        self._task: asyncio.Task[None] | None = None
        self._trouble: str | None = None

    async def start(self) -> None:
        """Begin to look once a second."""
        bell = asyncio.Event()
        loop = asyncio.get_running_loop()
        self._cron = aiocron.crontab("* * * * * *", func=bell.set, start=False, loop=loop, tz=UTC)
        self._cron.start()
        bell.set()
        self._task = asyncio.create_task(self._follow(bell), name="scheduler")

    async def stop(self) -> None:
        """Start no run any more."""
        if self._cron is not None:
            self._cron.stop()
            self._cron = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _follow(self, bell: asyncio.Event) -> None:
        clock = asyncio.get_running_loop().time
        last = clock() - BEAT_S
        while True:
            await bell.wait()
            bell.clear()
            # After a stall aiocron rings once for every second missed.
            if clock() - last >= BEAT_S:
                last = clock()
                await self.beat()

    async def beat(self) -> None:
        """Start what is due now, and survive whatever comes of it."""
        try:
            await self.tick(self._clock())
        except FlowDeskError as error:
            self._tell(str(error))
        except Exception:
            log.exception("the scheduler stumbled and goes on")
        else:
            self._tell(None)

    def _tell(self, trouble: str | None) -> None:
        """Log a trouble when it begins and when it ends, not every second."""
        if trouble != self._trouble:
            if trouble is not None:
                log.error("schedules have to wait: %s", trouble)
            else:
                log.info("schedules go on")
            self._trouble = trouble

    async def tick(self, now: int) -> int:
        """Start what is due at this time; how many runs that made. Raises when the store cannot say or keep it."""
        started = 0
        while True:
            rows = await self._store.schedules.due(now, limit=BATCH)
            results = await asyncio.gather(*(self._firing.fire(row, now) for row in rows), return_exceptions=True)
            failed = [result for result in results if isinstance(result, BaseException)]
            started += sum(result for result in results if isinstance(result, int))
            if failed:
                raise failed[0]
            if len(rows) < BATCH:
                return started
