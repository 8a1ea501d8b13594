"""The durable side of a run being executed: events that wait to be written, and the summary as last committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from engine.called import CHILDREN
from engine.clock import Clock
from engine.errors import Unavailable
from engine.events import Bus
from engine.journal import jobs_after, set_apart
from engine.links import Links
from engine.metering import Meter
from engine.models.event import Event
from engine.models.run import FINISHED, Call, RunRow, RunStatus, Trigger, TriggerKind, WaitingFor
from engine.plan import Plan
from engine.state import RunState, StepState, StepStatus
from engine.store import Blob, Commit, FeedItem, Runs
from engine.tracing import Tracing
from engine.vault import Vault
from engine.watching import answers

log = logging.getLogger("flowdesk.engine")

FINAL: Final = {
    "succeeded": RunStatus.SUCCESS,
    "failed": RunStatus.FAILED,
    "cancelled": RunStatus.CANCELLED,
}
_PEOPLE: Final = frozenset({WaitingFor.APPROVAL, WaitingFor.DECISION})
_NEVER: Final = 1 << 62


LOOK_AGAIN_MS: Final = 30_000


class Made(NamedTuple):
    """A called run, and its state when it was executed on the spot."""

    row: RunRow
    state: RunState | None


class Caller(Protocol):
    """What a run asks about the runs it calls."""

    @property
    def crowded(self) -> bool:
        """Whether runs wait for room here."""

    async def plan(self, workflow_id: str, version: int | None, caller: RunRow) -> Plan:
        """The workflow to call; Invalid when there is none."""

    async def start(self, plan: Plan, trigger: Trigger, run_id: str, caller: RunRow, call: Call) -> Made:
        """Make the run, or find it; Invalid when its workflow refuses what it is given."""

    async def row(self, run_id: str) -> RunRow | None:
        """A called run's summary, if there is such a run."""

    async def cancel(self, run_id: str) -> None:
        """Have a run cancelled that nobody waits for any more."""

    async def chain(self, row: RunRow) -> list[str]:
        """The names of the workflows that called each other down to this run."""

    def holds(self, expression: str, scope: Mapping[str, Any]) -> bool:
        """Whether a condition is true of this scope; Invalid when it cannot be worked out."""


class Services(Protocol):
    """What an executing run needs of the engine around it."""

    runs: Runs
    bus: Bus
    clock: Clock
    owner: str
    vault: Vault
    links: Links | None
    meter: Meter
    tracing: Tracing

    @property
    def caller(self) -> Caller:
        """Starts and finds runs on behalf of this one."""

    def family_state(self, ref: str) -> Any:
        """What the lifespan of the step's family yielded."""

    def poke(self, run_id: str, ended: RunRow | None = None) -> None:
        """Let this run look at what the store has for it, here or wherever it is; `ended` is a run it has called."""


