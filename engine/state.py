"""What a run is right now: a fold over its journal.

`apply` is the only place where an event changes anything, so a run that was resumed, replayed or looked
at in the past is the same run. Nothing here reads a clock, a store or a template.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from engine.called import Called, advance, called_after
from engine.models.event import Event, EventType
from engine.models.run import Trigger, TriggerKind

ERROR_EDGE = -1
"""The index of the `onError` arrow among the arrows a step took."""


class StepStatus(StrEnum):
    """Where a step is in its life. SUCCESS and SKIPPED never change again."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"


SETTLED = frozenset({StepStatus.SUCCESS, StepStatus.FAILED, StepStatus.SKIPPED, StepStatus.CANCELLED})
"""What a step does not leave while its run goes on. CANCELLED: a join needed it no more, or the run has ended."""


@dataclass(slots=True)
class StepState:
    """One step of one run.

    `attempt` counts starts, `failures` counts failed attempts since the step was last (re)opened. `taken` holds
    the indexes of the arrows that were taken, once the step is settled. `wait` is the `wait.started` of a step that
    waits for something else than its retry. `called` tells of the runs it has called.
    """

    status: StepStatus = StepStatus.PENDING
    attempt: int = 0
    failures: int = 0
    started_at: int | None = None
    finished_at: int | None = None
    duration_ms: float | None = None
    input: Any = None
    output: Any = None
    error: dict[str, Any] | None = None
    route: str | None = None
    taken: tuple[int, ...] = ()
    reason: str | None = None
    retry_at: int | None = None
    job_id: str | None = None
    waits_for: str | None = None
    wait: Event | None = None
    reused: bool = False
    done_seq: int = 0
    """The event that said it succeeded, which tells what finished after what."""
    round: int = 0
    """How often it was opened again after an end of the run: a new round has an idempotency key of its own."""
    called: Called | None = None


class Pin(NamedTuple):
    """What a step gives in a test instead of running, and the route it is taken to have chosen."""

    output: Any
    route: str | None = None


@dataclass(slots=True)
class Signals:
    """The signals a run was sent: all their ids, and those that no step has taken yet, oldest first."""

    seen: set[str] = field(default_factory=set)
    kept: list[Event] = field(default_factory=list)


@dataclass(slots=True)
class RunState:
    """The fold of a journal. `phase` is the last run-level event's verdict: running, ending, succeeded, failed or
    cancelled. `until` and `pins` are what a rehearsal asked for.
    """

    run_id: str
    steps: dict[str, StepState]
    trigger: Trigger = field(default_factory=lambda: Trigger(TriggerKind.MANUAL))
    seq: int = 0
    phase: str = "new"
    started_at: int | None = None
    finished_at: int | None = None
    reopened_at: int | None = None
    error: dict[str, Any] | None = None
    parent_run_id: str | None = None
    unsettled: int = 0
    signals: Signals | None = None
    ending: dict[str, Any] | None = None
    """What `run.ending` said, from then on: `as`, `undo`, `finally`, `endBy`, `error`."""
    until: str | None = None
    pins: Mapping[str, Pin] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """Whether the run has ended, for good or for ill."""
        return self.phase in ("succeeded", "failed", "cancelled")

    @property
    def may_succeed(self) -> bool:
        """Whether an unfinished run can still come to success: not one that only cleans up after it failed."""
        return self.ending is None or self.ending["as"] == "succeeded"


def new_state(step_ids: Iterable[str], run_id: str) -> RunState:
    """The state before the first event."""
    steps = {step_id: StepState() for step_id in step_ids}
    return RunState(run_id, steps, unsettled=len(steps))


def fold(step_ids: Iterable[str], run_id: str, events: Iterable[Event]) -> RunState:
    """The state after these events, which must begin with the journal's first."""
    state = new_state(step_ids, run_id)
    for event in events:
        apply(state, event)
    return state


