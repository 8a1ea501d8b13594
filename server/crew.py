"""The life of one worker process: taskiq listens and calls, an engine executes.

A message is only a hint that a run can go on. The engine's own sweeper finds every run that a message was lost for.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import Any, Final

from taskiq import TaskiqEvents, TaskiqState

from engine.errors import FlowDeskError, NotFound
from server.arrival import Arrival
from server.compose import Core, compose_worker
from server.fleet import report
from server.logs import start_logging
from server.manager import dismiss, leave, mind_manager, refuse
from server.queues.stream import TASK, DoorbellStream
from server.redis_client import check
from server.settings import Settings
from server.watchdog import Watchdog
from server.worker_metrics import listening

SPARE_CONNECTIONS: Final = 4
LONGEST_ID: Final = 64

log = logging.getLogger("flowdesk.worker")


class Crew:
    """Everything behind the broker of a worker process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._writer = start_logging(settings.log_level, settings.log_format)
        logging.getLogger("taskiq").setLevel(logging.WARNING)
        self._core: Core | None = None
        self._arrival = Arrival(patient=True)
        self._working = AsyncExitStack()
        self._telling = AsyncExitStack()
        self._watchdog = Watchdog()
        self._minding: list[asyncio.Task[None]] = []
        self.broker = self._make_broker(settings)

    def _make_broker(self, settings: Settings) -> DoorbellStream:
        concurrency = settings.worker_concurrency
        broker = DoorbellStream(
            settings.redis_url or "",
            settings.redis_prefix,
            concurrency=concurrency,
            connections=concurrency + SPARE_CONNECTIONS,
        )

        async def drive(run_id: Any = None, reason: Any = None) -> None:
            await self.drive(run_id, reason)

        broker.register_task(drive, task_name=TASK)
        broker.add_event_handler(TaskiqEvents.WORKER_STARTUP, self.start)
        broker.add_event_handler(TaskiqEvents.WORKER_SHUTDOWN, self.close)
        broker.room = self.room
        broker.left = self.stop
        return broker

    async def start(self, _state: TaskiqState) -> None:
        """Open the store and begin to execute, or go on trying to; ends the program when that can never work."""
        self._minding.append(asyncio.create_task(mind_manager(), name="manager"))
        try:
            core = compose_worker(self._settings)
            self._watchdog.lag = core.metrics.meters.loop_lag.observe
            self._watchdog.start()
            await check(self._settings.redis_url or "")
            self._core = core
            core.bus.start()
            await self._telling.enter_async_context(listening(self._settings, core.metrics))
            self._arrival = Arrival(core.store.open, self._work, self._introduce, patient=True)
            await self._arrival.start()
        except FlowDeskError as error:
            refuse(error)
        self._minding.append(asyncio.create_task(self._mind_arrival(), name="mind-arrival"))

    async def _work(self) -> None:
        if self._core is not None:
            await self._core.engine.start()
            self._working.push_async_callback(self._core.engine.stop, self._settings.grace_s)

    async def _introduce(self) -> None:
        if self._core is not None:
            await report(self._core.engine, self._core.store)
            fields = {"id": self._core.engine.owner, "concurrency": self._settings.worker_concurrency}
            log.info("a worker is ready", extra={"fields": fields})

    async def _mind_arrival(self) -> None:
        """Leave when what was waited for turns out to be of no use."""
        try:
            await self._arrival.wait()
        except FlowDeskError as error:
            dismiss(error)
            leave()
        except Exception as error:
            log.critical("the worker failed", exc_info=error)
            leave()

    def room(self) -> int:
        """How many more runs could start this moment."""
        return self._core.engine.slots if self._core is not None and self._arrival.over else 0

    async def drive(self, run_id: Any, reason: Any) -> None:
        """Go on with this run until it rests; a message that is wrong costs no more than a look at the store."""
        if self._core is None or not isinstance(run_id, str) or not 0 < len(run_id) <= LONGEST_ID:
            log.warning("a message names no run: %.100r (%.100r)", run_id, reason)
            return
        try:
            await self._core.engine.take(run_id)
        except NotFound:
            log.warning("a message names a run that does not exist: %r (%.100r)", run_id, reason)
        except FlowDeskError as error:
            log.warning("run %s has to wait: %s", run_id, error)

    async def stop(self) -> None:
        """Called when taskiq listens no longer: start nothing more and let go of every run within the grace time."""
        if self._core is not None and self._arrival.over:
            log.info("stopping: running steps have %g s", self._settings.grace_s)
        await self._arrival.stop()
        await self._working.aclose()

    async def close(self, _state: TaskiqState) -> None:
        """Let go of everything else."""
        for task in self._minding:
            task.cancel()
        await asyncio.gather(*self._minding, return_exceptions=True)
        core, self._core = self._core, None
        if core is not None:
            await self._arrival.stop()
            await self._working.aclose()
            await self._telling.aclose()
            await core.bus.stop()
            await core.store.close()
            await core.telemetry.close()
            log.info("stopped")
        self._watchdog.stop()
        self._writer.close()