class Ledger:
    """Writes one run. `row` is the summary as last committed, `committed` the seq of its last durable event."""

    def __init__(self, services: Services, plan: Plan, row: RunRow, state: RunState) -> None:
        self.services = services
        self.plan = plan
        self.row = row
        self.state = state
        self.committed = row.seq
        self.pending: list[Event] = []
        self.reply: asyncio.Future[RunRow] | None = None
        self.began: int | None = row.started_at
        self.heard: list[str] = []
        """Messages taken note of since the last commit, which forgets them."""
        self.leaving = False
        """Whether this process is about to end, so that others should look at what was called at once."""
        self.quiet = False
        """Whether who called this run is told its end by who makes it, and needs no poke."""
        self._blobs: list[Blob] = []

    @property
    def unwritten(self) -> bool:
        """Whether something has happened that is not on disk."""
        return bool(self.pending or self.heard)

    async def write(
        self, *, resting: bool = False, backlog: bool = False, claim: bool = False, due_at: int | None = None
    ) -> None:
        """Commit until it works: once a step has had its effect, its result must not be lost to a full disk.

        Only a run's first commit, or one that claims a resting run, raises Unavailable, since then nothing has happened
        yet. Fenced when somebody else has the run by now. A `backlog` run has no executor yet and goes on at `due_at`,
        or at once.
        """
        delay = 0.25
        while True:
            try:
                await self._write_once(self._summary(resting=resting, backlog=backlog, claim=claim, due_at=due_at))
            except Unavailable as error:
                if self.committed == 0 or claim:
                    raise
                log.error("run %s waits to write its journal: %s", self.row.id, error)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            else:
                return

    async def _write_once(self, row: RunRow) -> None:
        events = self.pending
        heard, self.heard = self.heard, []
        if not events and not heard and row == self.row:
            return
        self._blobs += set_apart(events)
        jobs = jobs_after(row, self.state, events, self.services.clock())
        # Whoever called this run looks at it when it has ended.
        pokes = []
        if row.caller_run_id is not None and row.status in FINISHED and not self.quiet:
            pokes = [row.caller_run_id]
        commit = Commit(row, events, self.committed, self.row.owner, jobs, self._blobs, heard, pokes)
        self.pending, self._blobs = [], []
        try:
            cursor = await self.services.runs.commit(commit)
        except BaseException:
            # Not written: the same events, and those that came meanwhile, go with the next commit.
            self.pending = [*events, *self.pending]
            self._blobs = [*commit.blobs]
            self.heard = [*heard, *self.heard]
            raise
        self.committed = row.seq
        before, self.row = self.row, row
        self.services.meter.committed(self.plan, before, row, events)
        if self.state.trigger.trace is not None:
            self.services.tracing.committed(self.plan, self.state, before, row, events)
        if events:
            self.services.bus.publish(FeedItem(cursor, row.id, row.workflow_id, row.user_id, events))
        for run_id in pokes:
            self.services.poke(run_id, row)
        if self.reply is not None and not self.reply.done() and any(answers(self.plan, event) for event in events):
            self.reply.set_result(row)

    def _summary(self, *, resting: bool, backlog: bool, claim: bool, due_at: int | None) -> RunRow:
        """The row after the pending events; a `backlog` run is accepted but has no executor yet."""
        state = self.state
        row = self.row.copy()
        row.seq, row.started_at, row.waiting_for, row.due_at = state.seq, self.began, None, None
        if state.finished:
            row.status = FINAL[state.phase]
            row.owed = self._owes(row)
            row.finished_at, row.owner = state.finished_at, None
            row.error = state.error
            row.error_code = state.error["code"] if state.error else None
            return row
        row.finished_at, row.error, row.error_code, row.owed = None, None, None, False
        if state.ending is not None:
            row.deadline_at = state.ending["endBy"]
        if claim:
            row.owner = self.services.owner
        if backlog:
            row.status, row.owner, row.due_at = RunStatus.QUEUED, None, self.services.clock()
            if due_at is not None:
                row.due_at, row.waiting_for = due_at, WaitingFor.LIMIT
        elif resting:
            row.owner = None
            self._rest(row)
        elif self.committed == 0:
            row.status = RunStatus.QUEUED
        else:
            row.status, row.waiting_for = RunStatus.RUNNING, self._asks()
        return row

    def _asks(self) -> WaitingFor | None:
        """What a step wants to hear from people while others of the run work."""
        waiting = (step for step in self.state.steps.values() if step.status is StepStatus.WAITING)
        return next((WaitingFor(step.waits_for) for step in waiting if step.waits_for in _PEOPLE), None)

    def _owes(self, row: RunRow) -> bool:
        """Whether somebody wants to be told of this failure; what is started because of a failure tells nobody."""
        wanted = self.plan.workflow.on_failure is not None
        return wanted and row.status is RunStatus.FAILED and row.trigger is not TriggerKind.FAILURE

    def _rest(self, row: RunRow) -> None:
        """What a run that nobody executes waits for, which may be simply an executor."""
        waiting = [step for step in self.state.steps.values() if step.status is StepStatus.WAITING]
        runnable = any(step.status is StepStatus.RUNNING for step in self.state.steps.values())
        due = [step.retry_at for step in waiting if step.retry_at is not None]
        if any(step.waits_for == CHILDREN and step.retry_at is None for step in waiting):
            # What called runs tell may be lost with the process that wanted to tell it, or that was told.
            due.append(self.services.clock() + (0 if self.leaving else LOOK_AGAIN_MS))
        if runnable or not waiting:
            row.status, row.due_at = RunStatus.QUEUED, self.services.clock()
            return
        row.status = RunStatus.WAITING
        row.due_at = min(due) if due else None
        row.waiting_for = waiting_for(waiting)


def waiting_for(steps: Iterable[StepState]) -> WaitingFor:
    """What a run with these waiting steps is said to wait for: people before all else, then what is due first."""
    first = min(steps, key=lambda step: (step.waits_for not in _PEOPLE, step.retry_at or _NEVER))
    return WaitingFor(first.waits_for or "retry")