def apply(state: RunState, event: Event) -> None:
    """Advance the state by one event; ValueError when an event is missing before it."""
    if event.seq != state.seq + 1:
        raise ValueError(f"run {state.run_id}: event {event.seq} after {state.seq}")
    state.seq = event.seq
    if event.step_id is None:
        _RUN_EVENTS[event.type](state, event)
    else:
        step = state.steps.get(event.step_id)
        if step is None:
            raise ValueError(f"run {state.run_id}: event {event.seq} is about the unknown step {event.step_id}")
        was_settled = step.status in SETTLED
        _STEP_EVENTS[event.type](step, event)
        if state.signals is not None and event.type is EventType.WAIT_RESOLVED:
            taken = event.data.get("messageId")
            state.signals.kept = [kept for kept in state.signals.kept if kept.data["messageId"] != taken]
        state.unsettled += was_settled - (step.status in SETTLED)


_KINDS: Mapping[str, TriggerKind] = {kind.value: kind for kind in TriggerKind}


def _run_started(state: RunState, event: Event) -> None:
    given = event.data["trigger"]
    state.trigger = Trigger(
        _KINDS[given["kind"]],
        given.get("data") or {},
        given.get("meta") or {},
        given.get("stepId"),
        trace=given.get("trace"),
    )
    base = given.get("base")
    if base is not None:  # what the run that called this one had, which is kept there once for all that it called
        state.trigger.data = {**(base.get("data") or {}), **state.trigger.data}
    state.parent_run_id = event.data.get("parentRunId")
    state.until = event.data.get("until")
    if "pins" in event.data:
        state.pins = {step_id: Pin(pin["output"], pin.get("route")) for step_id, pin in event.data["pins"].items()}
    state.started_at = event.at
    state.phase = "running"


def _signal_received(state: RunState, event: Event) -> None:
    signals = state.signals = state.signals or Signals()
    signals.seen.add(event.data["messageId"])
    if not event.data.get("dropped"):
        signals.kept.append(event)


def _run_reopened(state: RunState, event: Event) -> None:
    if "endBy" in event.data:
        _ending_reopened(state, event)
        return
    state.phase = "running"
    state.reopened_at = event.at
    state.error = None
    state.finished_at = None
    for step in state.steps.values():
        if step.status is StepStatus.CANCELLED and step.reason is None:  # not what a join has cancelled
            _reopen(step)
    state.ending = None
    for step_id in event.data.get("again", ()):
        step = state.steps[step_id]
        step.round += 1
        step.reason, step.output, step.route = None, None, None
        _reopen(step)
    failed = state.steps.get(event.data["stepId"])
    if failed is not None:
        _reopen(failed)
        if failed.called is not None:
            failed.called.kept = event.data.get("item")
    state.unsettled = sum(step.status not in SETTLED for step in state.steps.values())


def _ending_reopened(state: RunState, event: Event) -> None:
    """The run cleans up again: the step that failed at it, and what its end had cut off."""
    ending = state.ending or {"undo": [], "finally": []}
    state.phase = "ending"
    state.ending = {**ending, "endBy": event.data["endBy"]}
    state.reopened_at = event.at
    state.error = state.finished_at = None
    for step_id in (*ending["undo"], *ending["finally"]):
        step = state.steps[step_id]
        if step_id == event.data["stepId"] or (step.status is StepStatus.CANCELLED and step.reason is None):
            _reopen(step)
    state.unsettled = sum(step.status not in SETTLED for step in state.steps.values())


def _run_ending(state: RunState, event: Event) -> None:
    state.phase = "ending"
    state.ending = event.data
    still_to_run = {*event.data["undo"], *event.data["finally"]}
    for step_id, step in state.steps.items():
        if step_id not in still_to_run:
            _cut_off(step)
    state.unsettled = sum(step.status not in SETTLED for step in state.steps.values())


def _cut_off(step: StepState) -> None:
    if step.status not in SETTLED:
        step.status = StepStatus.CANCELLED
        step.retry_at = None
        step.waits_for = None
        step.wait = None


def _reopen(step: StepState) -> None:
    step.status = StepStatus.PENDING
    step.failures = 0
    step.error = None
    step.finished_at = None
    step.taken = ()
    step.retry_at = None
    step.wait = None


