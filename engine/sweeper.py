"""The engine's heartbeat and its search for runs that must go on.

One task. It sleeps until the next due time it knows of, looks at least once a second, and survives a store that is
away.
"""

from __future__ import annotations

import asyncio
import logging
from time import monotonic
from typing import Any, Final, Protocol

from engine.clock import Clock
from engine.errors import FlowDeskError
from engine.executor import Executor
from engine.failures import Failures
from engine.inputs import Cancel
from engine.recovery import Recovery
from engine.store import Store

ORPHANS_S: Final = 2.0
STRAYS_S: Final = 5.0
TURNS_S: Final = 5.0
"""How often runs are looked for whose turn has come unnoticed, since a process died."""
REPAIR_BATCH: Final = 1000
PRUNE_S: Final = 600.0
PRUNE_BATCH: Final = 500
DAY_MS: Final = 86_400_000

log = logging.getLogger("flowdesk.engine")


class Options(Protocol):
    """The settings the sweeper reads."""

    @property
    def lease_s(self) -> float: ...
    @property
    def heartbeat_s(self) -> float: ...
    @property
    def sweep_s(self) -> float: ...
    @property
    def retention_days(self) -> float | None: ...


class Around(Protocol):
    """What the sweeper needs of the engine around it."""

    store: Store
    clock: Clock
    owner: str
    info: dict[str, Any]
    executor: Executor
    failures: Failures

    @property
    def options(self) -> Options: ...


