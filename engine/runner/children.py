"""Makes the runs a run's steps call, follows them, and makes the step's output of what they came to.

Every item is a run of its own under an id that follows from the caller's journal, so making it twice finds the first.
What a called run tells its caller is a poke, which may be lost: the caller looks at the runs under way, never at all of
them. Runs of only pure steps are over at once and are made many at a time; of others `concurrency` are under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from time import monotonic
from typing import Any, Final, Protocol

from engine.called import CHILDREN, Called
from engine.errors import FlowDeskError, Invalid, Limited, Unavailable
from engine.inputs import Advanced, Calling, Input
from engine.models.event import Event
from engine.models.run import FINISHED, Call, RunRow, RunStatus
from engine.plan import Plan, PlanStep
from engine.runner.gather import Gather, outcome, result_of, too_many
from engine.runner.ledger import Ledger, Services
from engine.runner.progress import Progress, why_not
from engine.runner.wanted import depth_of, given_to, spec_of
from engine.sdk import Calls, StepResult
from engine.state import RunState, StepStatus
from engine.tracing import span_id, within
from engine.visible import View

WINDOW: Final = 256
"""Runs of only pure steps that are made before the caller says how far it is."""
LINGER_S: Final = 1.0
"""How long a caller stays in memory after something has moved, while nobody waits for its place."""
TROUBLE_S: Final = 0.25


class Run(Protocol):
    """What following needs of the run whose steps call."""

    plan: Plan
    state: RunState
    view: View
    services: Services
    ledger: Ledger
    parking: bool
    stop: Input | None

    @property
    def row(self) -> RunRow: ...

    def feed(self, given: Input) -> list[Event]:
        """Let the state machine take an input."""

    def conclude(self, step: PlanStep, result: StepResult, took_ms: float) -> None:
        """A step came to a result."""

    def roots(self) -> Mapping[str, Any]:
        """What expressions see besides `data` and `steps`."""

    async def commit(self) -> None:
        """Write what has happened."""


class Children:
    """The called runs of one run. `busy` says that there is more to do at once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._wanted: dict[str, tuple[Calls, float]] = {}
        self._ended: dict[str, RunRow] = {}
        self._unsure = True
        self._until = 0.0
        self._trouble = False
        self._gathers: dict[str, Gather] = {}
        self._released: dict[str, int] = {}
        self.busy = False

    # -- what the driver tells and asks -------------------------------------------------------------------------

    def want(self, step: PlanStep, calls: Calls, took_ms: float) -> None:
        """A step asked for runs."""
        self._wanted[step.id] = (calls, took_ms)

    def ended(self, row: RunRow) -> None:
        """A called run has ended here."""
        self._ended[row.id] = row

    def look_again(self) -> None:
        """Something has happened to a called run, nobody says to which."""
        self._unsure = True

    @property
    def waits(self) -> bool:
        """Whether the run should stay in memory for what its called runs are about to come to."""
        if self._run.parking or monotonic() >= self._until:
            return False
        return self._trouble or (any(c.open for _, c in self._waiting()) and not self._run.services.caller.crowded)

    @property
    def patience(self) -> float | None:
        """Seconds until this wants another look."""
        if self.busy:
            return 0.0
        return max(0.0, self._until - monotonic()) if self.waits else None

    async def release(self) -> None:
        """Have everything cancelled that is under way for a step that does not wait for it any more."""
        for step in self._run.plan.calling:
            known = self._run.state.steps[step.id]
            if known.called is None or known.status not in (StepStatus.CANCELLED, StepStatus.FAILED):
                continue
            if known.called.open and self._released.get(step.id) != known.called.round:
                await self._cancel(step, known.called, known.called.open)
                self._released[step.id] = known.called.round

    # -- one look -----------------------------------------------------------------------------------------------

    async def look(self) -> None:
        """Begin what is wanted, take in what has ended, start what there is room for."""
        self.busy = self._trouble = False
        try:
            for step_id in list(self._wanted):
                await self._begin(self._run.plan.steps[step_id])
            for step, called in self._waiting():
                if self._run.state.finished or self._run.parking:
                    return
                await self._advance(step, called)
            self._unsure = False
        except Unavailable:
            self._unsure = self._trouble = True
            self._until = monotonic() + TROUBLE_S

    def _waiting(self) -> list[tuple[PlanStep, Called]]:
        steps = self._run.state.steps
        found = ((step, steps[step.id]) for step in self._run.plan.calling)
        return [(step, s.called) for step, s in found if s.waits_for == CHILDREN and s.called is not None]

    async def _begin(self, step: PlanStep) -> None:
        calls, took_ms = self._wanted[step.id]
        run = self._run
        try:
            if run.state.steps[step.id].called is not None:
                run.feed(Calling(step.id, {"again": True}))
            else:
                plan = await self._plan(step, calls.workflow, None)
                depth = await depth_of(run.row, run.services)
                data = dict(run.view.data(step) if plan.body_of else calls.data or {})
                items = None if calls.repeats else list(calls.items)
                run.feed(Calling(step.id, spec_of(calls, plan, depth), items, data))
        except Unavailable:
            raise
        except FlowDeskError as error:
            failure = StepResult.failure(str(error), code=error.code, retryable=False)
            run.conclude(step, failure, took_ms)
        del self._wanted[step.id]

    async def _plan(self, step: PlanStep, workflow_id: str | None, version: int | None) -> Plan:
        if workflow_id is not None:
            return await self._run.services.caller.plan(workflow_id, version, self._run.row)
        body = self._run.plan.bodies.get(step.id)
        if body is None:
            raise Invalid(f"the step {step.id} has neither a body nor a workflow to run", code="nothing_to_run")
        return body

    async def _advance(self, step: PlanStep, called: Called) -> None:
        run = self._run
        if called.due_at is not None and run.services.clock() < called.due_at:
            return
        try:
            plan = await self._plan(step, called.workflow_id, called.spec.get("version"))
        except Unavailable:
            raise
        except FlowDeskError as error:
            await self._give_up(step, called, StepResult.failure(str(error), code=error.code, retryable=False))
            return
        if run.ledger.committed < called.seq:
            await run.commit()
        gather = self._gathers.setdefault(step.id, Gather(run.services.runs, run.row.id, step.id, plan))
        progress = Progress.of(called)
        progress.due_at = None
        to_start = await self._take_in(step, called, progress, gather)
        if progress.reached or (progress.failed and called.spec["onItemError"] == "stop"):
            to_start = []
        else:
            to_start += await self._next(step, called, progress, plan, len(to_start))
        if to_start:
            await self._start(step, called, progress, plan, gather, to_start)
        self._record(step, called, progress)
        if called.failed and called.spec["onItemError"] == "stop":
            await self._give_up(step, called, outcome(called, run.row.id, step.id))
        elif called.started_all and not called.open:
            await self._finish(step, called, gather)
        else:
            self.busy = self.busy or (plan.instant and not called.open and called.due_at is None)

    def _record(self, step: PlanStep, called: Called, progress: Progress) -> None:
        if progress.changed or progress.due_at != called.due_at:
            self._until = monotonic() + LINGER_S
            self._run.feed(Advanced(step.id, progress.event(called)))

    # -- what has ended -----------------------------------------------------------------------------------------

    async def _take_in(
        self, step: PlanStep, called: Called, progress: Progress, gather: Gather
    ) -> list[tuple[int, bool]]:
        """Note what has ended; the items whose runs are to be made again, and whether under a new id."""
        to_start: list[tuple[int, bool]] = []
        for item in list(called.open):
            run_id = called.run_id(self._run.row.id, step.id, item)
            row = self._ended.pop(run_id, None)
            if row is None and self._unsure:
                row = await self._run.services.caller.row(run_id)
                if row is None:
                    to_start.append((item, False))
                    continue
            if row is None or row.status not in FINISHED:
                continue
            if row.status is not RunStatus.SUCCESS and self._of_earlier_round(called, item):
                to_start.append((item, True))
            else:
                await self._note(step, called, progress, gather, item, row)
        return to_start

    @staticmethod
    def _of_earlier_round(called: Called, item: int) -> bool:
        return called.rounds.get(item, 0) < called.round and item != called.kept

    async def _note(
        self, step: PlanStep, called: Called, progress: Progress, gather: Gather, item: int, row: RunRow
    ) -> None:
        if row.status is not RunStatus.SUCCESS:
            progress.fail(item, why_not(row))
            return
        progress.succeed(item)
        if called.spec.get("repeats"):
            self._after_repetition(step, called, progress, item, await gather.result(called, item))

    def _after_repetition(self, step: PlanStep, called: Called, progress: Progress, item: int, result: Any) -> None:
        until = called.spec.get("until")
        names = {"data": self._run.view.data(step), "result": result, "iteration": item + 1}
        try:
            progress.reached = until is not None and self._run.services.caller.holds(
                until, {**self._run.roots(), "steps": self._run.view.outputs(step), **names}
            )
        except Invalid as error:
            progress.succeeded -= 1
            progress.failed.append((item, {"code": error.code, "message": f"until: {error}"}))
            return
        if not progress.reached and item + 1 < called.total and called.spec.get("delayMs"):
            progress.due_at = self._run.services.clock() + int(called.spec["delayMs"])

    # -- what is started ----------------------------------------------------------------------------------------

    async def _next(
        self, step: PlanStep, called: Called, progress: Progress, plan: Plan, already: int
    ) -> list[tuple[int, bool]]:
        """The items there is room for: first those of an earlier round, then new ones."""
        if progress.due_at is not None or (called.spec.get("repeats") and progress.open):
            return []
        most = 1 if called.spec.get("repeats") else WINDOW if plan.instant else int(called.spec["concurrency"])
        room = most - len(progress.open) - already
        chosen: list[tuple[int, bool]] = []
        for item in called.again:
            if len(chosen) >= room:
                return chosen
            row = await self._run.services.caller.row(called.run_id(self._run.row.id, step.id, item))
            if row is None:
                chosen.append((item, False))
            elif row.status not in FINISHED:
                progress.start(item)
                room -= 1
            elif row.status is RunStatus.SUCCESS or item == called.kept:
                gather = self._gathers[step.id]
                await self._note(step, called, progress, gather, item, row)
            else:
                chosen.append((item, True))
        if progress.reached:
            return []
        while len(chosen) < room and progress.next + len(chosen) < called.total and not called.again:
            chosen.append((progress.next + len(chosen), False))
        return chosen

    async def _start(
        self,
        step: PlanStep,
        called: Called,
        progress: Progress,
        plan: Plan,
        gather: Gather,
        to_start: list[tuple[int, bool]],
    ) -> None:
        for item, anew in to_start:
            progress.start(item, anew=anew)
            if anew:
                called.rounds[item] = called.round  # as the event about to come says, too
        if not plan.instant or progress.anew:
            # Whoever cancels this run must know of them, so that the journal names them before they are made.
            self._record(step, called, progress)
            await self._run.commit()
            progress.changed, progress.failed, progress.settled, progress.anew = False, [], [], []
        items = [item for item, _ in to_start]
        found = await asyncio.gather(
            *(self._make(step, called, plan, gather, item) for item in items), return_exceptions=True
        )
        for item, made in zip(items, found, strict=True):
            if isinstance(made, Invalid | Limited):
                progress.fail(item, {"code": made.code, "message": str(made)})
            elif isinstance(made, BaseException):
                self._unsure = True
                raise made
            elif not called.spec["waits"]:
                gather.keep(called, item, {"runId": made.id})
                progress.succeed(item)
            elif made.status in FINISHED:
                await self._note(step, called, progress, gather, item, made)

    async def _make(self, step: PlanStep, called: Called, plan: Plan, gather: Gather, item: int) -> RunRow:
        row = self._run.row
        run_id = called.run_id(row.id, step.id, item)
        last = await gather.result(called, item - 1) if called.spec.get("repeats") and item else None
        trigger = given_to(called, row.id, step.id, item, plan, last)
        trigger.trace = within(self._run.state.trigger.trace, span_id(row.id))
        call = Call(step.id, item, plan.body_of, int(called.spec["depth"]))
        made = await self._run.services.caller.start(plan, trigger, run_id, row, call)
        if made.state is not None and made.row.status is RunStatus.SUCCESS:
            gather.keep(called, item, result_of(plan, made.state))
        return made.row

    # -- the end ------------------------------------------------------------------------------------------------

    async def _give_up(self, step: PlanStep, called: Called, failure: StepResult) -> None:
        await self._cancel(step, called, called.open)
        self._released[step.id] = called.round
        self._gathers.pop(step.id, None)
        self._run.conclude(step, failure, self._took(called))

    async def _finish(self, step: PlanStep, called: Called, gather: Gather) -> None:
        result = too_many(called) if called.spec.get("repeats") else None
        if result is None:
            try:
                result = await gather.output(called, lambda: self._run.stop is not None)
            except Invalid as error:
                result = StepResult.failure(str(error), code=error.code, retryable=False)
        if result is not None:
            self._gathers.pop(step.id, None)
            self._run.conclude(step, result, self._took(called))

    def _took(self, called: Called) -> float:
        return float(max(0, self._run.services.clock() - called.made_at))

    async def _cancel(self, step: PlanStep, called: Called, items: list[int]) -> None:
        """Put the wish on disk for each, however long that takes: else they would go on for nobody."""
        for item in items if called.spec["waits"] else ():
            run_id = called.run_id(self._run.row.id, step.id, item)
            while True:
                try:
                    await self._run.services.caller.cancel(run_id)
                except Unavailable:
                    await asyncio.sleep(TROUBLE_S)
                else:
                    break
