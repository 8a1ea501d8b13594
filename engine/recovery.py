"""Takes up runs that nobody executes: due retries, accepted runs without an executor, what a dead process left."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from time import monotonic
from typing import Final, Protocol

from engine.clock import Clock
from engine.doorbell import Doorbell, Execute
from engine.errors import Fenced, FlowDeskError, Invalid, NotFound, Unavailable
from engine.executor import Executor
from engine.giving_up import give_up
from engine.ids import new_id
from engine.inputs import Cancel, Fail
from engine.journal import put_back
from engine.limits.gate import Gate
from engine.models.event import Event, EventType
from engine.models.limits import Concurrency
from engine.models.run import RunRow, RunStatus, WaitingFor
from engine.plan import Plan
from engine.plans import Plans
from engine.runner.driver import Driver
from engine.runner.ledger import Services
from engine.state import SETTLED, RunState, fold
from engine.store import ANYONE, Commit, Runs, Store

BATCH: Final = 500
AHEAD: Final = 100
SUSPECT_AFTER: Final = 3
"""Deaths without progress after which a run is executed with no other suspect beside it."""

RING_AGAIN_S: Final = 5.0
ELSEWHERE_S: Final = 15.0
GIVE_UP_MS: Final = 600_000
"""How long a run may wait for a process that has its kinds of steps; then it fails, visibly."""

log = logging.getLogger("flowdesk.engine")


class Lately:
    """Remembers ids for some seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: dict[str, float] = {}

    def holds(self, run_id: str) -> bool:
        """Whether it was noted lately."""
        return self._until.get(run_id, 0.0) > monotonic()

    def first(self, run_id: str) -> bool:
        """Note it; False when it was noted lately."""
        now = monotonic()
        if self._until.get(run_id, 0.0) > now:
            return False
        if len(self._until) > 10 * BATCH:
            self._until = {known: until for known, until in self._until.items() if until > now}
        self._until[run_id] = now + self._seconds
        return True


class Around(Services, Protocol):
    """What recovery needs of the engine around it."""

    store: Store
    plans: Plans
    executor: Executor
    doorbell: Doorbell
    gate: Gate

    async def supersede(self, run_id: str) -> None:
        """Cancel a run because a newer one takes its place."""

    async def reopen_caller(self, row: RunRow) -> None:
        """This run goes on again: let the one go on that failed because of it, if that was not done already."""

    def owe(self) -> None:
        """A run has failed whose workflow may name another for that: start it soon."""

    @property
    def options(self) -> Options: ...


class Options(Protocol):
    """The settings recovery reads."""

    @property
    def execute(self) -> Execute: ...
    @property
    def max_deaths(self) -> int: ...
    @property
    def calm_s(self) -> float: ...
    @property
    def patience_s(self) -> float: ...


