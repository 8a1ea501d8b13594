"""A run's events as the lines of a live log.

    12:03:04.123 fetch │ [2/5] done in 12 ms
    12:03:04.201 send  │ failed: refused (http_500)
    12:03:04.201 send  │ attempt 2 follows in 1.0 s

Each line has its time, its step and what happened. What comes from outside is made clean, and a message of several
lines keeps the step's prefix, so that no step can write a line in the name of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.jsonio import dump_text
from flowdesk.clean import clean, clean_lines
from flowdesk.replies import EventDoc, LogDoc
from flowdesk.show.paint import Paint
from flowdesk.show.text import clock_time, duration, pad, parse_time, shorten, width

_BAR: Final = "│"
_NO_TIME: Final = " " * 12
_LONGEST_PREFIX: Final = 32
_VALUE_COLUMNS: Final = 80
_STARTED_BY: Final = {
    "webhook": "started by its webhook",
    "cron": "started by its schedule",
    "manual": "started by hand",
    "rerun": "started again",
}
_ENDS: Final = {"run.succeeded": "SUCCESS", "run.failed": "FAILED", "run.cancelled": "CANCELLED"}


@dataclass(slots=True)
class Prefixes:
    """One prefix for each step, all of one width, each with its colour."""

    paint: Paint
    steps: dict[str, int] = field(default_factory=dict)
    columns: int = 0

    def add(self, step_ids: Iterable[str]) -> None:
        """Make room for these steps and give each the next colour."""
        for step_id in step_ids:
            self.steps.setdefault(step_id, len(self.steps))
            self.columns = min(max(self.columns, width(clean(step_id))), _LONGEST_PREFIX)

    def line(self, at: str | None, step_id: str | None, text: str) -> str:
        """A finished line; without a time it continues the one before."""
        name = clean(step_id or "")
        shown = pad(name, self.columns)
        if step_id is not None:
            self.add([step_id])
            shown = self.paint.hue(self.steps[step_id], shown)
        time = self.paint.dim(clock_time(at) if at else _NO_TIME)
        return f"{time} {shown} {self.paint.dim(_BAR)} {text}"


class Story:
    """Tells one run. `status` is its end as far as the events told it; `failed_at` the step it failed on.

    In a log of several runs they share their `prefixes`, and `name` says whose run begins and ends.
    """

    def __init__(
        self, step_ids: Iterable[str], paint: Paint, *, name: str | None = None, prefixes: Prefixes | None = None
    ) -> None:
        steps = list(step_ids)
        self._total = len(steps)
        self._name = clean(name) if name else None
        self._paint = paint
        self._prefixes = prefixes or Prefixes(paint)
        self._prefixes.add(steps)
        self._settled: set[str] = set()
        self._started_at: str | None = None
        self.status: str | None = None
        self.failed_at: str | None = None

    def tell(self, event: EventDoc) -> list[str]:
        """The lines for the next event; none for what is of no interest."""
        step_id, data = event["stepId"], event["data"]
        if step_id is None:
            return self._tell_run(event, data)
        teller = _STEP.get(event["type"])
        if teller is None:
            return []
        if _settles(event["type"], data):
            self._settled.add(step_id)
            progress = self._paint.dim(f"[{len(self._settled)}/{max(self._total, len(self._settled))}] ")
        else:
            self._settled.discard(step_id)
            progress = ""
        first, *rest = teller(event, data, self._paint)
        lines = [self._prefixes.line(event["at"], step_id, progress + first)]
        return lines + [self._prefixes.line(None, step_id, text) for text in rest]

    def _tell_run(self, event: EventDoc, data: Mapping[str, Any]) -> list[str]:
        kind = event["type"]
        run = f"{self._paint.bold(self._name or '')} run {clean(event['runId'])}".lstrip()
        if kind == "run.started":
            self._started_at = event["at"]
            text = f"{run} {_started(data)}"
        elif kind == "run.reopened":
            self.status = None
            text = f"{run} opened again to retry step {clean(data.get('stepId'))}"
        elif kind in _ENDS:
            self.status = _ENDS[kind]
            text = f"{run} {self._end(event, data)}" if self._name else self._end(event, data)
        else:
            return []
        return [self._prefixes.line(event["at"], None, text)]

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


def log_line(line: LogDoc, prefixes: Prefixes) -> list[str]:
    """One of the ready-made log lines of a run."""
    first, *rest = clean_lines(line["message"])
    text = _leveled(line["level"], first, prefixes.paint) + _fields(line.get("fields"), prefixes.paint)
    lines = [prefixes.line(line["at"], line["stepId"], text)]
    return lines + [prefixes.line(None, line["stepId"], more) for more in rest]


def _settles(kind: str, data: Mapping[str, Any]) -> bool:
    return kind in ("step.succeeded", "step.skipped") or (kind == "step.failed" and bool(data.get("final")))


def _between(start: str | None, end: str) -> float | None:
    first, last = parse_time(start), parse_time(end)
    return (last - first).total_seconds() * 1000 if first and last else None


def _started(data: Mapping[str, Any]) -> str:
    kind = str((data.get("trigger") or {}).get("kind"))
    text = _STARTED_BY.get(kind) or f"started by {clean(kind)}"
    parent = data.get("parentRunId")
    return f"{text} from run {clean(parent)}" if parent else text


Teller = Callable[[EventDoc, Mapping[str, Any], Paint], list[str]]


def _step_started(event: EventDoc, _data: Mapping[str, Any], paint: Paint) -> list[str]:
    attempt = event.get("attempt") or 1
    return [paint.dim("started" if attempt == 1 else f"attempt {attempt} started")]


def _step_log(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    first, *rest = clean_lines(data.get("message", ""))
    return [_leveled(str(data.get("level", "info")), first, paint) + _fields(data.get("fields"), paint), *rest]


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


def _retry_scheduled(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    return [paint.warn(f"attempt {clean(data.get('attempt'))} follows in {duration(data.get('delayMs') or 0)}")]


def _wait_started(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    return [paint.warn(f"waits for a {clean(data.get('for'))}")]


def _wait_resolved(_event: EventDoc, data: Mapping[str, Any], paint: Paint) -> list[str]:
    return [f"goes on: {clean(data.get('outcome') or 'time is up')}"]


def _leveled(level: str, text: str, paint: Paint) -> str:
    if level == "error":
        return paint.bad(text)
    if level == "warning":
        return paint.warn(text)
    return paint.dim(text) if level == "debug" else text


def _fields(fields: Any, paint: Paint) -> str:
    if not isinstance(fields, dict) or not fields:
        return ""
    shown = " ".join(f"{clean(key)}={_value(value)}" for key, value in fields.items())
    return " " + paint.dim(shown)


def _value(value: Any) -> str:
    return shorten(clean(value if isinstance(value, str) else dump_text(value)), _VALUE_COLUMNS)


def _error(error: Mapping[str, Any]) -> str:
    return f"{clean(error.get('message'))} ({clean(error.get('code'))})"


_STEP: Final[Mapping[str, Teller]] = {
    "step.started": _step_started,
    "step.log": _step_log,
    "step.succeeded": _step_succeeded,
    "step.failed": _step_failed,
    "step.skipped": _step_skipped,
    "retry.scheduled": _retry_scheduled,
    "wait.started": _wait_started,
    "wait.resolved": _wait_resolved,
}
