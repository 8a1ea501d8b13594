"""A run stops doing its work: it ends at once, or begins to clean up."""

from __future__ import annotations

from typing import Any, Final

from engine.checks.parts import Part
from engine.models.event import EventType
from engine.state import StepStatus
from engine.transition.turn import Turn

FINAL: Final = {
    "succeeded": EventType.RUN_SUCCEEDED,
    "failed": EventType.RUN_FAILED,
    "cancelled": EventType.RUN_CANCELLED,
}


def end(turn: Turn, verdict: str, told: dict[str, Any], *, undo: bool) -> None:
    """The work is over, with this verdict; undo steps and `finally` steps come before the run's last event."""
    plan, state = turn.plan, turn.state
    undos = due_undos(turn) if undo else []
    if not plan.apart or not (undos or plan.lasts):
        if verdict == "succeeded":
            skip_undos(turn)
        turn.emit(FINAL[verdict], None, told)
        return
    if verdict == "succeeded":
        skip_undos(turn)
    end_by = turn.now + plan.workflow.finally_timeout_ms
    ending = {"as": verdict, **told, "undo": undos, "finally": list(plan.lasts), "endBy": end_by}
    turn.emit(EventType.RUN_ENDING, None, ending)
    turn.view.forget()
    turn.stopped = state.phase == "ending"


def due_undos(turn: Turn) -> list[str]:
    """The undo steps of what has finished in this run, last finished first."""
    steps = turn.state.steps
    done = [one for one in turn.plan.undoing if steps[one.id].status is StepStatus.SUCCESS and not steps[one.id].reused]
    done.sort(key=lambda one: steps[one.id].done_seq, reverse=True)
    return [one.step.undo for one in done if one.step.undo is not None]


def skip_undos(turn: Turn) -> None:
    """Nothing has to be undone in a run that did its work."""
    told = {"reason": "the run did its work, so nothing is undone", "code": "nothing_to_undo"}
    for step in turn.plan.steps.values():
        if step.part is Part.UNDO:
            turn.emit(EventType.STEP_SKIPPED, step.id, told)