class Recovery:
    """Claims runs and gives them to the executor."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._begun = monotonic()
        self._suspect: str | None = None
        self._unsure: set[str] = set()
        self._taking: set[str] = set()
        self._told: set[str] = set()
        self._strays: set[str] = set()
        self._rung = Lately(RING_AGAIN_S)
        self._elsewhere = Lately(ELSEWHERE_S)

    @property
    def _runs(self) -> Runs:
        return self._around.runs

    @property
    def _clock(self) -> Clock:
        return self._around.clock

    @property
    def limit(self) -> int:
        """How many runs may be taken up now."""
        return min(BATCH, self._around.executor.slots)

    async def take_due(self) -> int:
        """Take up resting runs whose time has come, as many as can start now; how many there were.

        A process that leaves retries to workers rings for them, and takes only those that nobody took for a while.
        """
        options = self._around.options
        limit = self.limit if options.execute == "all" else BATCH
        if limit <= 0:
            return 0
        now = self._clock()
        # More than fit, for the first of them may be of owners who have all the room they get.
        due = await self._runs.due(now, limit=max(limit, AHEAD))
        rows = [row for row in due if not self._elsewhere.holds(row.id) and self._around.executor.takes(row.user_id)]
        rows = rows[:limit]
        if options.execute != "all":
            for row in rows:
                if self._rung.first(row.id):
                    await self._around.doorbell.ring(row.id, "due")
            overdue = now - round(options.patience_s * 1000)
            fallback = options.execute == "fresh"
            rows = [row for row in rows if fallback and (row.due_at or now) <= overdue][: self.limit]
        await self.take(rows)
        return len(rows)

    async def take_orphans(self) -> int:
        """Take up runs whose process is gone, as many as can start now; how many were taken.

        A run that is claimed but waits for room would be counted as dying with the process, hence the limit.
        """
        limit = self.limit
        if limit <= 0 or self._around.options.execute == "none":
            return 0
        # More than fit, for the first of them may have to wait.
        rows = await self._runs.orphans(self._clock(), limit=BATCH)
        chosen = self._without_suspects([row for row in rows if row.id not in self._around.executor.drivers])[:limit]
        await self.take(chosen, count_death=True)
        if chosen:
            self._around.meter.adopted(len(chosen))
        return len(chosen)

    @property
    def has_unsettled(self) -> bool:
        """Whether there are runs of this process that it may hold but does not execute."""
        return bool(self._unsure or self._around.executor.broken)

    async def look_for_strays(self) -> None:
        """Find runs this process holds, says a shared store, and yet does not execute; twice, since writes overlap.

        Whether a write was made is not always known when the store went away during it, and may be decided later.
        """
        drivers = self._around.executor.drivers
        held = await self._runs.held(self._around.owner, limit=len(drivers) + BATCH)
        strays = set(held.run_ids) - drivers.keys() - self._taking
        self._unsure |= strays & self._strays
        self._strays = strays

    async def take_unsettled(self) -> None:
        """Take up runs that stopped on an error of ours, and those whose taking up was interrupted by the store."""
        broken = self._around.executor.broken
        for ids, count_death in ((broken, True), (self._unsure, False)):
            asked = [run_id for run_id in ids if run_id not in self._around.executor.drivers]
            found = []
            for run_id in asked:
                try:
                    found.append(await self._runs.get(run_id, owner=ANYONE))
                except NotFound:
                    continue
            ids.difference_update(asked)
            mine = [row for row in found if row.finished_at is None and row.owner == self._around.owner]
            await self.take(mine, count_death=count_death)

    def _without_suspects(self, rows: list[RunRow]) -> list[RunRow]:
        """All but those that saw several deaths without progress: of these only one at a time.

        When the process dies again it is that one's doing, and the others are not counted along. Nor is it that one's
        doing that a process dies which is ended from outside again and again before it has settled: the more deaths a
        run saw, the longer it waits.
        """
        if self._suspect is not None and self._suspect not in self._around.executor.drivers:
            self._suspect = None
        suspects = [row for row in rows if row.deaths >= SUSPECT_AFTER and row.seq <= row.death_seq]
        if not suspects:
            return rows
        left = {row.id for row in suspects}
        chosen = [row for row in rows if row.id not in left]
        first = min(suspects, key=lambda row: row.deaths)
        calm_s = self._around.options.calm_s * (first.deaths - SUSPECT_AFTER + 1)
        if self._suspect is None and monotonic() - self._begun >= calm_s:
            self._suspect = first.id
            chosen.append(first)
        return chosen

    def cleared(self, run_id: str) -> bool:
        """Whether the run that has come to rest was the suspect; then it is the next one's turn."""
        was = self._suspect == run_id
        if was:
            self._suspect = None
        return was

    async def take(self, rows: list[RunRow], *, count_death: bool = False) -> None:
        """Claim these runs and go on with those that could be claimed."""
        # A doorbell rings while the sweeper looks; a process that claims a run twice loses one claim to itself.
        rows = [row for row in rows if row.id not in self._taking]
        if not rows:
            return
        ids = {row.id for row in rows}
        self._taking |= ids
        try:
            await self._take(rows, count_death=count_death)
        finally:
            self._taking -= ids
            self._told -= ids

    def tell(self, run_id: str) -> None:
        """The store has something for this run; if it is just being taken up, it was perhaps read before."""
        if run_id in self._taking:
            self._told.add(run_id)

    async def _take(self, rows: list[RunRow], *, count_death: bool) -> None:
        now = self._clock()
        claims = [
            self._runs.claim(
                row.id, owner=self._around.owner, expected_owner=row.owner, now=now, count_death=count_death
            )
            for row in rows
        ]
        answers = await asyncio.gather(*claims, return_exceptions=True)
        claimed = [row for row in answers if isinstance(row, RunRow)]
        # A claim whose answer was lost may have been made, and nobody takes a run from a process that lives.
        self._unsure.update(
            row.id for row, answer in zip(rows, answers, strict=True) if isinstance(answer, Unavailable)
        )
        try:
            for error in answers:
                if isinstance(error, BaseException) and not isinstance(error, FlowDeskError):
                    raise error
            journals = await self._runs.journals([row.id for row in claimed])
            for count, row in enumerate(claimed):
                await self._go_on(row, journals.get(row.id, []))
                if count % 20 == 19:
                    await asyncio.sleep(0)
        except BaseException:
            # Claimed, but without a driver: try these again.
            self._unsure.update(row.id for row in claimed if row.id not in self._around.executor.drivers)
            raise

    async def _go_on(self, row: RunRow, events: list[Event]) -> None:
        try:
            plan = await self._around.plans.of(row)
            await put_back(row.id, events, self._runs)
            state = fold(plan.steps, row.id, events)
        except (NotFound, Invalid, ValueError, KeyError) as error:
            await give_up(
                self._around, row, f"version {row.workflow_version} of its workflow cannot be used here: {error}"
            )
            return
        if state.seq > row.seq:
            log.info("run %s was moved on by somebody else", row.id)
            return
        if self._belongs_elsewhere(row, plan, state):
            await self._leave(row)
            return
        if not self._ends_now(row) and not await self._enters(plan, row):
            await self._hold(row)
            return
        driver = Driver(self._around, plan, row, state)
        if row.cancel_requested and state.phase != "ending":
            driver.stop = Cancel(None)
        elif row.deaths >= self._around.options.max_deaths and row.seq <= row.death_seq:
            message = f"{row.deaths} processes died while executing this run; it is not tried again by itself"
            driver.stop = Fail("crashed_too_often", message, new_id(self._clock()))
        if driver.stop is None:
            driver.resume()
        if row.limit_key is not None and plan.waiting:
            driver.poke()  # while it waited for its turn it was told things, and nobody listened
        self._around.executor.add(driver)
        if row.id in self._told:
            await self._pass_on(row.id)
        reopened = any(event.type is EventType.RUN_REOPENED for event in events) and state.may_succeed
        if row.caller_run_id is not None and reopened:
            await self._around.reopen_caller(row)  # whoever opened this one again may have died before it came to that

    async def _pass_on(self, run_id: str) -> None:
        """Let a run hear what was wanted of it while it was taken up."""
        wished = (await self._runs.get(run_id, owner=ANYONE)).cancel_requested
        driver = self._around.executor.drivers.get(run_id)
        if driver is not None and wished:
            driver.interrupt(Cancel(None))
        elif driver is not None:
            driver.poke()

    def _ends_now(self, row: RunRow) -> bool:
        """Whether all that is left to do is to end the run, for which it needs no turn."""
        return row.cancel_requested or (row.deadline_at is not None and row.deadline_at <= self._clock())

    async def _enters(self, plan: Plan, row: RunRow) -> bool:
        """Whether the run's turn has come; under `cancel`, older runs are asked to leave first."""
        gate = self._around.gate
        if await gate.enter(plan.limits, row):
            return True
        concurrency = plan.limits.concurrency if plan.limits is not None else None
        if concurrency is not None and concurrency.strategy == "cancel" and row.limit_key is not None:
            holders = (await gate.holders(row.limit_key))[:1]
            others = [*holders, *(held.id for held in await self._runs.held_back(row.limit_key, limit=BATCH))]
            # Ids sort by age. Of several that came at once, whichever is looked at first, the newest stays.
            older = [run_id for run_id in others if run_id < row.id]
            for run_id in older if len(older) == len(others) else [*older, row.id]:
                await self._around.supersede(run_id)
        return False

    async def _hold(self, row: RunRow) -> None:
        """Let a claimed run wait until others under the same limit have ended."""
        held = replace(row, owner=None, status=RunStatus.QUEUED, waiting_for=WaitingFor.LIMIT, due_at=None)
        try:
            await self._runs.commit(Commit(held, [], row.seq, row.owner))
            if row.poked:
                await self._runs.inbox(row.id)  # looked at: what it was told is heard when its turn has come
        except Fenced:
            log.info("run %s was moved on by somebody else", row.id)

    async def take_turns(self, limit_key: str | None = None) -> int:
        """Take up runs that waited for their turn, under one key or all, as far as there is room; how many."""
        keys = await self._runs.held_keys(limit=BATCH) if limit_key is None else [limit_key]
        taken = 0
        for key in keys:
            rows = await self._runs.held_back(key, limit=BATCH)
            if not rows:
                continue
            plan = await self._around.plans.version(rows[0].workflow_id, rows[0].workflow_version)
            limits = plan.limits
            free = BATCH if limits is None or limits.concurrency is None else await self._room(key, limits.concurrency)
            await self.take(rows[: min(free, self.limit)])
            taken += min(free, len(rows))
        return taken

    async def _room(self, key: str, concurrency: Concurrency) -> int:
        """Places free; a workflow that cancels the running for the new looks at its newest at any time."""
        free = await self._around.gate.room(key, concurrency)
        return max(1, free) if concurrency.strategy == "cancel" else free

    def _belongs_elsewhere(self, row: RunRow, plan: Plan, state: RunState) -> bool:
        """Whether the run needs a kind of step this process does not have, but another may."""
        if self._around.store.exclusive or not plan.missing_refs or row.cancel_requested:
            return False
        needed = any(s.definition is None and state.steps[s.id].status not in SETTLED for s in plan.steps.values())
        return needed and self._clock() - (row.due_at or row.created_at) < GIVE_UP_MS

    async def _leave(self, row: RunRow) -> None:
        """Let go of a claimed run untouched, and do not look at it again for a while."""
        self._elsewhere.first(row.id)
        log.info("run %s needs steps that are not installed here; leaving it to others", row.id)
        resting = replace(row, owner=None, due_at=row.due_at or row.created_at)
        try:
            await self._runs.commit(Commit(resting, [], row.seq, row.owner))
        except Fenced:
            log.info("run %s was moved on by somebody else", row.id)
