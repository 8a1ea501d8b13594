"""How a run starts, is opened again, and is taken up after a crash."""

from __future__ import annotations

from typing import Any

from engine.checks.parts import Part
from engine.inputs import Begin, Decided, Finished, Hurry, Reopen
from engine.models.event import EventType
from engine.models.workflow import Effect
from engine.sdk import StepResult
from engine.state import StepState, StepStatus
from engine.transition.flow import finish, look_at, look_everywhere
from engine.transition.turn import Turn


def begin(turn: Turn, given: Begin) -> None:
    """Record the start and what a rerun takes over, and see what can start."""
    trigger = given.trigger
    data: dict[str, Any] = {
        "workflowVersion": turn.plan.workflow.version,
        "trigger": {
            "kind": trigger.kind.value,
            "data": trigger.data,
            "meta": trigger.meta,
            "stepId": trigger.step_id,
        },
    }
    if trigger.base is not None:
        data["trigger"]["base"] = trigger.base
    if trigger.trace is not None:
        data["trigger"]["trace"] = trigger.trace
    if given.parent_run_id:
        data["parentRunId"] = given.parent_run_id
        data["by"] = given.by
    if given.until is not None:
        data["until"] = given.until
    if given.pins:
        data["pins"] = {step_id: pin._asdict() for step_id, pin in given.pins.items()}
    turn.emit(EventType.RUN_STARTED, None, data)
    for step_id, old in given.reused.items():
        _reuse(turn, step_id, old)
    fired = turn.plan.steps.get(trigger.step_id) if trigger.step_id is not None else None
    if given.reused or (fired is not None and fired.incoming):
        look_everywhere(turn)
        return
    for step in turn.plan.roots:
        look_at(turn, step)


def _reuse(turn: Turn, step_id: str, old: StepState) -> None:
    if old.status is StepStatus.SKIPPED:
        turn.emit(EventType.STEP_SKIPPED, step_id, {"reason": old.reason, "reused": True})
    elif old.status is StepStatus.CANCELLED:
        turn.emit(EventType.STEP_CANCELLED, step_id, {"reason": old.reason, "reused": True})
    elif old.status is StepStatus.FAILED:
        error = {"error": old.error, "final": True, "taken": list(old.taken), "reused": True}
        turn.emit(EventType.STEP_FAILED, step_id, error)
    else:
        done = {"output": old.output, "route": old.route, "taken": list(old.taken), "reused": True}
        turn.emit(EventType.STEP_SUCCEEDED, step_id, done)


def reopen(turn: Turn, given: Reopen) -> None:
    """Let a FAILED run go on at the step it was parked for, or clean up again where that failed."""
    told: dict[str, Any] = {"by": given.by, "jobId": given.job_id, "stepId": given.step_id}
    cleans = turn.plan.steps[given.step_id].part is not Part.MAIN
    if cleans:
        told["endBy"] = turn.now + turn.plan.workflow.finally_timeout_ms
    again = (
        [] if cleans else [one for one in turn.plan.lasts if turn.state.steps[one].status is not StepStatus.CANCELLED]
    )
    if again:
        told["again"] = again
    if given.item is not None:
        told["item"] = given.item
    turn.emit(EventType.RUN_REOPENED, None, told)
    turn.view.forget()
    look_everywhere(turn)


def hurry(turn: Turn, given: Hurry) -> None:
    """Let a retry come now; it is the same attempt that was owed before."""
    known = turn.state.steps[given.step_id]
    due = {"runAt": turn.now, "delayMs": 0, "attempt": known.attempt + 1, "jobId": known.job_id, "by": given.by}
    turn.emit(EventType.RETRY_SCHEDULED, given.step_id, due)
    look_everywhere(turn)


def recover(turn: Turn) -> None:
    """Open the steps that were under way; a `once` step waits for somebody to say what became of it."""
    for step in turn.plan.steps.values():
        if turn.state.steps[step.id].status is not StepStatus.RUNNING:
            continue
        if step.effect is Effect.ONCE:
            turn.emit(EventType.WAIT_STARTED, step.id, {"for": "decision"})
        else:
            # No event: the next step.started says it all, and folds to the same state.
            turn.state.steps[step.id].status = StepStatus.PENDING
    look_everywhere(turn)


def resolve(turn: Turn, given: Decided) -> None:
    """Somebody said what became of a `once` step: it is over, or may run again."""
    step = turn.plan.steps[given.step_id]
    told = {"reason": given.reason, "messageId": given.message_id}
    said = {name: value for name, value in told.items() if value is not None}
    turn.emit(EventType.WAIT_RESOLVED, step.id, {"outcome": given.outcome, "by": given.by, **said})
    if given.outcome == "done":
        finish(turn, Finished(step.id, StepResult(True, given.data)))
    elif given.outcome == "fail":
        message = f"decided to have failed: {given.reason}" if given.reason else "decided to have failed"
        failure = StepResult.failure(message, code="decided_failed", retryable=False)
        finish(turn, Finished(step.id, failure, job_id=given.job_id))
    else:
        turn.ready.append(step.id)
