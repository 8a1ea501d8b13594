"""What happened to a run, told in lines people can read: what steps logged, and what FlowDesk did in between."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from engine.clock import iso
from engine.models.event import Event, EventType

_STARTED_BY: Final = {
    "webhook": "started by its webhook",
    "cron": "started by its schedule",
    "manual": "started by hand",
    "rerun": "started again",
    "call": "called",
    "round": "a round of a loop",
    "failure": "started because of a failed run",
    "test": "started as a rehearsal",
}

_ARTICLES: Final = {"approval": "an approval", "decision": "a decision", "children": "the runs it called"}

Line = tuple[str, str]  # level, message


def log_lines(events: Iterable[Event], limit: int) -> list[dict[str, Any]]:
    """The newest `limit` lines, oldest first."""
    newest = list(events)[-limit:]  # every event is one line
    return [log_line(event) for event in newest]


def log_line(event: Event) -> dict[str, Any]:
    """One event as one line."""
    level, message = _TELL[event.type](event)
    return {
        "seq": event.seq,
        "at": iso(event.at),
        "type": event.type.value,
        "stepId": event.step_id,
        "attempt": event.attempt,
        "level": level,
        "message": message,
        "fields": (event.data.get("fields") or {}) if event.type is EventType.STEP_LOG else {},
    }


def _run_started(event: Event) -> Line:
    kind = str(event.data.get("trigger", {}).get("kind"))
    text = _STARTED_BY.get(kind, f"started by {kind}")
    parent = event.data.get("parentRunId") or _caller(event)
    return "info", f"{text} from run {parent}" if parent else text


def _caller(event: Event) -> str | None:
    trigger = event.data.get("trigger", {})
    meta = trigger.get("meta") if trigger.get("kind") in ("call", "round") else None
    caller = meta.get("caller") if isinstance(meta, dict) else None
    return str(caller.get("runId")) if isinstance(caller, dict) else None


def _run_reopened(event: Event) -> Line:
    return "info", f"opened again to retry step {event.data.get('stepId')}"


def _run_moved(event: Event) -> Line:
    return (
        "info",
        f"goes on with version {event.data.get('to')} of the workflow, after version {event.data.get('from')}",
    )


def _run_succeeded(_event: Event) -> Line:
    return "info", "finished"


def _run_failed(event: Event) -> Line:
    error = event.data.get("error") or {}
    where = f" at step {error['stepId']}" if error.get("stepId") else ""
    return "error", f"failed{where}: {_error(error)}"


def _run_ending(event: Event) -> Line:
    data = event.data
    level = "info" if data.get("as") == "succeeded" else "warning"
    parts = [f"the work is over ({data.get('as')})"]
    if data.get("undo"):
        parts.append(f"to undo: {', '.join(data['undo'])}")
    if data.get("finally"):
        parts.append(f"at the end: {', '.join(data['finally'])}")
    return level, "; ".join(parts)


def _run_cancelled(event: Event) -> Line:
    return "warning", str(event.data.get("reason") or "cancelled")


def _step_started(event: Event) -> Line:
    return "debug", "started" if (event.attempt or 1) == 1 else f"started, attempt {event.attempt}"


def _step_log(event: Event) -> Line:
    return str(event.data.get("level", "info")), str(event.data.get("message", ""))


def _step_succeeded(event: Event) -> Line:
    if event.data.get("reused"):
        return "debug", "taken over from the run before"
    took = event.data.get("durationMs")
    text = "done" if took is None else f"done in {duration(took)}"
    route = event.data.get("route")
    return "info", f"{text}, route {route}" if route is not None else text


def _step_failed(event: Event) -> Line:
    final = bool(event.data.get("final"))
    return "error" if final else "warning", f"failed: {_error(event.data.get('error') or {})}"


def _step_skipped(event: Event) -> Line:
    return "debug", f"skipped: {event.data.get('reason') or 'taken over from the run before'}"


def _step_cancelled(event: Event) -> Line:
    return "info", f"cancelled: {event.data.get('reason') or 'taken over from the run before'}"


def _retry_scheduled(event: Event) -> Line:
    delay = duration(event.data.get("delayMs", 0))
    return "info", f"attempt {event.data.get('attempt')} follows in {delay}"


def _wait_started(event: Event) -> Line:
    calls = event.data.get("calls")
    if isinstance(calls, dict):
        return "info", _told(calls)
    kind, name, due_at = event.data.get("for"), event.data.get("name"), event.data.get("dueAt")
    what = "until" if kind == "timer" else f"for the signal {name}" if name else f"for {_ARTICLES.get(str(kind), kind)}"
    when = "" if due_at is None else f" {iso(due_at)}" if kind == "timer" else f", until {iso(due_at)} at most"
    return "info", f"waits {what}{when}"


def _wait_resolved(event: Event) -> Line:
    reason, outcome = event.data.get("reason"), event.data.get("outcome")
    if outcome == "due":
        return "info", "its time has come"
    if outcome == "signal":
        return "info", "the signal came"
    late = " by its deadline" if event.data.get("due") else ""
    return "info", f"decided{late}: {outcome}{f' ({reason})' if reason else ''}"


def _signal_received(event: Event) -> Line:
    name = event.data.get("name")
    if event.data.get("dropped"):
        return "warning", f"the signal {name} was not kept: too many are waiting for a step"
    return "info", f"received the signal {name}"


def _told(calls: Mapping[str, Any]) -> str:
    if calls.get("again"):
        return "goes on with the runs that did not finish"
    total = calls.get("total")
    if calls.get("repeats"):
        return f"repeats, at most {total} times"
    return "calls a run" if calls.get("results") == "one" else f"calls {total} runs"


def _items_advanced(event: Event) -> Line:
    data = event.data
    failed = data.get("failed") or []
    parts = [f"{data.get('succeeded')} done", f"{len(data.get('open') or [])} under way"]
    if failed:
        parts.append(f"{len(failed)} failed: {failed[0][1].get('message')}")
    return "warning" if failed else "debug", ", ".join(parts)


def _error(error: Mapping[str, Any]) -> str:
    return f"{error.get('message')} ({error.get('code')})"


def duration(ms: float) -> str:
    """`0.4 ms`, `12 ms`, `3.5 s`, `2 min 5 s`: three digits are enough."""
    if ms < 0.05:
        return "<0.1 ms" if ms > 0 else "<1 ms"
    if ms < 10:
        return f"{ms:.1f} ms"
    if ms < 1000:
        return f"{ms:.0f} ms"
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s"


_TELL: Final[Mapping[EventType, Callable[[Event], Line]]] = {
    EventType.RUN_STARTED: _run_started,
    EventType.RUN_REOPENED: _run_reopened,
    EventType.RUN_MOVED: _run_moved,
    EventType.RUN_SUCCEEDED: _run_succeeded,
    EventType.RUN_FAILED: _run_failed,
    EventType.RUN_ENDING: _run_ending,
    EventType.RUN_CANCELLED: _run_cancelled,
    EventType.STEP_STARTED: _step_started,
    EventType.STEP_LOG: _step_log,
    EventType.STEP_SUCCEEDED: _step_succeeded,
    EventType.STEP_FAILED: _step_failed,
    EventType.STEP_SKIPPED: _step_skipped,
    EventType.STEP_CANCELLED: _step_cancelled,
    EventType.RETRY_SCHEDULED: _retry_scheduled,
    EventType.WAIT_STARTED: _wait_started,
    EventType.WAIT_RESOLVED: _wait_resolved,
    EventType.SIGNAL_RECEIVED: _signal_received,
    EventType.ITEMS_ADVANCED: _items_advanced,
}
