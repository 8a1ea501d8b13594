"""Which steps can start now."""

from __future__ import annotations

from engine.arrows import verdict
from engine.plan import Plan, PlanStep
from engine.state import RunState, StepStatus


def ready(plan: Plan, state: RunState) -> list[str]:
    """The steps that can start now, in definition order."""
    if state.phase not in ("running", "ending"):
        return []
    return [step.id for step in plan.steps.values() if is_ready(plan, state, step)]


def is_ready(plan: Plan, state: RunState, step: PlanStep) -> bool:
    """Whether this step can start now."""
    return state.steps[step.id].status is StepStatus.PENDING and verdict(plan, state, step)[0]