class Sweeper:
    """Beats, recovers, wakes and prunes."""

    def __init__(self, around: Around, recovery: Recovery) -> None:
        self._around = around
        self._recovery = recovery
        self._wake = asyncio.Event()
        self._next_due: int | None = None
        self._minded: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._beat_at = self._orphans_at = self._strays_at = self._turns_at = self._prune_at = 0.0
        self._hungry = self._orphans_left = False
        self._owed = True
        self._failures = 0
        self._error: str | None = None
        self._swept_at: float | None = None
        self._passes = 0

    def stats(self) -> dict[str, Any]:
        """How the sweeper is; times are seconds since its last whole pass and its last heartbeat, None before them."""
        now = monotonic()
        return {
            "sweeper": "ok" if self._failures == 0 else f"{self._failures} failures: {self._error}",
            "passes": self._passes,
            "failures": self._failures,
            "sinceSweepS": None if self._swept_at is None else now - self._swept_at,
            "sinceBeatS": now - self._beat_at if self._beat_at else None,
        }

    def mind(self, due_at: int) -> None:
        """A run must go on at this time."""
        if self._minded is None or due_at < self._minded:
            self._minded = due_at
        if self._next_due is None or due_at < self._next_due:
            self._wake.set()

    def room_again(self) -> None:
        """Runs have ended: go on taking up what did not fit, as soon as a good part of the room is free."""
        executor = self._around.executor
        if self._hungry and executor.slots * 2 >= executor.max_running:
            self._wake.set()

    def look_for_orphans(self) -> None:
        """There may be runs of dead processes that can be taken up now."""
        self._orphans_left = True
        self._wake.set()

    def owe(self) -> None:
        """A run has failed whose workflow names another for that."""
        self._owed = True
        self._wake.set()

    async def start(self) -> None:
        """Beat once, take up what a dead process left, then go on in the background."""
        await self._beat()
        if self._around.store.exclusive:
            # Nobody else can have this store open, so whoever held runs is gone, whatever their leases say.
            await self._around.store.runs.retire_others(self._around.owner)
        self._task = asyncio.create_task(self._loop(), name="sweeper")

    async def stop(self) -> None:
        """End the background task."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def retire(self) -> None:
        """Say that this process has left in good order."""
        try:
            await self._around.store.runs.retire(self._around.owner)
        except FlowDeskError as error:
            log.warning("could not sign off: %s", error)

    async def _loop(self) -> None:
        while True:
            try:
                more = await self._sweep()
                self._failures, self._error = 0, None
                self._passes += 1
                self._swept_at = monotonic()
            except FlowDeskError as error:
                more = False
                self._note(str(error))
            except Exception as error:
                more = False
                self._note(f"{type(error).__name__}: {error}")
                log.exception("the sweeper hit an internal error")
            await self._sleep(0.0 if more else self._around.options.sweep_s)

    def _note(self, text: str) -> None:
        if self._failures == 0:
            log.error("the sweeper cannot work: %s", text)
        self._failures += 1
        self._error = text
        self._next_due = None  # what was due is overdue by now, and must not be asked for without a pause
        # When the store comes back others get the time to beat before they are believed dead.
        self._orphans_at, self._orphans_left = monotonic() + self._around.options.heartbeat_s, False

    async def _sleep(self, seconds: float) -> None:
        if self._next_due is not None:
            seconds = min(seconds, max(0.0, (self._next_due - self._around.clock()) / 1000))
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self.room_again()
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _sweep(self) -> bool:
        """One pass; True when there may be more to do at once."""
        now = monotonic()
        self._wake.clear()
        self._minded = None
        if now - self._beat_at >= self._around.options.heartbeat_s:
            await self._beat()
        looked_at = self._around.clock()
        taken = await self._recovery.take_due()
        if not self._around.store.exclusive and now - self._strays_at >= STRAYS_S:
            self._strays_at = now
            await self._recovery.look_for_strays()
        if self._recovery.has_unsettled:
            await self._recovery.take_unsettled()
        if self._owed:
            self._owed = False
            self._owed = await self._around.failures.start_handlers() > 0
        if self._orphans_left or now - self._orphans_at >= ORPHANS_S:
            self._orphans_at = now
            self._owed = True
            if not self._around.store.exclusive:
                await self._around.store.runs.repair(limit=REPAIR_BATCH)
            orphans = await self._recovery.take_orphans()
            taken += orphans
            self._orphans_left = orphans > 0
        if not self._around.store.exclusive:
            await self._obey_others()
        if now - self._turns_at >= TURNS_S:
            self._turns_at = now
            await self._recovery.take_turns()
            await self._around.store.tallies.prune(before=self._around.clock(), limit=PRUNE_BATCH)
        if self._around.options.retention_days is not None and now - self._prune_at >= PRUNE_S:
            self._prune_at = now
            await self._prune(self._around.options.retention_days)
        self._hungry = self._recovery.limit <= 0
        due = [at for at in (await self._around.store.runs.next_due(), self._minded) if at is not None]
        soon = self._around.clock() + round(self._around.options.sweep_s * 1000)
        # What is overdue was left to others, or could not be taken: there is no sense in trying without a pause.
        # What became due since we looked is not overdue but next.
        due = [at if at > looked_at or taken else soon for at in due]
        self._next_due = min(due) if due and not self._hungry else None
        return taken > 0 and not self._hungry

    async def _beat(self) -> None:
        now = self._around.clock()
        until = now + round(self._around.options.lease_s * 1000)
        await self._around.store.runs.beat(self._around.owner, until=until, info={**self._around.info, "at": now})
        self._beat_at = monotonic()

    async def _obey_others(self) -> None:
        """What other processes want of the runs this one executes."""
        drivers = self._around.executor.drivers
        for run_id in await self._around.store.runs.cancel_requests(self._around.owner):
            if run_id in drivers:
                drivers[run_id].interrupt(Cancel(None))
        for run_id in await self._around.store.runs.pokes(self._around.owner):
            if run_id in drivers:
                drivers[run_id].poke()

    async def _prune(self, days: float) -> None:
        before = self._around.clock() - round(days * DAY_MS)
        while True:
            pruned = await self._around.store.runs.prune(finished_before=before, limit=PRUNE_BATCH)
            if pruned.runs < PRUNE_BATCH:
                return
            await asyncio.sleep(0)
