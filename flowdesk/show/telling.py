"""What a run's events say, in words: the same in the live log of the commands and in the one of the terminal UI.

Every text is clean. With a `Paint` that is on, it is coloured as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.jsonio import dump_text
from flowdesk.clean import clean, clean_lines
from flowdesk.replies import EventDoc
from flowdesk.show.paint import Paint
from flowdesk.show.text import duration, parse_time, shorten

_VALUE_COLUMNS: Final = 80
_STARTED_BY: Final = {
    "webhook": "started by its webhook",
    "cron": "started by its schedule",
    "manual": "started by hand",
    "rerun": "started again",
    "call": "called by another run",
    "round": "one round of a loop",
    "failure": "started because of a failed run",
    "test": "started as a rehearsal",
}
MAX_FAILURES: Final = 6
_ENDS: Final = {"run.succeeded": "SUCCESS", "run.failed": "FAILED", "run.cancelled": "CANCELLED"}


class Telling:
    """Tells the events of one run in order.

    `status` is the run's end as far as its events told it, `failed_at` the step it failed on. With a `name` the lines
    about the run say whose they are.
    """

    def __init__(self, paint: Paint, *, name: str | None = None) -> None:
        self._name = clean(name) if name else None
        self._paint = paint
        self._started_at: str | None = None
        self.status: str | None = None
        self.failed_at: str | None = None

    def tell(self, event: EventDoc) -> list[str]:
        """The words for the next event, as lines; none for what is of no interest."""
        if event["stepId"] is None:
            return self._tell_run(event, event["data"])
        teller = _STEP.get(event["type"])
        return teller(event, event["data"], self._paint) if teller is not None else []

    def _tell_run(self, event: EventDoc, data: Mapping[str, Any]) -> list[str]:
        kind = event["type"]
        run = f"{self._paint.bold(self._name or '')} run {clean(event['runId'])}".lstrip()
        if kind == "run.started":
            self._started_at = event["at"]
            return [f"{run} {_started(data)}"]
        if kind == "run.reopened":
            self.status = None
            return [f"{run} opened again to retry step {clean(data.get('stepId'))}"]
        if kind == "run.ending":
            return [self._paint.warn(f"{run} {_ending(data)}")]
        if kind == "run.moved":
            return [f"{run} goes on with version {clean(data.get('to'))} of the workflow"]
        if kind in _ENDS:
            self.status = _ENDS[kind]
            return [f"{run} {self._end(event, data)}" if self._name else self._end(event, data)]
        if kind == "signal.received":
            kept = ", which was not kept: too many wait for a step" if data.get("dropped") else ""
            return [f"received the signal {clean(data.get('name'))}{kept}"]
        return []

    def _end(self, event: EventDoc, data: Mapping[str, Any]) -> str:
        status = _ENDS[event["type"]]
        error = data.get("error") or {}
        self.failed_at = error.get("stepId") if status == "FAILED" else None
        text = self._paint.bold(self._paint.status(status))
        took = _between(self._started_at, event["at"])
        if took is not None:
            text += f" in {duration(took)}"
        if status == "FAILED":
            where = f" at step {clean(error['stepId'])}" if error.get("stepId") else ""
            text += f"{where}: {_error(error)}"
        elif status == "CANCELLED" and data.get("reason"):
            text += f": {clean(data['reason'])}"
        return text


def settles(event: EventDoc) -> bool:
    """Whether nothing more happens to the event's step by itself."""
    kind = event["type"]
    return kind in ("step.succeeded", "step.skipped") or (kind == "step.failed" and bool(event["data"].get("final")))


def _between(start: str | None, end: str) -> float | None:
    first, last = parse_time(start), parse_time(end)
    return (last - first).total_seconds() * 1000 if first and last else None


def started_by(kind: str) -> str:
    """How a run of this kind of trigger began, in words: `started by hand`."""
    return _STARTED_BY.get(kind) or f"started by {clean(kind)}"


def _started(data: Mapping[str, Any]) -> str:
    kind = str((data.get("trigger") or {}).get("kind"))
    text = started_by(kind)
    parent = data.get("parentRunId")
    return f"{text} from run {clean(parent)}" if parent else text


