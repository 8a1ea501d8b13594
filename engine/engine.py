"""The engine as the server sees it: accept runs, wait for them, cancel, retry and rerun them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from engine.clock import Clock, now_ms
from engine.doorbell import Doorbell, Execute, NoDoorbell
from engine.errors import Conflict, Fenced, KeyReused, Unavailable
from engine.events import Bus
from engine.executor import Executor
from engine.families import Families
from engine.history import History
from engine.ids import new_id
from engine.inputs import Begin
from engine.journal import put_back
from engine.models.run import FINISHED, JobRow, RunRow, RunStatus, Trigger
from engine.plan import DEFAULT_TIMEOUT_MS, Plan
from engine.plans import Plans
from engine.recovery import Recovery
from engine.registry import Registry
from engine.runner.driver import Driver
from engine.sdk import Host
from engine.state import RunState, StepStatus, fold
from engine.steering import Steering, rerun_input
from engine.store import ANYONE, Owner, Store
from engine.sweeper import Sweeper
from engine.transfer.marks import refuse_unfinished
from engine.trial import Trials
from engine.visible import View
from engine.watching import until_answered

CLOCKS_DIFFER_MS: Final = 100

log = logging.getLogger("flowdesk.engine")


@dataclass(slots=True, frozen=True)
class EngineOptions:
    """What an operator may tune. Times are in seconds unless the name says otherwise."""

    max_running: int = 256
    max_queued: int = 10_000
    step_timeout_ms: int = DEFAULT_TIMEOUT_MS
    lease_s: float = 20.0
    heartbeat_s: float = 5.0
    sweep_s: float = 1.0
    max_deaths: int = 5
    retention_days: float | None = None
    execute: Execute = "all"
    patience_s: float = 5.0
    """How long a run that was left to workers may be overdue before a process that executes `fresh` runs takes it."""


@dataclass(slots=True, frozen=True)
class Accepted:
    """A run that is on disk; `duplicate` when it was accepted before under the same key."""

    run: RunRow
    duplicate: bool = False


@dataclass(slots=True, frozen=True)
class Outcome:
    """What somebody who waited gets: the run, the answer a step gave, and the data once the run has finished."""

    run: RunRow
    reply: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    duplicate: bool = False


class Engine:
    """Everything that executes, over one store. Make one per process; `start` it before and `stop` it after use."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        bus: Bus,
        *,
        owner: str,
        options: EngineOptions | None = None,
        host: Host | None = None,
        doorbell: Doorbell | None = None,
        info: Mapping[str, Any] | None = None,
        clock: Clock = now_ms,
    ) -> None:
        self.store = store
        self.runs = store.runs
        self.registry = registry
        self.bus = bus
        self.owner = owner
        self.clock = clock
        self.options = options or EngineOptions()
        self.doorbell = doorbell or NoDoorbell()
        self.info = dict(info or {})
        self.plans = Plans(
            store.workflows, registry, timeout_ms=self.options.step_timeout_ms, shared=not store.exclusive
        )
        self.executor = Executor(
            max_running=self.options.max_running, max_queued=self.options.max_queued, rested=self._rested
        )
        self._families = Families(registry, host or Host())
        self._recovery = Recovery(self)
        self._steering = Steering(self, self._recovery)
        self._sweeper = Sweeper(self, self._recovery)
        self.trials = Trials(self)
        self._stopping = False

    @property
    def step_timeout_ms(self) -> int:
        """How long one attempt of a step may take when the step says nothing else."""
        return self.options.step_timeout_ms

    def family_state(self, ref: str) -> Any:
        """What the lifespan of the step's family yielded."""
        return self._families.state(ref)

    async def start(self) -> None:
        """Open the step families, say that this process lives, and take up what was left behind.

        Nothing has begun when it raises; after an Unavailable it may be called again.
        """
        await refuse_unfinished(self.store)
        await self._families.open()
        try:
            await self._sweeper.start()
        except BaseException:
            await self._families.close()
            raise

    async def stop(self, grace_s: float = 10.0) -> None:
        """Accept nothing more, let steps under way end within the grace time, and let go of every run."""
        self._stopping = True
        await self.trials.stop()
        await self._sweeper.stop()
        await self.executor.stop(grace_s)
        await self._sweeper.retire()
        await self._families.close()

    @property
    def slots(self) -> int:
        """How many runs could start this moment."""
        return self.executor.slots

    def stats(self) -> dict[str, Any]:
        """Figures for health pages."""
        return {"running": self.executor.running, "queued": self.executor.queued, **self._sweeper.stats()}

    # -- starting runs ------------------------------------------------------------------------------------------

    async def accept(
        self,
        plan: Plan,
        trigger: Trigger,
        *,
        run_id: str | None = None,
        key: str | None = None,
        payload_hash: str | None = None,
        scheduled_at: int | None = None,
    ) -> Accepted:
        """Put a run on disk and start it. Raises Unavailable when that cannot be done now, KeyReused for a key that
        came with another payload before."""
        row = self._new_row(plan, trigger, run_id, key, payload_hash, scheduled_at)
        return await self._accept(self._new_driver(plan, row, Begin(trigger)))

    async def run_and_wait(
        self,
        plan: Plan,
        trigger: Trigger,
        *,
        timeout_s: float = 30.0,
        key: str | None = None,
        payload_hash: str | None = None,
    ) -> Outcome:
        """Start a run and wait until it ends or a step answers, at most this long; the run goes on after that.

        A run of only pure steps is executed here and now and costs one commit.
        """
        row = self._new_row(plan, trigger, None, key, payload_hash, None)
        driver = self._new_driver(plan, row, Begin(trigger))
        if plan.instant:
            accepted = await self._accept(driver)
            if accepted.duplicate:
                return await self._known_outcome(accepted.run)
            return _outcome(driver.row, driver.plan, driver.state)
        if self._leaves_to_others(plan):
            return await self._wait_elsewhere(driver, timeout_s)
        reply = driver.ledger.reply = asyncio.get_running_loop().create_future()
        accepted = await self._accept(driver)
        if accepted.duplicate:
            return await self._known_outcome(accepted.run)
        await asyncio.wait([reply], timeout=timeout_s)
        return _outcome(driver.row, driver.plan, driver.state)

    async def _wait_elsewhere(self, driver: Driver, timeout_s: float) -> Outcome:
        """Wait for a run that another process, or this one later, executes."""
        run_id = driver.row.id
        with self.bus.subscribe(owner=ANYONE, run_id=run_id) as heard:
            accepted = await self._accept(driver)
            if accepted.duplicate:
                return await self._known_outcome(accepted.run)
            await until_answered(heard, self.runs, driver.plan, run_id, timeout_s)
        history = await self.history(run_id, owner=ANYONE)
        return _outcome(history.row, history.plan, history.state)

    def _leaves_to_others(self, plan: Plan) -> bool:
        """Whether a run accepted now is left in the store for another process, or for later."""
        foreign = bool(plan.missing_refs) and not self.store.exclusive
        return self.options.execute == "none" or foreign or self.executor.room <= 0

    async def _accept(self, driver: Driver) -> Accepted:
        backlog = self._leaves_to_others(driver.plan)
        row = driver.row
        try:
            if driver.plan.instant:
                # Nothing in it waits or leaves the process: it is over sooner than it could be handed on.
                await driver.drive()
            else:
                await driver.ledger.write(backlog=backlog)
        except Fenced:
            return Accepted(await self._known(row), duplicate=True)
        if driver.state.finished:
            return Accepted(driver.row)
        if backlog:
            await self.doorbell.ring(row.id, "accepted")
        else:
            self.executor.add(driver)
        return Accepted(driver.row)

    def _new_row(
        self,
        plan: Plan,
        trigger: Trigger,
        run_id: str | None,
        key: str | None,
        payload_hash: str | None,
        scheduled_at: int | None,
    ) -> RunRow:
        if self._stopping:
            raise Unavailable("the server is stopping", hint="send it again in a moment")
        now = self.clock()
        workflow = plan.workflow
        return RunRow(
            id=run_id or new_id(now),
            workflow_id=workflow.id,
            workflow_version=workflow.version,
            user_id=workflow.owner_id,
            status=RunStatus.QUEUED,
            seq=0,
            trigger=trigger.kind,
            created_at=now,
            deadline_at=now + workflow.timeout_ms if workflow.timeout_ms else None,
            owner=self.owner,
            dedupe_key=key,
            payload_hash=payload_hash,
            scheduled_at=scheduled_at,
        )

    def _new_driver(self, plan: Plan, row: RunRow, begin: Begin) -> Driver:
        driver = Driver(self, plan, row)
        driver.feed(begin)
        return driver

    async def _known(self, row: RunRow) -> RunRow:
        """The run that was there before this one: with the same key, or with the same id."""
        known = None
        if row.dedupe_key is not None:
            known = await self.runs.by_key(row.workflow_id, row.dedupe_key)
        if known is None:
            return await self.runs.get(row.id, owner=ANYONE)
        if row.payload_hash is not None and known.payload_hash not in (None, row.payload_hash):
            raise KeyReused(hint="send a new key with a new payload")
        return known

    async def _known_outcome(self, row: RunRow) -> Outcome:
        if row.status not in FINISHED:
            raise Conflict(
                f"the run {row.id} with this idempotency key is still under way",
                code="run_in_progress",
                hint="ask again later, or look at the run",
            )
        history = await self.history(row.id, owner=ANYONE)
        return replace(_outcome(row, history.plan, history.state), duplicate=True)

    # -- looking at runs ----------------------------------------------------------------------------------------

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state; large values are put back in place."""
        row = await self.runs.get(run_id, owner=owner)
        plan = await self.plans.version(row.workflow_id, row.workflow_version)
        events = (await self.runs.journals([run_id])).get(run_id, [])
        await put_back(run_id, events, self.runs)
        return History(row, plan, events, fold(plan.steps, run_id, events))

    # -- steering runs ------------------------------------------------------------------------------------------

    async def cancel(self, run_id: str, *, owner: Owner, by: str | None) -> RunRow:
        """End an unfinished run; Conflict when it has finished already."""
        return await self._steering.cancel(run_id, owner=owner, by=by)

    async def retry_job(self, job_id: str, *, owner: Owner, by: str | None) -> JobRow:
        """Open a FAILED run again at the step this job is parked for. Of two calls at once one gets Conflict."""
        return await self._steering.retry_job(job_id, owner=owner, by=by)

    async def decide(
        self,
        run_id: str,
        *,
        owner: Owner,
        by: str | None,
        step_id: str,
        outcome: str,
        data: Any = None,
        reason: str | None = None,
    ) -> RunRow:
        """Say what became of a `once` step whose process died: `done` (with its output), `again` or `fail`."""
        return await self._steering.decide(
            run_id, owner=owner, by=by, step_id=step_id, outcome=outcome, data=data, reason=reason
        )

    async def rerun(
        self,
        run_id: str,
        *,
        owner: Owner,
        by: str | None,
        from_step: str | None = None,
        data: Mapping[str, Any] | None = None,
        version: str = "same",
    ) -> RunRow:
        """Start a new run like this one: whole, or from a step on, taking over what came before it.

        `data` replaces the trigger's data; `version` is "same" or "latest".
        """
        history = await self.history(run_id, owner=owner)
        plan = history.plan if version == "same" else await self.plans.current(history.row.workflow_id)
        begin = rerun_input(plan, history, from_step=from_step, data=data, by=by)
        row = self._new_row(plan, begin.trigger, None, None, None, None)
        row.parent_run_id = run_id
        return (await self._accept(self._new_driver(plan, row, begin))).run

    async def take(self, run_id: str) -> None:
        """Go on with a resting run now, and return when it rests again.

        Nothing happens when somebody else has it, when its time has not come, or when there is no room here; then the
        sweeper of some process takes it.
        """
        row = await self.runs.get(run_id, owner=ANYONE)
        if row.owner is None and row.status not in FINISHED and self._recovery.limit > 0 and self._is_due(row):
            await self._recovery.take([row])
        await self.executor.wait_for(run_id, None)

    def _is_due(self, row: RunRow) -> bool:
        """Whether there is something to do; the clock of whoever says so may be a little ahead of ours."""
        if row.status is RunStatus.QUEUED or row.cancel_requested or row.poked:
            return True
        soon = self.clock() + CLOCKS_DIFFER_MS
        return any(at is not None and at <= soon for at in (row.due_at, row.deadline_at))

    # -- what the parts tell each other -------------------------------------------------------------------------

    def poke(self, run_id: str) -> None:
        """There is something in the store for this run: let it look, if it is executed or can be taken up here."""
        driver = self.executor.drivers.get(run_id)
        if driver is not None:
            driver.poke()
        else:
            self._sweeper.mind(self.clock())

    def _rested(self, driver: Driver) -> None:
        """A run came to rest: mind when it is due, and that there is room again."""
        row = driver.row
        self._sweeper.room_again()
        if driver.poked:
            self._sweeper.mind(self.clock())
        if row.due_at is not None and row.status not in FINISHED:
            self._sweeper.mind(row.due_at)


def _outcome(row: RunRow, plan: Plan, state: RunState) -> Outcome:
    reply = None
    for step in plan.replying:
        known = state.steps[step.id]
        if known.status is StepStatus.SUCCESS:
            reply = known.output
            break
    data = View(plan, state).final() if row.status in FINISHED else None
    return Outcome(row, reply, data)
