"""Which arrows a settled step takes, and what that means for the steps they lead to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.checks.parts import Part
from engine.conditions import Condition
from engine.errors import Invalid
from engine.plan import Plan, PlanStep
from engine.sdk import StepResult
from engine.state import SETTLED, RunState
from engine.visible import View, run_scope


def verdict(plan: Plan, state: RunState, step: PlanStep) -> tuple[bool, bool]:
    """Whether a pending step can start, and whether it never will."""
    if step.part is not Part.MAIN:
        if state.phase != "ending":
            return False, False
        if not step.incoming:
            return _is_next(state, step), False
    elif state.until is not None and is_beyond(plan, state.until, step):
        return False, True
    fired = state.trigger.step_id
    starts = step.id == fired if fired is not None else step.id in plan.entries
    if starts or not step.incoming:
        return starts, not starts
    settled = taken = 0
    for source, index in step.incoming:
        before = state.steps[source]
        if before.status in SETTLED:
            settled += 1
            taken += index in before.taken
    complete = settled == len(step.incoming)
    if step.needed:
        return taken >= step.needed, complete and taken < step.needed
    return complete and taken > 0, complete and taken == 0


def _is_next(state: RunState, step: PlanStep) -> bool:
    """Undo steps run one after another, the steps of `finally` after them."""
    ending = state.ending or {}
    waiting = next((one for one in ending["undo"] if state.steps[one].status not in SETTLED), None)
    return waiting == step.id if step.part is Part.UNDO else waiting is None


def is_beyond(plan: Plan, until: str, step: PlanStep) -> bool:
    """Whether a rehearsal that stops at `until` has no use for this step."""
    return step.id != until and step.id not in plan.steps[until].ancestors


def choose(plan: Plan, view: View, state: RunState, step: PlanStep, result: StepResult) -> list[int]:
    """The indexes of the arrows taken after a success, or after a failure that does not stop the run.

    Raises Invalid when the step chose a route that leads nowhere, or a condition cannot be worked out.
    """
    goto = result.goto
    if goto is None and step.plain:
        return list(range(len(step.edges)))
    labelled = goto is not None and goto in step.labels
    aimed = goto is not None and not labelled and any(edge.to == goto for edge in step.edges)
    if goto is not None and not labelled and not aimed and not _knows_route(step, goto):
        raise Invalid(
            f"the step chose the route {goto!r}, which no arrow of it has",
            code="unknown_route",
            hint=f"add an arrow {{to: ..., label: {goto}}} or an otherwise arrow",
        )
    scope: Mapping[str, Any] | None = None
    taken: list[int] = []
    otherwise: list[int] = []
    chosen = False
    for index, edge in enumerate(step.edges):
        condition = step.conditions[index]
        if edge.otherwise:
            otherwise.append(index)
        elif condition is not None:
            scope = scope or _scope_after(plan, view, state, step, result)
            if _holds(step, index, condition, scope):
                taken.append(index)
                chosen = True
        elif edge.label is not None:
            if labelled and edge.label == goto:
                taken.append(index)
                chosen = True
        elif not aimed or edge.to == goto:
            taken.append(index)
    return taken if chosen else sorted(taken + otherwise)


def _holds(step: PlanStep, index: int, condition: Condition, scope: Mapping[str, Any]) -> bool:
    try:
        return condition.test(scope)
    except Invalid as error:
        arrow = f"the arrow to {step.edges[index].to} (next[{index}].when)"
        raise Invalid(f"the condition of {arrow} failed: {error.message}", code=error.code, hint=error.hint) from None


def _knows_route(step: PlanStep, goto: str) -> bool:
    if any(edge.otherwise for edge in step.edges):
        return True
    routes = step.definition.routes if step.definition else None
    return routes is not None and goto in routes(step.step.params)


def _scope_after(plan: Plan, view: View, state: RunState, step: PlanStep, result: StepResult) -> dict[str, Any]:
    """What arrows see: what the step saw, with its own output added."""
    output = result.data
    data = view.data(step)
    if step.is_trigger:
        output = state.trigger.data
    elif not step.replies:
        if step.step.save_as is not None and result.ok:
            data = {**data, step.step.save_as: output}
        elif isinstance(output, dict) and result.ok:
            data = {**data, **output}
    own = output if result.ok else {"error": {"code": result.code, "message": result.error}}
    return {"data": data, "steps": {**view.outputs(step), step.id: own}, **run_scope(plan, state)}