def _ending(data: Mapping[str, Any]) -> str:
    """`cleans up: undoes with refund, release; then report`."""
    parts = []
    if data.get("undo"):
        parts.append(f"undoes with {', '.join(map(clean, data['undo']))}")
    if data.get("finally"):
        parts.append(f"ends with {', '.join(map(clean, data['finally']))}")
    return f"cleans up: {'; then '.join(parts)}"


Teller = Callable[[EventDoc, Mapping[str, Any], Paint], list[str]]


def _step_started(event: EventDoc, _data: Mapping[str, Any], paint: Paint) -> list[str]:
    attempt = event.get("attempt") or 1
    return [paint.dim("started" if attempt == 1 else f"attempt {attempt} started")]


def _step_log(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    first, *rest = clean_lines(data.get("message", ""))
    return [leveled(str(data.get("level", "info")), first, paint) + fields_text(data.get("fields"), paint), *rest]


def _step_succeeded(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    if data.get("reused"):
        return [paint.dim("taken over from the run before")]
    took = data.get("durationMs")
    text = paint.good("done") + (f" in {duration(took)}" if took else "")
    return [f"{text}, route {clean(data['route'])}" if data.get("route") is not None else text]


def _step_failed(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    text = f"failed: {_error(data.get('error') or {})}"
    return [paint.bad(text) if data.get("final") else paint.warn(text)]


def _step_skipped(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    reason = data.get("reason")
    return [paint.dim(f"skipped: {clean(reason)}" if reason else "skipped")]


def _step_cancelled(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    reason = data.get("reason")
    return [paint.warn(f"cancelled: {clean(reason)}" if reason else "cancelled")]


def _retry_scheduled(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    return [paint.warn(f"attempt {clean(data.get('attempt'))} follows in {duration(data.get('delayMs') or 0)}")]


def _wait_started(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    calls = data.get("calls")
    if isinstance(calls, dict):
        return [_calls(calls)]
    kind, name = data.get("for"), data.get("name")
    what = _WAITS.get(str(kind)) or f"a {clean(kind)}"
    return [paint.warn(f"waits for {what}{f' {clean(name)}' if name else ''}")]


def _calls(calls: Mapping[str, Any]) -> str:
    if calls.get("again"):
        return "goes on with the runs that did not finish"
    total = clean(calls.get("total"))
    if calls.get("repeats"):
        return f"repeats, at most {total} times"
    return "calls a run" if calls.get("results") == "one" else f"calls {total} runs"


def _items_advanced(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    failed = data.get("failed")
    under_way = data.get("open")
    text = f"{clean(data.get('succeeded'))} done, {len(under_way) if isinstance(under_way, list) else 0} under way"
    lines = [paint.dim(text)]
    for _, why in failed if isinstance(failed, list) else ():
        lines.append(paint.warn(f"failed: {clean(why.get('message') if isinstance(why, dict) else why)}"))
    return lines[:MAX_FAILURES]


def _wait_resolved(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    outcome = clean(data.get("outcome") or "due")
    late = " by its deadline" if data.get("due") else ""
    return ["goes on: its time has come" if outcome == "due" else f"goes on: {outcome}{late}"]


def leveled(level: str, text: str, paint: Paint) -> str:
    """The text in the colour of its level."""
    if level == "error":
        return paint.bad(text)
    if level == "warning":
        return paint.warn(text)
    return paint.dim(text) if level == "debug" else text


def fields_text(fields: Any, paint: Paint) -> str:
    """What a step logged besides its message, ` key=value`; empty when it was nothing."""
    if not isinstance(fields, dict) or not fields:
        return ""
    shown = " ".join(f"{clean(key)}={_value(value)}" for key, value in fields.items())
    return " " + paint.dim(shown)


def _value(value: Any) -> str:
    return shorten(clean(value if isinstance(value, str) else dump_text(value)), _VALUE_COLUMNS)


def _error(error: Mapping[str, Any]) -> str:
    return f"{clean(error.get('message'))} ({clean(error.get('code'))})"


_WAITS: Final = {"timer": "its time", "signal": "the signal", "approval": "an approval"}

_STEP: Final[Mapping[str, Teller]] = {
    "step.started": _step_started,
    "step.log": _step_log,
    "step.succeeded": _step_succeeded,
    "step.failed": _step_failed,
    "step.skipped": _step_skipped,
    "step.cancelled": _step_cancelled,
    "retry.scheduled": _retry_scheduled,
    "wait.started": _wait_started,
    "wait.resolved": _wait_resolved,
    "items.advanced": _items_advanced,
}
