"""The state machine of a run: `decide(plan, view, state, input, now) -> events`, with no I/O and no clock.

The state is advanced by exactly the events returned, through `state.apply`, so that decisions within one call
build on each other and a journal always folds back to the state it came from.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from engine.arrows import choose, verdict
from engine.errors import Invalid
from engine.inputs import Begin, Cancel, Decided, Fail, Finished, Heard, Input, Recover, Reopen, Started
from engine.models.event import Event, EventType
from engine.models.workflow import Effect
from engine.plan import Plan, PlanStep
from engine.retries import delay_before, is_excluded
from engine.sdk import StepResult
from engine.state import ERROR_EDGE, RunState, StepState, StepStatus, apply
from engine.visible import View


class Decision(NamedTuple):
    """What follows from an input: events to commit, and steps that became ready to start."""

    events: list[Event]
    ready: list[str]


def decide(plan: Plan, view: View, state: RunState, given: Input, now: int) -> Decision:
    """What follows from this input. The state has been advanced by the events when this returns."""
    if isinstance(given, Started):  # nothing else follows from it, and nearly half of all inputs are of this kind
        return Decision([_start(state, given, now)], [])
    turn = _Turn(plan, view, state, now)
    match given:
        case Finished():
            turn.finish(given)
        case Begin():
            turn.begin(given)
        case Cancel():
            turn.emit(EventType.RUN_CANCELLED, None, {"by": given.by, "reason": given.reason})
        case Fail():
            turn.fail_run({"code": given.code, "message": given.message}, given.job_id)
        case Recover():
            turn.recover()
        case Reopen():
            turn.emit(EventType.RUN_REOPENED, None, {"by": given.by, "jobId": given.job_id, "stepId": given.step_id})
            view.forget()
            turn.look_everywhere()
        case Decided():
            turn.resolve(given)
        case Heard():
            pass  # of no kind this run listens for
    turn.end_if_done()
    return Decision(turn.events, turn.ready)


def _start(state: RunState, given: Started, now: int) -> Event:
    attempt = state.steps[given.step_id].attempt + 1
    data = {"input": given.input, "key": given.key}
    event = Event(state.seq + 1, now, EventType.STEP_STARTED, given.step_id, attempt, data)
    apply(state, event)
    return event


def ready(plan: Plan, state: RunState) -> list[str]:
    """The steps that can start now, in definition order."""
    if state.phase != "running":
        return []
    return [step.id for step in plan.steps.values() if is_ready(plan, state, step)]


def is_ready(plan: Plan, state: RunState, step: PlanStep) -> bool:
    """Whether this step can start now."""
    return state.steps[step.id].status is StepStatus.PENDING and verdict(plan, state, step)[0]


class _Turn:
    """One call of `decide`."""

    __slots__ = ("events", "now", "plan", "ready", "state", "view")

    def __init__(self, plan: Plan, view: View, state: RunState, now: int) -> None:
        self.plan = plan
        self.view = view
        self.state = state
        self.now = now
        self.events: list[Event] = []
        self.ready: list[str] = []

    def emit(self, kind: EventType, step_id: str | None, data: dict[str, Any]) -> None:
        state = self.state
        attempt = None if step_id is None else state.steps[step_id].attempt
        event = Event(state.seq + 1, self.now, kind, step_id, attempt, data)
        apply(state, event)
        self.events.append(event)

    def begin(self, given: Begin) -> None:
        trigger = given.trigger
        data: dict[str, Any] = {
            "workflowVersion": self.plan.workflow.version,
            "trigger": {
                "kind": trigger.kind.value,
                "data": trigger.data,
                "meta": trigger.meta,
                "stepId": trigger.step_id,
            },
        }
        if given.parent_run_id:
            data["parentRunId"] = given.parent_run_id
            data["by"] = given.by
        self.emit(EventType.RUN_STARTED, None, data)
        for step_id, old in given.reused.items():
            self._reuse(step_id, old)
        fired = self.plan.steps.get(trigger.step_id) if trigger.step_id is not None else None
        if given.reused or (fired is not None and fired.incoming):
            self.look_everywhere()
            return
        for step in self.plan.roots:
            self.look_at(step)

    def look_everywhere(self) -> None:
        for step in self.plan.steps.values():
            if self.state.steps[step.id].status is StepStatus.PENDING:
                self.look_at(step)

    def _reuse(self, step_id: str, old: StepState) -> None:
        if old.status is StepStatus.SKIPPED:
            self.emit(EventType.STEP_SKIPPED, step_id, {"reason": old.reason, "reused": True})
        elif old.status is StepStatus.FAILED:
            error = {"error": old.error, "final": True, "taken": list(old.taken), "reused": True}
            self.emit(EventType.STEP_FAILED, step_id, error)
        else:
            done = {"output": old.output, "route": old.route, "taken": list(old.taken), "reused": True}
            self.emit(EventType.STEP_SUCCEEDED, step_id, done)

    def look_at(self, step: PlanStep) -> None:
        """Finish a trigger that fired, skip what can never start; and follow what that settles."""
        waiting = [step]
        while waiting:
            step = waiting.pop()
            if self.state.steps[step.id].status is not StepStatus.PENDING:
                continue
            can_start, never = verdict(self.plan, self.state, step)
            if never:
                reason = "no arrow to it was taken" if step.incoming else "another trigger started the run"
                self.emit(EventType.STEP_SKIPPED, step.id, {"reason": reason})
            elif can_start and step.is_trigger:
                result = self._succeed(step, StepResult(True), 0.0)
                if not result.ok:
                    self._fail(step, result, Finished(step.id, result))
            else:
                if can_start:
                    self.ready.append(step.id)
                continue
            waiting.extend(self.plan.steps[target] for target in step.targets)

    def finish(self, given: Finished) -> None:
        step = self.plan.steps[given.step_id]
        result = given.result
        if result.ok:
            result = self._succeed(step, result, given.duration_ms)
        if not result.ok:
            self._fail(step, result, given)
        for target in step.targets:
            self.look_at(self.plan.steps[target])

    def _succeed(self, step: PlanStep, result: StepResult, duration_ms: float) -> StepResult:
        """Choose the arrows and record success; a failed result when an arrow's condition cannot be worked out."""
        data: dict[str, Any] = {"output": result.data, "durationMs": duration_ms}
        if result.goto is not None:
            data["route"] = result.goto
        if step.edges:
            try:
                taken = choose(self.plan, self.view, self.state, step, result)
            except Invalid as error:
                return StepResult.failure(error.message, code=error.code, data={"output": result.data}, retryable=False)
            data["taken"] = taken
        self.emit(EventType.STEP_SUCCEEDED, step.id, data)
        return result

    def _fail(self, step: PlanStep, result: StepResult, given: Finished) -> None:
        before = self.state.steps[step.id]
        error = error_of(result)
        attempts = step.retry.max_attempts if step.retry else 1
        again = result.retryable and before.failures + 1 < attempts and not is_excluded(step.retry, error["code"])
        data: dict[str, Any] = {"error": error, "final": not again, "durationMs": given.duration_ms}
        if again:
            delay = delay_before(step.retry, before.failures + 1, f"{self.state.run_id}/{step.id}")
            if result.retry_after_ms is not None:
                delay = max(delay, result.retry_after_ms)
            self.emit(EventType.STEP_FAILED, step.id, data)
            due = {
                "runAt": self.now + delay,
                "delayMs": delay,
                "attempt": before.attempt + 1,
                "jobId": before.job_id or given.job_id,
            }
            self.emit(EventType.RETRY_SCHEDULED, step.id, due)
            return
        stops = step.step.stop_on_failure and step.step.on_error is None
        if step.step.on_error is not None:
            data["taken"] = [ERROR_EDGE]
        elif not stops:
            try:
                unrouted = StepResult(False, None, result.error, result.code)
                data["taken"] = choose(self.plan, self.view, self.state, step, unrouted)
            except Invalid as broken:
                stops = True
                data["error"] = {"code": broken.code, "message": broken.message, "after": error}
        if stops:
            data["jobId"] = before.job_id or given.job_id
        self.emit(EventType.STEP_FAILED, step.id, data)
        if stops:
            self.emit(EventType.RUN_FAILED, None, {"error": {**data["error"], "stepId": step.id}})

    def fail_run(self, error: dict[str, Any], job_id: str) -> None:
        """End the run, parking the step it stood on so that it can be retried by hand."""
        stood_on = next(
            (
                step.id
                for step in self.plan.steps.values()
                if self.state.steps[step.id].status in (StepStatus.RUNNING, StepStatus.WAITING)
                or is_ready(self.plan, self.state, step)
            ),
            None,
        )
        if stood_on is not None:
            before = self.state.steps[stood_on]
            parked = {"error": error, "final": True, "jobId": before.job_id or job_id}
            self.emit(EventType.STEP_FAILED, stood_on, parked)
            error = {**error, "stepId": stood_on}
        self.emit(EventType.RUN_FAILED, None, {"error": error})

    def recover(self) -> None:
        """Open the steps that were under way; a `once` step waits for somebody to say what became of it."""
        for step in self.plan.steps.values():
            if self.state.steps[step.id].status is not StepStatus.RUNNING:
                continue
            if step.effect is Effect.ONCE:
                self.emit(EventType.WAIT_STARTED, step.id, {"for": "decision"})
            else:
                # No event: the next step.started says it all, and folds to the same state.
                self.state.steps[step.id].status = StepStatus.PENDING
        self.look_everywhere()

    def resolve(self, given: Decided) -> None:
        step = self.plan.steps[given.step_id]
        said = {} if given.reason is None else {"reason": given.reason}
        self.emit(EventType.WAIT_RESOLVED, step.id, {"outcome": given.outcome, "by": given.by, **said})
        if given.outcome == "done":
            self.finish(Finished(step.id, StepResult(True, given.data)))
        elif given.outcome == "fail":
            message = f"decided to have failed: {given.reason}" if given.reason else "decided to have failed"
            failure = StepResult.failure(message, code="decided_failed", retryable=False)
            self.finish(Finished(step.id, failure, job_id=given.job_id))
        else:
            self.ready.append(step.id)

    def end_if_done(self) -> None:
        if self.state.phase == "running" and self.state.unsettled == 0:
            self.emit(EventType.RUN_SUCCEEDED, None, {})


def error_of(result: StepResult) -> dict[str, Any]:
    """A failed result as journals and APIs show it."""
    error: dict[str, Any] = {"code": result.code or "step_failed", "message": result.error or "the step failed"}
    if result.data is not None:
        error["data"] = result.data
    return error


def idempotency_key(run_id: str, step_id: str) -> str:
    """The key of every execution of this step in this run (R5)."""
    return f"{run_id}-{step_id}"
