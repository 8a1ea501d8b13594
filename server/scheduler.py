"""Starts the runs of cron schedules: one heartbeat a second asks the store what is due.

Due times are rows, and a run's id is derived from its schedule and time: however many servers there are, however often
one restarts or its clock is set back, a tick has one run. aiocron only rings; after a stall its rings are one.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import aiocron

from engine.clock import Clock, iso, now_ms
from engine.cron import next_fire
from engine.engine import Engine
from engine.errors import FlowDeskError, NotFound, Unavailable
from engine.ids import derived_id
from engine.models.run import Trigger, TriggerKind
from engine.store import ScheduleRow, Store
from server.saving import NEVER

GRACE_MS: Final = 3_600_000
"""A missed tick is made up for when it is no older than this."""
BATCH: Final = 100
BEAT_S: Final = 0.5
"""The least time between two looks."""
_WINDOWS_MS: Final = (60_000, 600_000)

log = logging.getLogger("flowdesk.scheduler")


@dataclass(slots=True, frozen=True)
class Due:
    """What to do about a schedule that is due: the tick to run, if any, and when it is due again."""

    scheduled_at: int | None
    next_at: int


def plan_tick(row: ScheduleRow, now: int, grace_ms: int = GRACE_MS) -> Due:
    """The misfire policy: of all ticks missed run only the latest, and only within the grace time."""
    following = next_fire(row.cron, row.timezone, now)
    return Due(_latest(row, now, grace_ms), NEVER if following is None else following)


def _latest(row: ScheduleRow, now: int, grace_ms: int) -> int | None:
    """The last tick from `row.next_at` until now, looking further back only when there is none near."""
    for window in (*_WINDOWS_MS, grace_ms):
        start = max(now - min(window, grace_ms), row.next_at) - 1
        latest = None
        tick = next_fire(row.cron, row.timezone, start)
        while tick is not None and tick <= now:
            latest = tick
            tick = next_fire(row.cron, row.timezone, tick)
        if latest is not None:
            return latest
    return None


class Scheduler:
    """Make it anywhere; `start` it inside the running loop."""

    def __init__(self, engine: Engine, store: Store, *, clock: Clock = now_ms, grace_ms: int = GRACE_MS) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._grace_ms = grace_ms
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
            results = await asyncio.gather(*(self._fire(row, now) for row in rows), return_exceptions=True)
            failed = [result for result in results if isinstance(result, BaseException)]
            started += sum(result for result in results if isinstance(result, int))
            if failed:
                raise failed[0]
            if len(rows) < BATCH:
                return started

    async def _fire(self, row: ScheduleRow, now: int) -> int:
        """Start the run first and move the schedule on after it: a crash between the two finds the run by its id."""
        due = plan_tick(row, now, self._grace_ms)
        started = 0
        if due.scheduled_at is not None:
            started = await self._start(row, due.scheduled_at)
        else:
            log.warning("workflow %s: the tick of %s is too old to be made up for", row.workflow_id, iso(row.next_at))
        await self._store.schedules.advance(row, next_at=due.next_at)
        return started

    async def _start(self, row: ScheduleRow, scheduled_at: int) -> int:
        try:
            plan = await self._engine.plans.current(row.workflow_id)
        except NotFound:
            return 0
        except Unavailable:
            raise
        except Exception:
            # A fault of ours must not keep the other schedules from their turn.
            log.exception("workflow %s cannot be started by its schedule", row.workflow_id)
            return 0
        if not plan.workflow.enabled:
            return 0
        meta = {"scheduledAt": iso(scheduled_at), "cron": row.cron, "timezone": row.timezone}
        accepted = await self._engine.accept(
            plan,
            Trigger(TriggerKind.CRON, {}, meta, row.step_id),
            run_id=derived_id(scheduled_at, row.workflow_id, row.schedule_id),
            scheduled_at=scheduled_at,
        )
        return 0 if accepted.duplicate else 1
