"""Why a step is not run: for the journal, in words and for programs."""

from __future__ import annotations

from typing import Any, Final

from engine.arrows import is_beyond
from engine.checks.parts import Part
from engine.models.event import EventType
from engine.plan import PlanStep
from engine.state import ERROR_EDGE, StepStatus
from engine.transition.turn import Turn

_MOST_ARROWS: Final = 20
_WORDS: Final = {
    "source_skipped": "{source} was skipped",
    "source_cancelled": "{source} was cancelled",
    "no_error": "{source} did not fail",
    "source_failed": "{source} failed",
    "condition_false": "the condition of {source} ({arrow}.when) did not hold",
    "route_not_chosen": "{source} did not choose {label}",
    "otherwise_not_needed": "{source} had a better arrow than {arrow}",
    "other_target_chosen": "{source} chose another step",
}


def why_skipped(turn: Turn, step: PlanStep) -> dict[str, Any]:
    """What `step.skipped` says of a step that can never start."""
    until = turn.state.until
    if until is not None and step.part is Part.MAIN and is_beyond(turn.plan, until, step):
        return {"reason": f"the rehearsal stops at {until}", "code": "beyond_rehearsal"}
    if not step.incoming:
        return {"reason": "another trigger started the run", "code": "other_trigger"}
    arrows = [
        told
        for source, index in step.incoming
        if index not in turn.state.steps[source].taken
        for told in [_why_not(turn, source, index)]
    ]
    taken = len(step.incoming) - len(arrows)
    shown = arrows[:_MOST_ARROWS]
    details = "; ".join(arrow.pop("words") for arrow in shown[:3]) + ("; …" if len(arrows) > 3 else "")
    for arrow in shown[3:]:
        del arrow["words"]
    if taken:
        start = f"only {taken} of the {step.needed} arrows it needs were taken"
        return {"reason": f"{start}: {details}", "code": "too_few_arrows", "arrows": shown}
    return {"reason": f"no arrow to it was taken: {details}", "code": "no_arrow_taken", "arrows": shown}


def _why_not(turn: Turn, source: str, index: int) -> dict[str, Any]:
    before = turn.plan.steps[source]
    state = turn.state.steps[source]
    edge = None if index == ERROR_EDGE else before.edges[index]
    if state.status is StepStatus.SKIPPED:
        why = "source_skipped"
    elif state.status is StepStatus.CANCELLED:
        why = "source_cancelled"
    elif edge is None:
        why = "no_error"
    elif state.status is StepStatus.FAILED and ERROR_EDGE in state.taken:
        why = "source_failed"
    elif edge.when is not None:
        why = "condition_false"
    elif edge.label is not None:
        why = "route_not_chosen"
    else:
        why = "otherwise_not_needed" if edge.otherwise else "other_target_chosen"
    arrow = "onError" if edge is None else "next" if isinstance(before.step.next, str) else f"next[{index}]"
    label = edge.label if edge is not None else None
    return {
        "from": source,
        "arrow": arrow,
        "why": why,
        "words": _WORDS[why].replace("{source}", source).replace("{arrow}", arrow).replace("{label}", str(label)),
    }


def overtake(turn: Turn, join: PlanStep) -> None:
    """A join that needs no more has started: stop what leads only to it."""
    told = {"reason": f"{join.id} has started without it", "code": "join_started", "by": join.id}
    for step_id in join.overtakes:
        status = turn.state.steps[step_id].status
        if status is StepStatus.PENDING:
            turn.emit(EventType.STEP_SKIPPED, step_id, told)
        elif status in (StepStatus.RUNNING, StepStatus.WAITING):
            turn.emit(EventType.STEP_CANCELLED, step_id, told)
            turn.stopped = True
