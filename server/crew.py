"""The life of one worker process: taskiq listens and calls, an engine executes.

A message is only a hint that a run can go on. The engine's own sweeper finds every run that a message was lost for.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from taskiq import TaskiqEvents, TaskiqState

from engine.errors import FlowDeskError, NotFound
from engine.transfer.marks import refuse_unfinished
from server.compose import Core, compose_worker
from server.fleet import report
from server.logs import start_logging
from server.manager import mind_manager, refuse
from server.queues.stream import TASK, DoorbellStream
from server.redis_client import check
from server.settings import Settings
from server.watchdog import Watchdog

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
        self._watchdog = Watchdog()
        self._minding: asyncio.Task[None] | None = None
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
        """Open the store and begin to execute; ends the program when that can never work."""
        self._minding = asyncio.create_task(mind_manager(), name="manager")
        core = compose_worker(self._settings)
        try:
            await check(self._settings.redis_url or "")
            await core.store.open()
            await refuse_unfinished(core.store)
        except FlowDeskError as error:
            refuse(error)
        self._core = core
        self._watchdog.start()
        core.bus.start()
        await core.engine.start()
        await report(core.engine, core.store)
        fields = {"id": core.engine.owner, "concurrency": self._settings.worker_concurrency}
        log.info("a worker is ready", extra={"fields": fields})

    def room(self) -> int:
        """How many more runs could start this moment."""
        return 0 if self._core is None else self._core.engine.slots

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
        if self._core is not None:
            log.info("stopping: running steps have %g s", self._settings.grace_s)
            await self._core.engine.stop(self._settings.grace_s)

    async def close(self, _state: TaskiqState) -> None:
        """Let go of everything else."""
        if self._minding is not None:
            self._minding.cancel()
            await asyncio.gather(self._minding, return_exceptions=True)
        core, self._core = self._core, None
        if core is not None:
            await core.bus.stop()
            await core.store.close()
            self._watchdog.stop()
            log.info("stopped")
        self._writer.close()
