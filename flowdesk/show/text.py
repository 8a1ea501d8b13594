"""Small things as people read them: durations, times, widths."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo


def duration(ms: float | None) -> str:
    """`0.4 ms`, `12 ms`, `3.5 s`, `2 min 5 s`, `3 h 2 min`; empty when not known.

    0 is the difference of two times in whole milliseconds.
    """
    if ms is None:
        return ""
    if ms < 0.05:
        return "<0.1 ms" if ms > 0 else "<1 ms"
    if ms < 10:
        return f"{ms:.1f} ms"
    if ms < 1000:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{ms / 1000:.1f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def parse_time(text: str | None) -> datetime | None:
    """A time as the server writes it; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def clock_time(text: str | None, zone: tzinfo | None = None) -> str:
    """`12:03:04.123` in this machine's zone; blanks of the same width when not known."""
    found = parse_time(text)
    return f"{found.astimezone(zone):%H:%M:%S.%f}"[:12] if found else " " * 12


def day_time(text: str | None, zone: tzinfo | None = None) -> str:
    """`2026-11-23 12:03:04` in this machine's zone; empty when not known."""
    found = parse_time(text)
    return f"{found.astimezone(zone):%Y-%m-%d %H:%M:%S}" if found else ""


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> str:
    """`15m`, `2h`, `7d` (that long ago) or an ISO time, as an ISO time in UTC; ValueError for anything else."""
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isdecimal() and len(number) < 7:
        found = now - timedelta(**{_UNITS[unit]: int(number)})
    else:
        found = datetime.fromisoformat(text)
        found = found if found.tzinfo else found.astimezone()
    return f"{found.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:23] + "Z"


def width(text: str) -> int:
    """How many columns a terminal uses for clean text."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def pad(text: str, columns: int) -> str:
    """The text, filled with blanks on the right."""
    return text + " " * (columns - width(text))


def shorten(text: str, columns: int) -> str:
    """The text, cut with an ellipsis when it is too wide."""
    if width(text) <= columns:
        return text
    kept, used = "", 1
    for char in text:
        used += width(char)
        if used > columns:
            break
        kept += char
    return kept + "…"
