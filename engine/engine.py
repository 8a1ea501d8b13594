"""The engine as the server sees it: accept runs, wait for them, cancel, retry and rerun them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.accepting import Accepted, Accepting, Outcome
from engine.answers import Answer, Answers, Asker
from engine.caller import Caller
from engine.clock import Clock, now_ms
from engine.doorbell import Doorbell, Execute, NoDoorbell
from engine.errors import FlowDeskError, NotFound
from engine.events import Bus
from engine.executor import Executor
from engine.failures import Failures
from engine.families import Families
from engine.history import History
from engine.inputs import Begin, Cancel, Rehearsal
from engine.journal import put_back
from engine.limits.gate import Gate
from engine.links import Links
from engine.metering import Meter, NoMeter
from engine.models.run import FINISHED, Call, JobRow, RunRow, RunStatus, Trigger
from engine.moving import Moving
from engine.plan import DEFAULT_TIMEOUT_MS, Plan
from engine.plans import Plans
from engine.recovery import Recovery
from engine.registry import Registry
from engine.runner.driver import Driver
from engine.sdk import Host
from engine.state import fold
from engine.steering import Steering, rerun_input
from engine.store import ANYONE, Owner, Store
from engine.sweeper import Sweeper
from engine.tracing import NoTracing, Tracing
from engine.transfer.marks import refuse_unfinished
from engine.trial import Trials
from engine.vault import NoVault, Vault

CLOCKS_DIFFER_MS: Final = 100

log = logging.getLogger("flowdesk.engine")


@dataclass(slots=True, frozen=True)
class EngineOptions:
    """What an operator may tune. Times are in seconds unless the name says otherwise."""

    max_running: int = 256
    max_queued: int = 10_000
    max_per_owner: int | None = None
    """How many runs of one owner execute at once, so that others find room."""
    step_timeout_ms: int = DEFAULT_TIMEOUT_MS
    lease_s: float = 20.0
    heartbeat_s: float = 5.0
    sweep_s: float = 1.0
    max_deaths: int = 5
    calm_s: float = 2.0
    """How long a process must have lived before it takes up a run that saw several deaths; longer with each death."""
    retention_days: float | None = None
    execute: Execute = "all"
    patience_s: float = 5.0
    """How long a run that was left to workers may be overdue before a process that executes `fresh` runs takes it."""


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
        vault: Vault | None = None,
        info: Mapping[str, Any] | None = None,
        links: Links | None = None,
        meter: Meter | None = None,
        tracing: Tracing | None = None,
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
        self.vault: Vault = vault or NoVault()
        self.info = dict(info or {})
        self.links = links
        self.meter: Meter = meter or NoMeter()
        self.tracing: Tracing = tracing or NoTracing()
        self.plans = Plans(
            store.workflows, registry, timeout_ms=self.options.step_timeout_ms, shared=not store.exclusive
        )
        self.executor = Executor(
            max_running=self.options.max_running,
            max_queued=self.options.max_queued,
            rested=self._rested,
            lost=self.meter.lost,
            max_per_owner=self.options.max_per_owner,
        )
        self.gate = Gate(store, clock)
        self.begun: Callable[[str], None] = _nobody_minds
        self._families = Families(registry, host or Host())
        self.caller = Caller(self)
        self._recovery = Recovery(self)
        self._steering = Steering(self, self._recovery)
        self.failures = Failures(self)
        self._sweeper = Sweeper(self, self._recovery)
        self.trials = Trials(self)
        self.accepting = Accepting(self)
        self._moving = Moving(self)
        self._turns: set[asyncio.Task[None]] = set()
        self.answers = Answers(self)

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
        await self.vault.check()
        await self._families.open()
        try:
            await self._sweeper.start()
        except BaseException:
            await self._families.close()
            raise

    async def stop(self, grace_s: float = 10.0) -> None:
        """Accept nothing more, let steps under way end within the grace time, and let go of every run."""
        self.accepting.stop()
        await self.trials.stop()
        await self._sweeper.stop()
        for task in self._turns:
            task.cancel()
        await asyncio.gather(*self._turns, return_exceptions=True)
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
        rehearsal: Rehearsal | None = None,
    ) -> Accepted:
        """Put a run on disk and start it. Raises Unavailable when that cannot be done now, KeyReused for a key that
        came with another payload before, Limited when the workflow allows itself no more."""
        row = self.accepting.new_row(plan, trigger, run_id, key, payload_hash, scheduled_at)
        return await self.accepting.accept(self.accepting.new_driver(plan, row, _beginning(trigger, rehearsal)))

    async def run_and_wait(
        self,
        plan: Plan,
        trigger: Trigger,
        *,
        timeout_s: float = 30.0,
        key: str | None = None,
        payload_hash: str | None = None,
        rehearsal: Rehearsal | None = None,
    ) -> Outcome:
        """Start a run and wait until it ends or a step answers, at most this long; the run goes on after that.

        A run of only pure steps is executed here and now and costs one commit.
        """
        row = self.accepting.new_row(plan, trigger, None, key, payload_hash, None)
        return await self.accepting.run_and_wait(
            self.accepting.new_driver(plan, row, _beginning(trigger, rehearsal)), timeout_s
        )

    # -- looking at runs ----------------------------------------------------------------------------------------

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state; large values are put back in place."""
        row = await self.runs.get(run_id, owner=owner)
        plan = await self.plans.of(row)
        events = (await self.runs.journals([run_id])).get(run_id, [])
        await put_back(run_id, events, self.runs)
        return History(row, plan, events, fold(plan.steps, run_id, events))

    # -- steering runs ------------------------------------------------------------------------------------------

    async def cancel(
        self, run_id: str, *, owner: Owner, by: str | None, undo: bool = False, force: bool = False
    ) -> RunRow:
        """End an unfinished run, undoing what it did or leaving even its clean-up; Conflict when it has finished."""
        return await self._steering.cancel(run_id, owner=owner, by=by, undo=undo, force=force)

    async def retry_job(self, job_id: str, *, owner: Owner, by: str | None) -> JobRow:
        """Open a FAILED run again at the step this job is parked for. Of two calls at once one gets Conflict."""
        return await self._steering.retry_job(job_id, owner=owner, by=by)

    async def decide(self, run_id: str, answer: Answer, *, who: Asker) -> RunRow:
        """Answer what a step asks; of several answers at once all but one get Conflict. See `Answers.decide`."""
        return await self.answers.decide(run_id, answer, who=who)

    async def signal(self, run_id: str, name: str, data: Any, *, who: Asker, message_id: str | None = None) -> RunRow:
        """Send a run a signal; it is durable when this returns. See `Answers.signal`."""
        return await self.answers.signal(run_id, name, data, who=who, message_id=message_id)

    async def move(self, run_id: str, *, owner: Owner, by: str | None, version: int | None = None) -> RunRow:
        """Let an unfinished or FAILED run that rests go on with another version of its workflow, the newest by default.

        Invalid `run_does_not_fit` names what has changed of the steps that have begun.
        """
        return await self._moving.move(run_id, owner=owner, by=by, version=version)

    async def rerun(
        self,
        run_id: str,
        *,
        owner: Owner,
        by: str | None,
        from_step: str | None = None,
        only_failed: bool = False,
        data: Mapping[str, Any] | None = None,
        version: str = "same",
    ) -> RunRow:
        """Start a new run like this one: whole, or taking over what came before a step, or all that did not fail.

        `data` replaces the trigger's data; `version` is "same" or "latest".
        """
        history = await self.history(run_id, owner=owner)
        plan = history.plan if version == "same" else await self.plans.newest(history.row)
        begin = rerun_input(plan, history, from_step=from_step, only_failed=only_failed, data=data, by=by)
        row = self.accepting.new_row(plan, begin.trigger, None, None, None, None)
        row.parent_run_id = run_id
        old = history.row.call
        if plan.body_of is not None and old is not None:
            row.call = Call(old.step_id, old.item, plan.body_of, old.depth)
        return (await self.accepting.accept(self.accepting.new_driver(plan, row, begin))).run

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
        if row.cancel_requested or row.poked or (row.status is RunStatus.QUEUED and row.waiting_for is None):
            return True
        soon = self.clock() + CLOCKS_DIFFER_MS
        return any(at is not None and at <= soon for at in (row.due_at, row.deadline_at))

    # -- what the parts tell each other -------------------------------------------------------------------------

    def poke(self, run_id: str, ended: RunRow | None = None) -> None:
        """There is something in the store for this run: let it look, if it is executed or can be taken up here.

        `ended` is a run it has called, when that is what there is.
        """
        driver = self.executor.drivers.get(run_id)
        if driver is not None:
            driver.poke(ended)
        else:
            self._recovery.tell(run_id)
            self._sweeper.mind(self.clock())

    async def reopen_caller(self, row: RunRow) -> None:
        """This run goes on again: let the one go on that failed because of it, if that was not done already."""
        await self._steering.reopen_caller(row, None)

    def owe(self) -> None:
        """A run has failed whose workflow names another for that: start it soon."""
        self._sweeper.owe()

    def _rested(self, driver: Driver) -> None:
        """A run came to rest: mind when it is due, and that there is room again."""
        row = driver.row
        self._sweeper.room_again()
        if row.owed:
            self._sweeper.owe()
        if self._recovery.cleared(row.id):
            self._sweeper.look_for_orphans()
        if driver.poked:
            self._sweeper.mind(self.clock())
        if row.limit_key is not None and row.status in FINISHED:
            task = asyncio.create_task(self._next_turn(row), name=f"turn/{row.id}")
            self._turns.add(task)
            task.add_done_callback(self._turns.discard)
        if row.due_at is not None and row.status not in FINISHED:
            self._sweeper.mind(row.due_at)

    async def _next_turn(self, row: RunRow) -> None:
        """Give the place of a finished run to whoever has waited longest."""
        try:
            await self.gate.leave(row)
            await self._recovery.take_turns(row.limit_key)
        except FlowDeskError as error:
            log.warning("whoever waits for the place of run %s is looked for later: %s", row.id, error)

    async def supersede(self, run_id: str) -> None:
        """Cancel a run because a newer one takes its place."""
        try:
            row = await self.runs.request_cancel(run_id, owner=ANYONE)
        except NotFound:
            return
        driver = self.executor.drivers.get(run_id)
        if driver is not None:
            driver.interrupt(Cancel(None, "a newer run took its place"))
        elif row.owner is None:
            self._sweeper.mind(self.clock())


def _nobody_minds(_workspace_id: str) -> None:
    """Hears of each run that is about to be accepted; whoever minds how many there are puts something else here."""


def _beginning(trigger: Trigger, rehearsal: Rehearsal | None) -> Begin:
    return Begin(trigger) if rehearsal is None else Begin(trigger, until=rehearsal.until, pins=rehearsal.pins)
