"""What an attempt came to: success and the arrows taken, another attempt owed, or failure for good."""

from __future__ import annotations

from typing import Any

from engine.arrows import choose
from engine.checks.parts import Part
from engine.errors import Invalid
from engine.inputs import Finished
from engine.models.event import EventType
from engine.plan import PlanStep
from engine.retries import delay_before, is_excluded
from engine.sdk import StepResult
from engine.state import ERROR_EDGE
from engine.transition.closing import end
from engine.transition.turn import Turn


def succeed(turn: Turn, step: PlanStep, result: StepResult, duration_ms: float) -> StepResult:
    """Choose the arrows and record success; a failed result when an arrow's condition cannot be worked out."""
    data: dict[str, Any] = {"output": result.data, "durationMs": duration_ms}
    if result.goto is not None:
        data["route"] = result.goto
    if step.edges:
        try:
            taken = choose(turn.plan, turn.view, turn.state, step, result)
        except Invalid as error:
            return StepResult.failure(error.message, code=error.code, data={"output": result.data}, retryable=False)
        data["taken"] = taken
    if step.id in turn.state.pins:
        data["pinned"] = True
    turn.emit(EventType.STEP_SUCCEEDED, step.id, data)
    return result


def fail(turn: Turn, step: PlanStep, result: StepResult, given: Finished) -> None:
    """Owe another attempt, go on all the same, or end the run, as the step says."""
    before = turn.state.steps[step.id]
    error = error_of(result)
    attempts = step.retry.max_attempts if step.retry else 1
    again = result.retryable and before.failures + 1 < attempts and not is_excluded(step.retry, error["code"])
    data: dict[str, Any] = {"error": error, "final": not again, "durationMs": given.duration_ms}
    if again:
        delay = delay_before(step.retry, before.failures + 1, f"{turn.state.run_id}/{step.id}")
        if result.retry_after_ms is not None:
            delay = max(delay, result.retry_after_ms)
        turn.emit(EventType.STEP_FAILED, step.id, data)
        due = {
            "runAt": turn.now + delay,
            "delayMs": delay,
            "attempt": before.attempt + 1,
            "jobId": before.job_id or given.job_id,
        }
        turn.emit(EventType.RETRY_SCHEDULED, step.id, due)
        return
    stops = step.step.stop_on_failure and step.step.on_error is None
    if step.step.on_error is not None:
        data["taken"] = [ERROR_EDGE]
    elif not stops:
        try:
            unrouted = StepResult(False, None, result.error, result.code)
            data["taken"] = choose(turn.plan, turn.view, turn.state, step, unrouted)
        except Invalid as broken:
            stops = True
            data["error"] = {"code": broken.code, "message": broken.message, "after": error}
    if stops or step.part is Part.UNDO:
        data["jobId"] = before.job_id or given.job_id
    turn.emit(EventType.STEP_FAILED, step.id, data)
    # Of what cleans up, whatever else there is to do still is done; how the run ends is told after that.
    if stops and step.part is Part.MAIN:
        end(turn, "failed", {"error": {**data["error"], "stepId": step.id}}, undo=True)


def error_of(result: StepResult) -> dict[str, Any]:
    """A failed result as journals and APIs show it."""
    error: dict[str, Any] = {"code": result.code or "step_failed", "message": result.error or "the step failed"}
    if result.data is not None:
        error["data"] = result.data
    return error
