"""A run's events as the lines of a live log.

    12:03:04.123 fetch │ [2/5] done in 12 ms
    12:03:04.201 send  │ failed: refused (http_500)
    12:03:04.201 send  │ attempt 2 follows in 1.0 s

Each line has its time, its step and what happened. What comes from outside is made clean, and a message of several
lines keeps the step's prefix, so that no step can write a line in the name of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from flowdesk.clean import clean, clean_lines
from flowdesk.replies import EventDoc, LogDoc
from flowdesk.show.paint import Paint
from flowdesk.show.telling import Telling, fields_text, leveled, settles
from flowdesk.show.text import clock_time, pad, width

_BAR: Final = "│"
_NO_TIME: Final = " " * 12
_LONGEST_PREFIX: Final = 32


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
        self._paint = paint
        self._telling = Telling(paint, name=name)
        self._prefixes = prefixes or Prefixes(paint)
        self._prefixes.add(steps)
        self._settled: set[str] = set()

    @property
    def status(self) -> str | None:
        """The run's end: SUCCESS, FAILED or CANCELLED; None before it, and again when it is opened again."""
        return self._telling.status

    @property
    def failed_at(self) -> str | None:
        """The step the run failed on."""
        return self._telling.failed_at

    def tell(self, event: EventDoc) -> list[str]:
        """The lines for the next event; none for what is of no interest."""
        step_id, texts = event["stepId"], self._telling.tell(event)
        if not texts:
            return []
        first, *rest = texts
        if step_id is not None:
            first = self._progress(step_id, settles(event)) + first
        lines = [self._prefixes.line(event["at"], step_id, first)]
        return lines + [self._prefixes.line(None, step_id, text) for text in rest]

    def _progress(self, step_id: str, settled: bool) -> str:
        if not settled:
            self._settled.discard(step_id)
            return ""
        self._settled.add(step_id)
        return self._paint.dim(f"[{len(self._settled)}/{max(self._total, len(self._settled))}] ")


def log_line(line: LogDoc, prefixes: Prefixes) -> list[str]:
    """One of the ready-made log lines of a run."""
    first, *rest = clean_lines(line["message"])
    text = leveled(line["level"], first, prefixes.paint) + fields_text(line.get("fields"), prefixes.paint)
    lines = [prefixes.line(line["at"], line["stepId"], text)]
    return lines + [prefixes.line(None, line["stepId"], more) for more in rest]
