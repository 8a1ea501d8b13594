"""What follows for other steps when one is settled."""

from __future__ import annotations

from engine.arrows import verdict
from engine.checks.parts import Part
from engine.inputs import Finished
from engine.models.event import EventType
from engine.plan import PlanStep
from engine.sdk import StepResult
from engine.state import StepStatus
from engine.transition.outcome import fail, succeed
from engine.transition.skipping import overtake, why_skipped
from engine.transition.turn import Turn


def finish(turn: Turn, given: Finished) -> None:
    """An attempt came to a result: record it, and see to the steps it leads to."""
    step = turn.plan.steps[given.step_id]
    result = given.result
    if result.ok:
        result = succeed(turn, step, result, given.duration_ms)
    if not result.ok:
        fail(turn, step, result, given)
    for target in step.targets:
        look_at(turn, turn.plan.steps[target])
    if step.part is not Part.MAIN:
        look_everywhere(turn)


def look_at(turn: Turn, step: PlanStep) -> None:
    """Finish a trigger that fired, skip what can never start; and follow what that settles."""
    waiting = [step]
    while waiting:
        step = waiting.pop()
        if turn.state.steps[step.id].status is not StepStatus.PENDING:
            continue
        can_start, never = verdict(turn.plan, turn.state, step)
        if never:
            turn.emit(EventType.STEP_SKIPPED, step.id, why_skipped(turn, step))
        elif can_start and (at_once := _without_running(turn, step)) is not None:
            result = succeed(turn, step, at_once, 0.0)
            if not result.ok:
                fail(turn, step, result, Finished(step.id, result))
        else:
            if can_start:
                turn.ready.append(step.id)
                if step.overtakes:
                    overtake(turn, step)
            continue
        waiting.extend(turn.plan.steps[target] for target in step.targets)


def _without_running(turn: Turn, step: PlanStep) -> StepResult | None:
    """What a step comes to that does nothing itself: a trigger, or one with a pin in a test."""
    if step.is_trigger:
        return StepResult(True)
    pin = turn.state.pins.get(step.id) if turn.state.pins else None
    return None if pin is None else StepResult(True, pin.output, goto=pin.route)


def look_everywhere(turn: Turn) -> None:
    """Look at every step that has not begun."""
    for step in turn.plan.steps.values():
        if turn.state.steps[step.id].status is StepStatus.PENDING:
            look_at(turn, step)
