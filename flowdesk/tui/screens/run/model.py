"""What the run view knows of a run: its document, brought forward event by event, and every attempt of its steps.

The document is the server's own fold. Between two readings of it the few rules here keep the steps true; whatever ends
the run or changes what it asks is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, cast

from flowdesk.replies import CallCounts, ErrorDoc, EventDoc, RunDoc, StepDoc

ENDED: Final = frozenset({"SUCCESS", "FAILED", "CANCELLED"})
_SETTLED: Final = frozenset({"SUCCESS", "FAILED", "SKIPPED", "CANCELLED"})
_RUN_STATUS: Final = {"run.succeeded": "SUCCESS", "run.failed": "FAILED", "run.cancelled": "CANCELLED"}
_ASKS_AGAIN: Final = frozenset(
    {*_RUN_STATUS, "run.reopened", "run.started", "run.ending", "wait.started", "wait.resolved"}
)


@dataclass(slots=True)
class Attempt:
    """One attempt of a step. `outcome` is RUNNING, SUCCESS or FAILED; `known` tells whether its input was seen."""

    number: int
    outcome: str = "RUNNING"
    input: Any = None
    output: Any = None
    error: ErrorDoc | None = None
    started_at: str | None = None
    finished_at: str | None = None
    duration_ms: float | None = None
    final: bool = False
    known: bool = False


class RunModel:
    """A run as it is now. `steps` keeps the order of the workflow."""

    def __init__(self, document: RunDoc) -> None:
        self.run = document
        self.steps: dict[str, StepDoc] = {}
        self._attempts: dict[str, dict[int, Attempt]] = {}
        self.adopt(document)

    def adopt(self, document: RunDoc) -> bool:
        """Take a newer document over; an older one than is known already changes nothing."""
        if self.steps and document["seq"] < self.run["seq"]:
            return False
        self.run = cast(RunDoc, dict(document))
        self.steps = {step["id"]: cast(StepDoc, dict(step)) for step in document["steps"]}
        for step in self.steps.values():
            self._note_last(step)
        return True

    @property
    def ended(self) -> bool:
        """Whether nothing more happens."""
        return self.run["status"] in ENDED

    @property
    def failed_step(self) -> str | None:
        """The step the run failed on, else the first that failed."""
        error = self.run["error"]
        at = error.get("stepId") if error else None
        if isinstance(at, str) and at in self.steps:
            return at
        return next((step["id"] for step in self.steps.values() if step["status"] == "FAILED"), None)

    def apply(self, event: EventDoc) -> str | None:
        """Bring the run forward by its next event; the step it changed. What is known already changes nothing."""
        self.recall(event)
        if event["seq"] <= self.run["seq"]:
            return None
        self.run["seq"] = event["seq"]
        if event["stepId"] is None:
            self._run_event(event)
            return None
        step = self.steps.get(event["stepId"])
        change = _CHANGES.get(event["type"])
        if step is None or change is None:
            return None
        change(step, event)
        if self.run["status"] in ("QUEUED", "WAITING") and event["type"] == "step.started":
            self.run["status"] = "RUNNING"
        return step["id"]

    def recall(self, event: EventDoc) -> None:
        """Learn what an event tells of an attempt; events may come in any order."""
        step_id, number = event["stepId"], event["attempt"]
        note = _NOTES.get(event["type"])
        if step_id is None or not number or note is None:
            return
        found = self._attempts.setdefault(step_id, {})
        note(found.setdefault(number, Attempt(number)), event)

    def calls(self, step_id: str) -> CallCounts | None:
        """How far the runs have come that the step has called; None when it has called none."""
        step = self.steps.get(step_id)
        return step.get("calls") if step is not None else None

    def last_attempt(self, step_id: str) -> int:
        """How many attempts the step has had; 0 before the first."""
        step = self.steps.get(step_id)
        return max([step["attempt"] if step else 0, *self._attempts.get(step_id, {})])

    def attempt(self, step_id: str, number: int | None = None) -> Attempt | None:
        """That attempt of a step, the last one by default; None when nothing is known of it yet."""
        return self._attempts.get(step_id, {}).get(number or self.last_attempt(step_id))

    def _run_event(self, event: EventDoc) -> None:
        kind, data = event["type"], event["data"]
        if kind == "run.started":
            self.run["startedAt"] = event["at"]
            self.run["status"] = "RUNNING"
        elif kind == "run.reopened":
            self.run["status"], self.run["error"], self.run["finishedAt"] = "RUNNING", None, None
        elif kind == "run.ending":
            self._cut_off({*data.get("undo", []), *data.get("finally", [])})
        elif kind in _RUN_STATUS:
            self.run["status"] = _RUN_STATUS[kind]
            self.run["error"], self.run["finishedAt"] = data.get("error"), event["at"]
            self.run["waitingFor"], self.run["questions"] = None, []
            if kind != "run.succeeded":
                self._cut_off(set())

    def _cut_off(self, still_to_run: set[str]) -> None:
        for step_id, step in self.steps.items():
            if step_id not in still_to_run and step["status"] not in _SETTLED:
                step["status"], step["retryAt"] = "CANCELLED", None

    def _note_last(self, step: StepDoc) -> None:
        number = step["attempt"]
        if not number:
            return
        attempt = self._attempts.setdefault(step["id"], {}).setdefault(number, Attempt(number))
        attempt.input, attempt.output, attempt.error = step["input"], step["output"], step["error"]
        attempt.duration_ms, attempt.finished_at = step["durationMs"], step["finishedAt"]
        attempt.outcome = _outcome(step)
        attempt.final = step["status"] == "FAILED"
        attempt.known = True
        if number == 1:
            attempt.started_at = step["startedAt"]


def asks_again(event: EventDoc) -> bool:
    """Whether the run's document says more about this than the event itself."""
    return event["type"] in _ASKS_AGAIN


