"""Starts the runs of cron schedules: one heartbeat a second asks the store what is due.

Due times are rows, and a run's id is derived from its schedule and time: however many servers there are, however often
one restarts or its clock is set back, a tick has one run. aiocron only rings; after a stall its rings are one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC
from time import monotonic
from typing import Any, Final

import aiocron

from engine.clock import Clock, now_ms
from engine.engine import Engine
from engine.errors import FlowDeskError
from engine.store import Store
from server.scheduler_firing import Firing, Room, unbounded

BATCH: Final = 100
BEAT_S: Final = 0.5
"""The least time between two looks."""

log = logging.getLogger("flowdesk.scheduler")


class Scheduler:
    """Make it anywhere; `start` it inside the running loop."""

    def __init__(
        self,
        engine: Engine,
        store: Store,
        *,
        clock: Clock = now_ms,
        late: Callable[[float], None] | None = None,
        room: Room = unbounded,
    ) -> None:
        """`late` is told for each due schedule how many seconds ago its time was; what has no `room` waits for it."""
        self._firing = Firing(engine, store, room)
        self._store = store
        self._clock = clock
        self._cron: aiocron.Cron | None = None
        self._task: asyncio.Task[None] | None = None
        self._trouble: str | None = None
        self._failing = False
        self._late = late
        self._started = 0
        self._looked_at: float | None = None

    def stats(self) -> dict[str, Any]:
        """Figures for monitoring; `lagS` is the time since the last look that worked, None before the first."""
        lag = None if self._looked_at is None else monotonic() - self._looked_at
        return {"started": self._started, "failing": self._failing, "lagS": lag}

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
            self._failing = True
            self._tell(str(error))
        except Exception:
            self._failing = True
            log.exception("the scheduler stumbled and goes on")
        else:
            self._failing = False
            self._looked_at = monotonic()
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
            if self._late is not None:
                for row in rows:
                    self._late((now - row.next_at) / 1000)
            results = await asyncio.gather(*(self._firing.fire(row, now) for row in rows), return_exceptions=True)
            failed = [result for result in results if isinstance(result, BaseException)]
            fresh = sum(result for result in results if isinstance(result, int))
            self._started += fresh
            started += fresh
            if failed:
                raise failed[0]
            if len(rows) < BATCH:
                return started
