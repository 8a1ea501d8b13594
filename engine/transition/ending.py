"""How a run ends."""

from __future__ import annotations

from typing import Any

from engine.inputs import Cancel
from engine.models.event import EventType
from engine.state import StepStatus
from engine.transition.readiness import is_ready
from engine.transition.turn import Turn


def cancel(turn: Turn, given: Cancel) -> None:
    """Stop at once."""
    turn.emit(EventType.RUN_CANCELLED, None, {"by": given.by, "reason": given.reason})


def fail_run(turn: Turn, error: dict[str, Any], job_id: str) -> None:
    """End the run, parking the step it stood on so that it can be retried by hand."""
    stood_on = next(
        (
            step.id
            for step in turn.plan.steps.values()
            if turn.state.steps[step.id].status in (StepStatus.RUNNING, StepStatus.WAITING)
            or is_ready(turn.plan, turn.state, step)
        ),
        None,
    )
    if stood_on is not None:
        before = turn.state.steps[stood_on]
        parked = {"error": error, "final": True, "jobId": before.job_id or job_id}
        turn.emit(EventType.STEP_FAILED, stood_on, parked)
        error = {**error, "stepId": stood_on}
    turn.emit(EventType.RUN_FAILED, None, {"error": error})


def end_if_done(turn: Turn) -> None:
    """A run whose steps are all settled has succeeded."""
    if turn.state.phase == "running" and turn.state.unsettled == 0:
        turn.emit(EventType.RUN_SUCCEEDED, None, {})
