"""When each step of a run worked, as bars on one time axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from flowdesk.show.text import parse_time

_EIGHTHS: Final = "▏▎▍▌▋▊▉█"
_SHORTEST: Final = timedelta(milliseconds=1)


@dataclass(slots=True, frozen=True)
class Span:
    """When something began and ended; still going without an end."""

    start: datetime
    end: datetime | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Span | None:
        """The span of a run's or step's `startedAt` and `finishedAt`; None when it has not begun."""
        start = parse_time(document.get("startedAt"))
        return None if start is None else cls(start, parse_time(document.get("finishedAt")))

    def length(self, now: datetime) -> timedelta:
        """How long it took, or has taken until now."""
        return max(timedelta(), (self.end or now) - self.start)


@dataclass(slots=True, frozen=True)
class Axis:
    """The time that the whole width of a bar stands for."""

    start: datetime
    end: datetime

    @classmethod
    def over(cls, spans: Iterable[Span], now: datetime) -> Axis:
        """From the first beginning to the last end; what still goes on ends now."""
        listed = list(spans)
        start = min((span.start for span in listed), default=now)
        end = max((span.end or now for span in listed), default=now)
        return cls(start, max(end, start + _SHORTEST))

    def bar(self, span: Span, columns: int, now: datetime, plain: bool = False) -> str:
        """The span as a bar, `columns` cells wide: `   ▏`, `  ██▌ `. However short, it is seen."""
        if columns <= 0:
            return ""
        whole = (self.end - self.start).total_seconds()
        first = (span.start - self.start).total_seconds() / whole * columns
        cell = max(0, min(columns - 1, int(first)))
        length = span.length(now).total_seconds() / whole * columns
        eighths = max(1, min(round(length * 8), (columns - cell) * 8))
        full, rest = divmod(eighths, 8)
        if plain:
            drawn = "#" * (full + (rest >= 4)) or "|"
        else:
            drawn = _EIGHTHS[-1] * full + (_EIGHTHS[rest - 1] if rest else "")
        return (" " * cell + drawn).ljust(columns)[:columns]
