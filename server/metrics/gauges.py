"""What is looked up when somebody asks: queue, store, sweeper, leases, schedules, Redis, other processes."""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from engine.errors import FlowDeskError
from engine.models.figures import HOUR_MS
from engine.models.run import FINISHED, RunStatus
from engine.store import ANYONE, Health
from server.fleet import living
from server.metrics import process
from server.metrics.exposition import Family, Sampled, gauge, render, total
from server.metrics.meters import Meters

if TYPE_CHECKING:
    from engine.engine import Engine
    from engine.events import LocalBus
    from engine.store import Store
    from server.queues.taskiq_queue import TaskiqQueue
    from server.scheduler import Scheduler

LOOK_S: Final = 2.0
"""How long the store may take to say something."""
KEEP_S: Final = 5.0
"""How long what was counted in the store is used again, so that nobody makes it count all the time."""
_OPEN: Final = tuple(status for status in RunStatus if status not in FINISHED)
_ROLES: Final = ("server", "worker")


@dataclass(slots=True)
class Metrics:
    """Everything one process tells Prometheus. A worker has neither scheduler nor queue, and leaves counting the
    store to servers."""

    meters: Meters
    engine: Engine
    store: Store
    bus: LocalBus
    role: str
    queue: TaskiqQueue | None = None
    scheduler: Scheduler | None = None
    _counted: tuple[Mapping[RunStatus, int] | None, Mapping[str, int] | None] = (None, None)
    _counted_at: float | None = None

    async def text(self) -> str:
        """The whole exposition; what the store does not say in time is left out."""
        health = await self._health()
        if self.role == "server" and health.ok:
            await self._count()
        elif not health.ok:
            self._counted, self._counted_at = (None, None), None
        return render(self.families(health))

    def families(self, health: Health) -> Iterator[Family]:
        """Everything there is to tell, whether it is known now or not."""
        yield Sampled(
            "flowdesk_build_info",
            "Always 1; the labels say what runs here.",
            labels=("version", "role", "store"),
            values={(str(self.engine.info.get("version", "")), self.role, health.backend): 1},
        )
        yield from self.meters.families()
        yield from self._runs()
        yield from _store(health)
        yield from self._sweeper()
        yield from self._doorbells()
        yield from _scheduler({} if self.scheduler is None else self.scheduler.stats())
        yield from process.families()

    async def _health(self) -> Health:
        try:
            async with asyncio.timeout(LOOK_S):
                return await self.store.health()
        except (TimeoutError, FlowDeskError):
            return Health(False, "unknown")

    async def _count(self) -> None:
        """Unfinished runs and living processes, as the store has them."""
        now = monotonic()
        if self._counted_at is not None and now - self._counted_at < KEEP_S:
            return
        self._counted_at = now  # whoever else asks meanwhile gets the last ones
        try:
            async with asyncio.timeout(LOOK_S):
                self._counted = await asyncio.gather(self._open_runs(), self._processes())
        except (TimeoutError, FlowDeskError):
            self._counted = (None, None)

    async def _open_runs(self) -> Mapping[RunStatus, int]:
        hour = self.engine.clock() // HOUR_MS * HOUR_MS
        figures = await self.store.figures.runs(owner=ANYONE, since=hour, until=hour + HOUR_MS, sample=1)
        return {status: figures.open.get(status, 0) for status in _OPEN}

    async def _processes(self) -> Mapping[str, int]:
        members = living(await self.store.upkeep.processes(), self.engine.clock())
        return Tally(str(member.says("role")) for member in members)

    def _runs(self) -> Iterator[Family]:
        executor = self.engine.executor
        yield gauge("flowdesk_runs_executing", "Runs executing in this process now.", executor.running)
        yield gauge("flowdesk_runs_queued", "Accepted runs this process holds until there is room.", executor.queued)
        yield gauge("flowdesk_runs_slots", "Runs this process executes at once at most.", executor.max_running)
        yield gauge("flowdesk_leases", "Runs this process holds, executing or queued.", len(executor.drivers))
        yield gauge("flowdesk_lease_seconds", "How long a heartbeat is good for.", self.engine.options.lease_s)
        runs, processes = self._counted
        yield Sampled(
            "flowdesk_open_runs",
            "Unfinished runs in the store, by status; the same from every server.",
            labels=("status",),
            values={} if runs is None else {(status.value.lower(),): count for status, count in runs.items()},
        )
        yield Sampled(
            "flowdesk_processes",
            "Living processes that share the store, by role; the same from every server.",
            labels=("role",),
            values={} if processes is None else {(role,): processes.get(role, 0) for role in _ROLES},
        )

    def _sweeper(self) -> Iterator[Family]:
        stats = self.engine.stats()
        yield total("flowdesk_sweeper_passes_total", "Looks for runs that must go on.", stats["passes"])
        yield gauge("flowdesk_sweeper_failures", "Looks that failed since the last good one.", stats["failures"])
        yield gauge("flowdesk_sweeper_age_seconds", "Time since the last good look.", stats["sinceSweepS"])
        yield gauge("flowdesk_heartbeat_age_seconds", "Time since the last heartbeat.", stats["sinceBeatS"])

    def _doorbells(self) -> Iterator[Family]:
        degraded: dict[tuple[str, ...], float | None] = {}
        if not self.store.exclusive:
            degraded["bus",] = float(self.bus.stats()["degraded"])
        stats: Mapping[str, Any] = {} if self.queue is None else self.queue.stats()
        if stats:
            degraded["queue",] = float(stats["degraded"])
        yield total("flowdesk_doorbells_rung_total", "Messages to workers.", stats.get("rung"))
        yield total("flowdesk_doorbells_missed_total", "Messages that Redis did not take.", stats.get("missed"))
        text = "Whether Redis does not answer, by what it is for; work goes on more slowly then."
        yield Sampled("flowdesk_redis_degraded", text, labels=("what",), values=degraded)


def _scheduler(said: Mapping[str, Any]) -> Iterator[Family]:
    yield total("flowdesk_scheduler_runs_total", "Runs started by schedules.", said.get("started"))
    yield gauge("flowdesk_scheduler_failing", "Whether the last look for due schedules failed.", said.get("failing"))
    yield gauge("flowdesk_scheduler_lag_seconds", "Time since the last good look for due schedules.", said.get("lagS"))


def _store(health: Health) -> Iterator[Family]:
    said = health.detail
    last = said.get("lastBatchMs")
    yield gauge("flowdesk_store_up", "Whether what is written now is durable.", float(health.ok))
    yield gauge("flowdesk_store_waiting", "Reads and writes that wait for the store: its depth.", said.get("waiting"))
    yield total("flowdesk_store_writes_total", "Writes answered.", said.get("commits"))
    yield total("flowdesk_store_batches_total", "Flushes or round trips that they shared.", said.get("batches"))
    yield gauge("flowdesk_store_batch_seconds", "How long the last flush took.", None if last is None else last / 1000)
