"""Runs drivers, so many at a time, fairly between owners, none of whom gets all the room there is."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable

from engine.errors import Fenced, Unavailable
from engine.runner.driver import Driver
from engine.runner.queue import FairQueue

log = logging.getLogger("flowdesk.engine")


def _nothing() -> None:
    return None


class Executor:
    """The runs this process holds: those executing, and those waiting for room."""

    def __init__(
        self,
        *,
        max_running: int,
        max_queued: int,
        rested: Callable[[Driver], None],
        lost: Callable[[], None] = _nothing,
        max_per_owner: int | None = None,
    ) -> None:
        self.max_running = max_running
        self.max_per_owner = min(max_per_owner or max_running, max_running)
        self.max_queued = max_queued
        self.drivers: dict[str, Driver] = {}
        self.broken: set[str] = set()
        self._queue: FairQueue[Driver] = FairQueue()
        self._tasks: dict[asyncio.Task[None], Driver] = {}
        self._by_owner: Counter[str] = Counter()
        self._rested = rested
        self._lost = lost
        self._parking = False

    @property
    def room(self) -> int:
        """How many more runs this process can hold."""
        return 0 if self._parking else self.max_running + self.max_queued - len(self.drivers)

    @property
    def slots(self) -> int:
        """How many runs could start this moment."""
        if self._parking:
            return 0
        taken = len(self._tasks) + sum(min(count, self._left(owner)) for owner, count in self._queue.counts())
        return max(0, self.max_running - taken)

    def takes(self, owner: str) -> bool:
        """Whether one more run of this owner could start this moment, as far as their own runs go."""
        return self._left(owner) > 0

    def _left(self, owner: str) -> int:
        return self.max_per_owner - self._by_owner[owner]

    @property
    def running(self) -> int:
        """How many runs execute now."""
        return len(self._tasks)

    @property
    def queued(self) -> int:
        """How many runs wait for room."""
        return len(self._queue)

    def add(self, driver: Driver) -> None:
        """Execute a run as soon as there is room."""
        self.drivers[driver.row.id] = driver
        if self._parking:
            driver.park()
        owner = driver.row.user_id
        if (len(self._tasks) < self.max_running and self.takes(owner)) or self._parking:
            self._start(driver)
        else:
            self._queue.put(owner, driver)

    async def wait_for(self, run_id: str, timeout_s: float | None) -> None:
        """Until this process has let go of the run, at most this long."""
        driver = self.drivers.get(run_id)
        if driver is None:
            return
        try:
            async with asyncio.timeout(timeout_s):
                await driver.ended.wait()
        except TimeoutError:
            return

    def _start(self, driver: Driver) -> None:
        task = asyncio.create_task(self._execute(driver), name=f"run/{driver.row.id}")
        self._tasks[task] = driver
        self._by_owner[driver.row.user_id] += 1
        task.add_done_callback(self._ended)

    async def _execute(self, driver: Driver) -> None:
        try:
            await driver.drive()
        except Fenced:
            self._lost()
            log.warning("run %s is executed elsewhere by now; letting go of it", driver.row.id)
        except Unavailable as error:
            self.broken.add(driver.row.id)
            log.error("run %s could not be written: %s", driver.row.id, error)
        except Exception:
            # A fault of ours, not of a handler: the sweeper takes the run up again, and gives up after a few times.
            self.broken.add(driver.row.id)
            log.exception("run %s stopped on an internal error", driver.row.id)

    def _ended(self, task: asyncio.Task[None]) -> None:
        driver = self._tasks.pop(task)
        owner = driver.row.user_id
        self._by_owner[owner] -= 1
        if not self._by_owner[owner]:
            del self._by_owner[owner]
        self.drivers.pop(driver.row.id, None)
        driver.ended.set()
        if driver.ledger.reply is not None and not driver.ledger.reply.done():
            driver.ledger.reply.cancel()
        if not self._parking:
            following = self._queue.take(self.takes)
            if following is not None:
                self._start(following)
        self._rested(driver)

    async def stop(self, grace_s: float) -> None:
        """Start no step any more; let those under way end within the grace time, then let go of all runs."""
        self._parking = True
        for driver in self.drivers.values():
            driver.park()
        for driver in self._queue.drain():
            self._start(driver)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        for driver in list(self._tasks.values()):
            driver.abandon_steps()
        if self._tasks:
            # What cannot even be written within this time is taken up by the next process as an orphan.
            await asyncio.wait(self._tasks, timeout=5.0)
        leftover = list(self._tasks)
        for task in leftover:
            task.cancel()
        await asyncio.gather(*leftover, return_exceptions=True)
