"""Helpers for moments in time.

A moment is ISO-8601 text (without an offset: UTC; a date alone: its midnight) or a number of milliseconds since 1970.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.clock import iso
from engine.render.helpers.base import HelperError, Helpers, kind_of

helpers = Helpers("Dates and times")

_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_KNOWN: Final = frozenset("aAbBdfGHIjmMpSuUVwWyYzZ%")
_DURATION: Final = re.compile(r"([+-]?)((?:\d{1,9}(?:ms|[wdhms]))+)")
_PART: Final = re.compile(r"(\d+)(ms|[wdhms])")
_MILLIS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def format_arg(arg: Any) -> str:
    """A date format of the directives listed in the reference."""
    if not isinstance(arg, str) or len(arg) > 200:
        raise HelperError("the format is a text of at most 200 characters")
    for found in _DIRECTIVE.finditer(arg):
        if found[1] not in _KNOWN or not found[1]:
            raise HelperError(f"%{found[1]} is not known in a date format")
    return arg


def zone_arg(arg: Any) -> ZoneInfo:
    """The name of a time zone."""
    try:
        return ZoneInfo(arg)
    except (KeyError, ValueError, OSError, TypeError):  # OSError: `Europe` is a directory of the database
        raise HelperError(f"there is no time zone {arg!r}; names look like Europe/Berlin or UTC") from None


def duration_arg(arg: Any) -> int:
    """A length of time such as `1h30m` or `-2d`, in milliseconds."""
    found = _DURATION.fullmatch(arg) if isinstance(arg, str) and len(arg) <= 100 else None
    if not found:
        raise HelperError("a length of time is written like 90s, 1h30m, 2d or -1w")
    total = sum(int(count) * _MILLIS[unit] for count, unit in _PART.findall(found[2]))
    return -total if found[1] == "-" else total


@helpers.add(
    "date",
    "any",
    format_arg,
    zone_arg,
    optional=1,
    example='{{data.at | date "%d.%m.%Y %H:%M" "Europe/Berlin"}}',
    data={"at": "2026-11-23T09:12:00Z"},
    output="23.11.2026 10:12",
)
def date(value: Any, pattern: str, zone: ZoneInfo | None = None) -> str:
    """The moment written in this form, in this time zone (UTC when not given)."""
    return _moment(value).astimezone(zone or UTC).strftime(pattern)


@helpers.add("iso", "any", example="{{data.at | iso}}", data={"at": 0}, output="1970-01-01T00:00:00.000Z")
def as_iso(value: Any) -> str:
    """The moment as ISO-8601 text in UTC, with milliseconds."""
    return iso(_millis(_moment(value)))


@helpers.add("timestamp", "any", example="{{data.at | timestamp}}", data={"at": "1970-01-01T00:01:00Z"}, output=60000)
def timestamp(value: Any) -> int:
    """The moment as milliseconds since 1970; `| over 1000 | int` makes seconds."""
    return _millis(_moment(value))


@helpers.add(
    "shift",
    "any",
    duration_arg,
    example='{{data.at | shift "1d12h"}}',
    data={"at": "2026-11-23T09:12:00Z"},
    output="2026-11-24T21:12:00.000Z",
)
def shift(value: Any, millis: int) -> str:
    """The moment this much later, or earlier with a minus: parts in `w d h m s ms`. The result is ISO-8601 in UTC."""
    try:
        return iso(_millis(_moment(value) + timedelta(milliseconds=millis)))
    except OverflowError:
        raise HelperError("outside the years 1 to 9999") from None


def _moment(value: Any) -> datetime:
    try:
        if isinstance(value, str):
            return _parsed(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            return _EPOCH + timedelta(milliseconds=value)
    except OverflowError:
        raise HelperError("outside the years 1 to 9999") from None
    raise HelperError(f"works on a moment (ISO-8601 text or milliseconds), not on {kind_of(value)}")


def _parsed(value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value.strip()[:64])
    except ValueError:
        raise HelperError(f"{value[:40]!r} is not a moment in ISO-8601") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _millis(moment: datetime) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
