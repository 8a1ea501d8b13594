"""What people do to runs that exist: cancel them, retry their parked jobs, run them again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from engine.checks.parts import Part
from engine.errors import Conflict, Fenced, Invalid, NotFound, Problem
from engine.executor import Executor
from engine.history import History, reusable, settled_well
from engine.ids import new_id
from engine.inputs import Begin, Cancel, Hurry, Reopen
from engine.models.run import FINISHED, JobRow, JobStatus, Message, RunRow, RunStatus, Trigger, TriggerKind, WaitingFor
from engine.plan import Plan
from engine.recovery import Recovery
from engine.runner.driver import Driver
from engine.runner.ledger import Services
from engine.state import StepState, StepStatus
from engine.store import ANYONE, Owner, Store
from engine.transition.hearing import CANCEL, HURRY

CANCEL_WAIT_S: Final = 5.0
"""How long a cancel call waits for the run to end before it answers with the run as it is."""

POLL_S: Final = 0.1


class Around(Services, Protocol):
    """What steering needs of the engine around it."""

    store: Store
    executor: Executor

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state."""


class Steering:
    """Changes runs on somebody's behalf; each change is a commit, fenced like any other."""

    def __init__(self, around: Around, recovery: Recovery) -> None:
        self._around = around
        self._recovery = recovery

    async def cancel(
        self, run_id: str, *, owner: Owner, by: str | None, undo: bool = False, force: bool = False
    ) -> RunRow:
        """End an unfinished run; Conflict when it has finished already.

        With `undo` the finished steps' undo steps run, with `force` nothing does, not even what cleans up already.
        """
        if undo or force:
            return await self._tell_to_end(run_id, owner, {"by": by, "undo": undo and not force, "force": force})
        row = await self._around.runs.request_cancel(run_id, owner=owner)
        if row.status in FINISHED:
            raise already_finished(row)
        for _ in range(2):  # a run that comes to rest in this very moment does not hear it any more
            driver = self._around.executor.drivers.get(run_id)
            if driver is None and row.owner is None:
                await self._recovery.take([row])
                driver = self._around.executor.drivers.get(run_id)
            if driver is not None:
                driver.interrupt(Cancel(by))
                await self._around.executor.wait_for(run_id, CANCEL_WAIT_S)
            else:
                await self._ended_elsewhere(run_id, by)
            row = await self._around.runs.get(run_id, owner=owner)
            if row.status in FINISHED or row.owner is not None:
                break
        return row

    async def _tell_to_end(self, run_id: str, owner: Owner, wish: dict[str, Any]) -> RunRow:
        now = self._around.clock()
        row = await self._around.runs.post(Message(new_id(now), run_id, now, CANCEL, wish), owner=owner)
        if row.status in FINISHED:
            raise already_finished(row)
        if row.owner is None:
            await self._recovery.take([row])
        self._around.poke(run_id)
        await self._around.executor.wait_for(run_id, CANCEL_WAIT_S)
        return await self._around.runs.get(run_id, owner=owner)

    async def _ended_elsewhere(self, run_id: str, by: str | None) -> None:
        """The process that executes the run looks for such wishes once a second; give it time to obey.

        When somebody here took the run up in this very moment, this process is the one to obey.
        """
        for _ in range(round(CANCEL_WAIT_S / POLL_S)):
            row = await self._around.runs.get(run_id, owner=ANYONE)
            if row.status in FINISHED:
                return
            driver = self._around.executor.drivers.get(run_id)
            if driver is not None:
                driver.interrupt(Cancel(by))
            await asyncio.sleep(POLL_S)

    async def retry_job(self, job_id: str, *, owner: Owner, by: str | None) -> JobRow:
        """Open a FAILED run again at the step this job is parked for, or let a retry that waits for its time come now.

        Of two calls at once one gets Conflict.
        """
        job = await self._around.store.jobs.get(job_id, owner=owner)
        if job.status not in (JobStatus.FAILED, JobStatus.PENDING):
            raise Conflict(
                f"the job is {job.status.value}; only a PENDING or FAILED one can be retried", code="job_not_retryable"
            )
        history = await self._around.history(job.run_id, owner=owner)
        if job.status is JobStatus.PENDING:
            await self._hurry(job, history, by)
            return await self._around.store.jobs.get(job_id, owner=owner)
        if history.row.status is not RunStatus.FAILED:
            raise Conflict(f"its run is {history.row.status.value}; only a FAILED run can go on", code="run_not_failed")
        if history.state.steps[job.step_id].status is not StepStatus.FAILED:
            raise Conflict("the step is not failed any more", code="job_not_retryable")
        _refuse_cleaned(history, job.step_id)
        driver = self._reopened(history)
        driver.feed(Reopen(job.step_id, job.id, by))
        await self._write_or_conflict(driver)
        if driver.state.may_succeed:
            await self.reopen_caller(driver.row, by)
        return await self._around.store.jobs.get(job_id, owner=owner)

    async def _hurry(self, job: JobRow, history: History, by: str | None) -> None:
        row, step = history.row, history.state.steps[job.step_id]
        if step.waits_for != WaitingFor.RETRY or step.job_id != job.id:
            raise Conflict("the step does not wait for a retry any more", code="job_not_retryable")
        if row.cancel_requested or history.state.phase == "ending":
            raise Conflict("its run is being ended, and begins nothing any more", code="run_ending")
        if step.retry_at is not None and step.retry_at <= self._around.clock():
            return
        # When somebody takes it up in this very moment, the journal can be newer than the summary.
        if row.owner is not None or row.status is not RunStatus.WAITING or row.seq != history.state.seq:
            await self._tell_to_hurry(row, job, step.attempt, by)
            return
        driver = Driver(self._around, history.plan, replace(row), history.state)
        driver.feed(Hurry(job.step_id, by))
        await self._write_or_conflict(driver)

    async def _tell_to_hurry(self, row: RunRow, job: JobRow, attempt: int, by: str | None) -> None:
        """Other steps of the run are at work: whoever executes it brings the retry forward."""
        told = {"stepId": job.step_id, "attempt": attempt, "by": by}
        message = Message(f"{HURRY}-{job.id}-{attempt}", row.id, self._around.clock(), HURRY, told)
        await self._around.runs.post(message, owner=ANYONE)
        self._around.poke(row.id)

    async def reopen_caller(self, row: RunRow, by: str | None) -> None:
        """Let the run go on that failed because of this one, which is retried; and the one that called it, and so on.

        It waits for this one's end then, and calls nothing anew that has finished.
        """
        while row.caller_run_id is not None and row.call is not None:
            try:
                history = await self._around.history(row.caller_run_id, owner=ANYONE)
            except NotFound:
                return
            known = history.state.steps.get(row.call.step_id)
            if history.row.status is not RunStatus.FAILED or known is None or known.called is None:
                return
            mine = known.called.run_id(history.row.id, row.call.step_id, row.call.item) == row.id
            if known.status is not StepStatus.FAILED or not mine:
                return
            driver = self._reopened(history)
            driver.feed(Reopen(row.call.step_id, known.job_id or "", by, row.call.item))
            try:
                await self._write_or_conflict(driver)
            except Conflict:
                return
            row = driver.row

    def _reopened(self, history: History) -> Driver:
        now = self._around.clock()
        timeout = history.plan.workflow.timeout_ms
        # The summary says nobody holds the run; the first commit, fenced by its seq, makes it ours.
        row = replace(history.row, deadline_at=now + timeout if timeout else None, cancel_requested=False)
        return Driver(self._around, history.plan, row, history.state)

    async def _write_or_conflict(self, driver: Driver) -> None:
        held = driver.row.limit_key is not None and not driver.state.finished
        try:
            await driver.ledger.write(claim=True, backlog=held)
        except Fenced:
            raise Conflict("somebody else was faster", code="already_moved_on") from None
        if held:
            self._around.poke(driver.row.id)  # it goes on when its turn has come again
        elif not driver.state.finished:
            self._around.executor.add(driver)


