"""Looking back at a run, and what a rerun may take over from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.checks.parts import Part
from engine.errors import Conflict
from engine.models.event import Event
from engine.models.run import RunRow
from engine.plan import Plan, PlanStep
from engine.state import RunState, StepState, StepStatus
from engine.visible import View


@dataclass(slots=True, frozen=True)
class History:
    """A run with everything known about it."""

    row: RunRow
    plan: Plan
    events: list[Event]
    state: RunState

    def data(self) -> dict[str, Any]:
        """The trigger's data merged with the outputs of all finished steps."""
        return View(self.plan, self.state).final()


def reusable(plan: Plan, state: RunState, from_step: str) -> dict[str, StepState]:
    """The settled steps a rerun from this step takes over: all that do not come after it.

    Conflict when the step was never reached, so that nothing would lead to it.
    """
    first = state.steps.get(from_step)
    if first is None or first.status is StepStatus.SKIPPED:
        raise Conflict(
            f"the run never reached the step {from_step}", code="step_not_reached", hint="rerun from an earlier step"
        )
    if plan.steps[from_step].part is not Part.MAIN:
        raise Conflict(
            f"{from_step} only cleans up after a run", code="cleanup_step", hint="rerun from a step that does the work"
        )
    again = {from_step} | {step.id for step in plan.steps.values() if from_step in step.ancestors}
    kept = {}
    for step in plan.steps.values():
        known = state.steps.get(step.id)
        if step.id not in again and known is not None and _can_be_kept(plan, state, step, known):
            kept[step.id] = known
    missing = [step_id for step_id in plan.steps[from_step].ancestors if step_id not in kept]
    if missing:
        raise Conflict(
            f"the step {from_step} builds on {', '.join(missing)}, which did not finish in that run",
            code="ancestors_not_finished",
            hint=f"rerun from {missing[0]}",
        )
    return kept


def settled_well(plan: Plan, state: RunState) -> dict[str, StepState]:
    """The steps a rerun of what failed takes over: all that succeeded, were skipped, or failed as they may.

    Unlike a rerun from one step it takes up every branch that failed, was cancelled or was never reached, and repeats
    nothing that succeeded after one of them, behind a `join: any`. A step is skipped because of all that comes before
    it; when some of that runs again, whether it is skipped is found out again.
    """
    kept = {}
    for step in plan.steps.values():
        known = state.steps.get(step.id)
        if known is not None and _can_be_kept(plan, state, step, known):
            kept[step.id] = known
    for step_id in [step_id for step_id, known in kept.items() if known.status is StepStatus.SKIPPED]:
        if not all(before in kept for before in plan.steps[step_id].ancestors):
            del kept[step_id]
    if len(kept) == len(plan.steps) - plan.apart:
        raise Conflict("nothing of that run failed", code="nothing_failed", hint="rerun it whole, or from a step")
    return kept


def _can_be_kept(plan: Plan, state: RunState, step: PlanStep, known: StepState) -> bool:
    """Whether a rerun may take the step over: it went well, does the work of the run, and was not undone."""
    undo = state.steps.get(step.step.undo) if step.step.undo is not None else None
    return step.part is Part.MAIN and (undo is None or undo.attempt == 0) and _went_well(step, known)


def _went_well(step: PlanStep, known: StepState) -> bool:
    tolerated = known.status is StepStatus.FAILED and not (step.step.stop_on_failure and step.step.on_error is None)
    return known.status in (StepStatus.SUCCESS, StepStatus.SKIPPED) or tolerated or _overtaken(known)


def _overtaken(step: StepState) -> bool:
    """Whether a join has cancelled the step, which settles it, rather than the end of the run."""
    return step.status is StepStatus.CANCELLED and step.reason is not None