def _outcome(step: StepDoc) -> str:
    if step["status"] == "SUCCESS":
        return "SUCCESS"
    return "FAILED" if step["error"] else "RUNNING"


def _started(step: StepDoc, event: EventDoc) -> None:
    step["status"] = "RUNNING"
    step["attempt"] = event["attempt"] or step["attempt"] + 1
    step["input"], step["retryAt"] = event["data"].get("input"), None
    step["startedAt"] = step["startedAt"] or event["at"]


def _succeeded(step: StepDoc, event: EventDoc) -> None:
    data = event["data"]
    step["status"], step["error"] = "SUCCESS", None
    step["startedAt"], step["finishedAt"] = step["startedAt"] or event["at"], event["at"]
    step["output"], step["route"] = data.get("output"), data.get("route")
    step["durationMs"], step["reused"] = data.get("durationMs"), bool(data.get("reused"))


def _failed(step: StepDoc, event: EventDoc) -> None:
    data = event["data"]
    step["error"], step["durationMs"] = data.get("error"), data.get("durationMs")
    if data.get("final"):
        step["status"], step["finishedAt"] = "FAILED", event["at"]


def _retry(step: StepDoc, event: EventDoc) -> None:
    step["status"], step["retryAt"] = "WAITING", _iso(event["data"].get("runAt"))


def _skipped(step: StepDoc, event: EventDoc) -> None:
    step["status"], step["reason"], step["finishedAt"] = "SKIPPED", event["data"].get("reason"), event["at"]


def _cancelled(step: StepDoc, event: EventDoc) -> None:
    step["status"], step["reason"], step["finishedAt"] = "CANCELLED", event["data"].get("reason"), event["at"]
    step["retryAt"] = None


def _waits(step: StepDoc, event: EventDoc) -> None:
    step["status"], step["retryAt"] = "WAITING", _iso(event["data"].get("dueAt"))
    calls = event["data"].get("calls")
    if isinstance(calls, dict):
        known = step.get("calls")
        if calls.get("again") and known is not None:
            known["open"] = known["failed"] = 0
        else:
            step["calls"] = {"total": calls.get("total", 0), "open": 0, "succeeded": 0, "failed": 0}


def _advanced(step: StepDoc, event: EventDoc) -> None:
    known, data = step.get("calls"), event["data"]
    if known is not None:
        known["open"], known["succeeded"] = len(data["open"]), data["succeeded"]
        known["failed"] += len(data.get("failed", ()))
        step["retryAt"] = _iso(data.get("dueAt"))


def _goes_on(step: StepDoc, _event: EventDoc) -> None:
    step["status"], step["retryAt"] = "PENDING", None


def _note_start(attempt: Attempt, event: EventDoc) -> None:
    attempt.input, attempt.started_at, attempt.known = event["data"].get("input"), event["at"], True


def _note_success(attempt: Attempt, event: EventDoc) -> None:
    attempt.outcome, attempt.output = "SUCCESS", event["data"].get("output")
    attempt.finished_at, attempt.duration_ms = event["at"], event["data"].get("durationMs")


def _note_failure(attempt: Attempt, event: EventDoc) -> None:
    data = event["data"]
    attempt.outcome, attempt.error, attempt.final = "FAILED", data.get("error"), bool(data.get("final"))
    attempt.finished_at, attempt.duration_ms = event["at"], data.get("durationMs")


def _iso(at_ms: object) -> str | None:
    """A time of the journal, in milliseconds, as documents have it."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat() if isinstance(at_ms, int | float) else None


_CHANGES: Final[dict[str, Callable[[StepDoc, EventDoc], None]]] = {
    "step.started": _started,
    "step.succeeded": _succeeded,
    "step.failed": _failed,
    "retry.scheduled": _retry,
    "step.skipped": _skipped,
    "step.cancelled": _cancelled,
    "wait.started": _waits,
    "wait.resolved": _goes_on,
    "items.advanced": _advanced,
}
_NOTES: Final[dict[str, Callable[[Attempt, EventDoc], None]]] = {
    "step.started": _note_start,
    "step.succeeded": _note_success,
    "step.failed": _note_failure,
}