def already_finished(row: RunRow) -> Conflict:
    """What somebody hears who wants to stop a run that has ended."""
    return Conflict(f"the run has finished already ({row.status.value})", code="already_finished")


def _refuse_cleaned(history: History, step_id: str) -> None:
    """A run does not go on with work that was taken back; only its clean-up can be done again where it failed."""
    plan, steps = history.plan, history.state.steps
    if plan.steps[step_id].part is not Part.MAIN:
        return
    undone = [step.id for step in plan.undoing if step.step.undo and steps[step.step.undo].attempt]
    if undone:
        raise Conflict(
            f"the run cannot go on: {', '.join(undone)} {'was' if len(undone) == 1 else 'were'} undone",
            code="run_undone",
            hint="run it again as a whole: flowdesk rerun RUN",
        )


def rerun_input(
    plan: Plan,
    history: History,
    *,
    from_step: str | None,
    only_failed: bool,
    data: Mapping[str, Any] | None,
    by: str | None,
) -> Begin:
    """The beginning of a run like that one: whole, from a step on, or only what failed; the rest is taken over."""
    reused: dict[str, StepState] = {}
    if only_failed:
        if from_step is not None:
            message = "a rerun begins at a step or takes up what failed, not both"
            raise Invalid(problems=[Problem("one_of", message, field="only")])
        if history.row.status not in FINISHED:
            raise Conflict(
                f"the run is {history.row.status.value} and may still succeed",
                code="run_not_finished",
                hint="wait until it has ended, or cancel it",
            )
        reused = settled_well(plan, history.state)
    elif from_step is not None:
        if from_step not in plan.steps:
            problem = Problem("unknown_step", f"there is no step {from_step!r}", field="from")
            raise Invalid(problems=[problem], hint=f"steps: {', '.join(plan.steps)}")
        reused = reusable(plan, history.state, from_step)
    old = history.state.trigger
    trigger = Trigger(TriggerKind.RERUN, dict(old.data if data is None else data), old.meta, old.step_id)
    return Begin(trigger, history.row.id, reused, by)
