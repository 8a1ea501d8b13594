"""Does a run's summary say what its journal says? Pure: rows and events in, differences and the right rows out.

What a summary may rightly say is wider than one row: who holds the run, and when a resting one is looked at, the
journal does not know. So only what would mislead a list, or leave the run lying, counts as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from engine.journal import jobs_after
from engine.models.event import Event
from engine.models.run import FINISHED, JobRow, JobStatus, RunRow, RunStatus
from engine.runner.ledger import FINAL, waiting_for
from engine.state import RunState, StepStatus, fold


@dataclass(slots=True, frozen=True)
class Audit:
    """What was found about one run. `row` and `jobs` are what is to be written; `journal` says why nothing can be."""

    row: RunRow
    differences: list[str] = field(default_factory=list)
    jobs: list[JobRow] = field(default_factory=list)
    journal: str | None = None
    state: RunState | None = None


def audit(row: RunRow, jobs: Sequence[JobRow], step_ids: Iterable[str], events: Sequence[Event]) -> Audit:
    """Compare a run's summary and jobs with the fold of its whole journal."""
    if not events:
        return Audit(row, journal="its journal is empty")
    try:
        state = fold(step_ids, row.id, events)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return Audit(row, journal=f"its journal cannot be read: {error}")
    right = _finished(row, state) if state.finished else _unfinished(row, state)
    differences = [
        f"{name} is {_shown(getattr(row, name))} instead of {_shown(getattr(right, name))}"
        for name in ("seq", "status", "finished_at", "waiting_for", "due_at", "owner", "error_code", "error")
        if getattr(row, name) != getattr(right, name)
    ]
    wrong, wanted = _jobs(right, jobs, state, events)
    return Audit(right, differences + wrong, wanted, state=state)


def _finished(row: RunRow, state: RunState) -> RunRow:
    return replace(
        row,
        seq=state.seq,
        status=FINAL[state.phase],
        finished_at=state.finished_at,
        owner=None,
        waiting_for=None,
        due_at=None,
        error=state.error,
        error_code=state.error["code"] if state.error else None,
    )


def _unfinished(row: RunRow, state: RunState) -> RunRow:
    right = replace(row, seq=state.seq, finished_at=None, error=None, error_code=None)
    if right.status in FINISHED:
        right.status = RunStatus.QUEUED
    if right.owner is not None:
        return right
    waiting = [step for step in state.steps.values() if step.status is StepStatus.WAITING]
    times = [step.retry_at for step in waiting if step.retry_at is not None]
    if not waiting or any(step.status is StepStatus.RUNNING for step in state.steps.values()):
        # Somebody must look at it; without a time nobody ever would.
        right.due_at = row.created_at if row.due_at is None else row.due_at
    elif times and (row.due_at is None or row.due_at > min(times)):
        right.due_at = min(times)
    if right.status is RunStatus.WAITING and waiting and right.waiting_for is None:
        right.waiting_for = waiting_for(waiting)
    return right


def _jobs(
    row: RunRow, jobs: Sequence[JobRow], state: RunState, events: Sequence[Event]
) -> tuple[list[str], list[JobRow]]:
    """What is wrong with a run's jobs, and those that put it right."""
    known = {job.id: job for job in jobs}
    wrong: list[str] = []
    wanted: list[JobRow] = []
    for right in jobs_after(row, state, events, events[-1].at):
        job = known.pop(right.id, None)
        if job is None:
            wrong.append(f"job {right.id} is missing")
            wanted.append(right)
            continue
        waits = state.steps[right.step_id].status is StepStatus.WAITING
        run_at = right.run_at if waits else job.run_at
        mended = replace(job, status=right.status, attempt=right.attempt, run_at=run_at, error=right.error)
        if (mended.status, mended.attempt, mended.run_at) != (job.status, job.attempt, job.run_at):
            wrong.append(f"job {job.id} is {_told(job)} instead of {_told(mended)}")
            wanted.append(mended)
    for job in known.values():
        if job.status is not JobStatus.CANCELLED:
            wrong.append(f"job {job.id} is not in the journal")
            wanted.append(replace(job, status=JobStatus.CANCELLED))
    return wrong, wanted


def _told(job: JobRow) -> str:
    return f"{job.status.value}, attempt {job.attempt} at {job.run_at}"


def _shown(value: object) -> str:
    return "nothing" if value is None else str(value)