def _run_ended(phase: str) -> Any:
    def end(state: RunState, event: Event) -> None:
        state.phase = phase
        state.finished_at = event.at
        state.error = event.data.get("error")
        if phase == "succeeded":
            return
        for step in state.steps.values():
            _cut_off(step)

    return end


def _step_started(step: StepState, event: Event) -> None:
    step.status = StepStatus.RUNNING
    step.attempt = event.attempt or step.attempt + 1
    step.input = event.data.get("input")
    step.retry_at = None
    step.waits_for = None
    if step.started_at is None:
        step.started_at = event.at


def _step_succeeded(step: StepState, event: Event) -> None:
    data = event.data
    step.status = StepStatus.SUCCESS
    step.finished_at = event.at
    if step.started_at is None:
        step.started_at = event.at
    step.waits_for = step.retry_at = None
    step.output = data.get("output")
    step.route = data.get("route")
    step.taken = tuple(data.get("taken") or ())
    step.duration_ms = data.get("durationMs")
    step.error = None
    step.done_seq = event.seq
    step.reused = bool(data.get("reused"))


def _step_failed(step: StepState, event: Event) -> None:
    data = event.data
    step.failures += 1
    step.waits_for = step.retry_at = None
    step.error = data["error"]
    step.duration_ms = data.get("durationMs")
    step.job_id = data.get("jobId") or step.job_id
    if data.get("final"):
        step.status = StepStatus.FAILED
        step.finished_at = event.at
        step.taken = tuple(data.get("taken") or ())
        step.waits_for = None
        step.wait = None


def _retry_scheduled(step: StepState, event: Event) -> None:
    step.status = StepStatus.WAITING
    step.waits_for = "retry"
    step.retry_at = event.data["runAt"]
    step.job_id = event.data["jobId"]


def _step_skipped(step: StepState, event: Event) -> None:
    step.status = StepStatus.SKIPPED
    step.reason = event.data.get("reason")
    step.finished_at = event.at


def _step_cancelled(step: StepState, event: Event) -> None:
    step.status = StepStatus.CANCELLED
    step.reason = event.data.get("reason")
    step.finished_at = event.at
    step.retry_at = None
    step.waits_for = None
    step.wait = None


def _wait_started(step: StepState, event: Event) -> None:
    step.status = StepStatus.WAITING
    step.waits_for = event.data["for"]
    step.retry_at = event.data.get("dueAt")
    step.wait = event
    if "calls" in event.data:
        step.called = called_after(step.called, event)


def _wait_resolved(step: StepState, event: Event) -> None:
    step.status = StepStatus.PENDING
    step.waits_for = None
    step.retry_at = None
    step.wait = None


def _items_advanced(step: StepState, event: Event) -> None:
    if step.called is not None:
        advance(step.called, event)
        step.retry_at = step.called.due_at


def _ignore(_state: object, _event: Event) -> None:
    return


_RUN_EVENTS: Mapping[EventType, Any] = {
    EventType.RUN_STARTED: _run_started,
    EventType.RUN_REOPENED: _run_reopened,
    EventType.RUN_ENDING: _run_ending,
    EventType.RUN_MOVED: _ignore,
    EventType.RUN_SUCCEEDED: _run_ended("succeeded"),
    EventType.RUN_FAILED: _run_ended("failed"),
    EventType.RUN_CANCELLED: _run_ended("cancelled"),
    EventType.SIGNAL_RECEIVED: _signal_received,
}
_STEP_EVENTS: Mapping[EventType, Any] = {
    EventType.STEP_STARTED: _step_started,
    EventType.STEP_LOG: _ignore,
    EventType.STEP_SUCCEEDED: _step_succeeded,
    EventType.STEP_FAILED: _step_failed,
    EventType.RETRY_SCHEDULED: _retry_scheduled,
    EventType.STEP_SKIPPED: _step_skipped,
    EventType.STEP_CANCELLED: _step_cancelled,
    EventType.WAIT_STARTED: _wait_started,
    EventType.WAIT_RESOLVED: _wait_resolved,
    EventType.ITEMS_ADVANCED: _items_advanced,
}
