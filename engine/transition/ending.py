"""How a run ends: when its work is over, when it is stopped, and when it has cleaned up."""

from __future__ import annotations

from typing import Any

from engine.checks.parts import Part
from engine.inputs import Cancel, Fail
from engine.models.event import EventType
from engine.state import SETTLED, StepStatus
from engine.transition.closing import FINAL, end
from engine.transition.flow import look_everywhere
from engine.transition.readiness import is_ready
from engine.transition.turn import Turn


def cancel(turn: Turn, given: Cancel) -> None:
    """Stop at once. A run that is ending already goes on cleaning up, unless its end is forced."""
    told = {"by": given.by, "reason": given.reason}
    if given.force:
        left = unsettled_cleanup(turn)
        turn.stopped = True
        turn.emit(EventType.RUN_CANCELLED, None, {**told, "forced": True, **({"left": left} if left else {})})
    elif turn.state.phase == "running":
        end(turn, "cancelled", told, undo=given.undo)


def fail_run(turn: Turn, given: Fail) -> None:
    """End the run, parking the step it stood on so that it can be retried by hand."""
    error: dict[str, Any] = {"code": given.code, "message": given.message}
    if turn.state.phase == "ending":
        left = unsettled_cleanup(turn)
        error = {**error, "left": left, **({"stepId": left[0]} if left else {})}
        turn.stopped = True
        turn.emit(EventType.RUN_FAILED, None, {"error": _after(turn, error)})
        return
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
        parked = {"error": error, "final": True, "jobId": turn.state.steps[stood_on].job_id or given.job_id}
        turn.emit(EventType.STEP_FAILED, stood_on, parked)
        error = {**error, "stepId": stood_on}
    end(turn, "failed", {"error": error}, undo=True)


def end_if_done(turn: Turn) -> None:
    """A run whose steps are all settled has done its work; one that has cleaned up, too, is over."""
    state = turn.state
    if state.phase == "running" and state.unsettled == turn.plan.apart:
        end(turn, "succeeded", {}, undo=False)
    if state.phase != "ending":
        return
    if turn.events and any(event.type is EventType.RUN_ENDING for event in turn.events):
        look_everywhere(turn)
    if state.unsettled == 0:
        _conclude(turn)


def unsettled_cleanup(turn: Turn) -> list[str]:
    """What of undoing and `finally` has not come to an end."""
    ending = turn.state.ending
    if ending is None:
        return []
    return [one for one in (*ending["undo"], *ending["finally"]) if turn.state.steps[one].status not in SETTLED]


def _conclude(turn: Turn) -> None:
    state, plan = turn.state, turn.plan
    ending = state.ending or {}
    told: dict[str, Any] = {key: ending[key] for key in ("error", "by", "reason") if key in ending}
    undos = [one for one in ending["undo"] if state.steps[one].status is StepStatus.FAILED]
    lasts = [one for one in ending["finally"] if _broke(turn, one)]
    if undos:
        undone = {step.step.undo: step.id for step in plan.undoing}
        names = ", ".join(f"{undone[one]} (by {one})" for one in undos)
        error = {"code": "undo_failed", "message": f"could not be undone: {names}", "stepId": undos[0], "undo": undos}
        turn.emit(EventType.RUN_FAILED, None, {"error": _after(turn, error)})
    elif lasts and ending["as"] == "succeeded":
        error = {"code": "finally_failed", "message": f"failed at the end: {', '.join(lasts)}", "stepId": lasts[0]}
        turn.emit(EventType.RUN_FAILED, None, {"error": error})
    else:
        turn.emit(FINAL[ending["as"]], None, told)


def _broke(turn: Turn, step_id: str) -> bool:
    """Whether a `finally` step failed that may not."""
    step = turn.plan.steps[step_id]
    failed = turn.state.steps[step_id].status is StepStatus.FAILED
    return failed and step.part is Part.FINALLY and step.step.stop_on_failure and step.step.on_error is None


def _after(turn: Turn, error: dict[str, Any]) -> dict[str, Any]:
    """The error of the clean-up, with the one that led to it."""
    before = (turn.state.ending or {}).get("error")
    return error if before is None else {**error, "after": before}
