"""When cron expressions come up, in wall-clock time of a time zone.

Five fields (minute, hour, day of month, month, day of week), or six with seconds first, or a name such as `@daily`.
Daylight saving follows Debian's cron: a fixed time that the clock skips runs right after the gap, one that it shows
twice runs once, and jobs of every hour or minute follow real time. The same holds for six fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from cronsim.cronsim import Field

from engine.clock import now_ms
from engine.errors import Invalid, Problem

NAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS: Final = "write minute, hour, day of month, month and day of week, for example `0 9 * * 1-5`"
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - what a clock shows, in no zone
_SECOND: Final = timedelta(seconds=1)
_LOOK_S: Final = 21_600
_UNREADABLE: Final = (AssertionError, TypeError, ValueError)  # what cronsim raises for some it takes apart too late


def check(expr: str, tz: str | None) -> list[Problem]:
    """What is wrong with an expression and its time zone: `cron`, `cron_never`, `timezone`."""
    problems = check_zone(tz) if tz is not None else []
    try:
        if next_fire(expr, "UTC", now_ms()) is None:
            problems.append(Problem("cron_never", f"{expr!r} never comes up", hint="look at its day and month"))
    except Invalid as error:
        problems.extend(error.problems)
    return problems


def check_zone(tz: str) -> list[Problem]:
    """What is wrong with the name of a time zone."""
    try:
        ZoneInfo(tz)
    except (KeyError, ValueError, OSError):  # OSError: a name such as `Europe` is a directory of the database
        close = difflib.get_close_matches(tz, _zones(), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "names look like Europe/Berlin or UTC"
        return [Problem("timezone", f"there is no time zone {tz[:64]!r}", hint=hint)]
    return []


def fires(expr: str, tz: str, after_ms: int) -> Iterator[int]:
    """Every moment after this one, oldest first, in milliseconds; it ends when there is none within fifty years.

    Raises Invalid for an expression or a zone that `check` refuses.
    """
    last = after_ms
    for at in _moments(_plain(expr).split(), expr, tz, after_ms):
        if at > last:  # a repeated hour can make the first one found an earlier one
            last = at
            yield at


def next_fire(expr: str, tz: str, after_ms: int) -> int | None:
    """The first moment after this one; None when there is none within fifty years."""
    return next(fires(expr, tz, after_ms), None)


def is_fixed(expr: str) -> bool:
    """Whether it names times of day, so that each day has them once however the clock is moved."""
    fields = _plain(expr).split()[-5:]
    return not any(field.startswith("*") for field in fields[:2])


def says(expr: str, wall: datetime) -> bool:
    """Whether the expression names this reading of a clock (a time without a zone)."""
    before = wall.replace(tzinfo=None, microsecond=0) - timedelta(seconds=1)
    return next(_simulated(_plain(expr), expr, before), None) == wall.replace(tzinfo=None, microsecond=0)


def _moments(fields: list[str], expr: str, tz: str, after_ms: int) -> Iterator[int]:
    if not is_fixed(expr):
        yield from _real_time(" ".join(fields), expr, _moment(after_ms, tz))
        return
    # cronsim applies Debian's rule to five fields only: so the minutes are found first, then the seconds in each.
    seconds = _seconds(fields[0], expr) if len(fields) == 6 else [0]
    minutes = " ".join(fields[-5:] if len(fields) == 6 else fields)
    for minute in _simulated(minutes, expr, _moment(after_ms // 60_000 * 60_000 - 1000, tz)):
        for second in seconds:
            yield (int(minute.timestamp()) + second) * 1000


def _real_time(plain: str, expr: str, start: datetime) -> Iterator[int]:
    """Every moment at which the clocks show what the expression says, also twice.

    Between two changes of the clocks their reading is the time in UTC and an offset. cronsim's own walk through a zone
    leaves out readings where clocks are moved by less than an hour.
    """
    zone, at = start.tzinfo, int(start.timestamp())
    since, offset = at, _offset(at, zone)
    going = True
    while going:
        going = False
        for reading in _simulated(plain, expr, _EPOCH + timedelta(seconds=at + offset)):
            found = (reading - _EPOCH) // _SECOND - offset
            turn = _turn(since, found, offset, zone)
            if turn is not None:
                at, since, offset, going = turn - 1, turn, _offset(turn, zone), True
                break
            since = found
            yield found * 1000


def _turn(since: int, until: int, offset: int, zone: tzinfo | None) -> int | None:
    """The first second after `since` and up to `until` at which clocks have another offset than this."""
    while since < until:
        following = min(since + _LOOK_S, until)
        if _offset(following, zone) != offset:
            while following - since > 1:
                middle = (since + following) // 2
                if _offset(middle, zone) == offset:
                    since = middle
                else:
                    following = middle
            return following
        since = following
    return None


def _offset(at: int, zone: tzinfo | None) -> int:
    return round((datetime.fromtimestamp(at, zone).utcoffset() or timedelta()).total_seconds())


def _simulated(plain: str, expr: str, start: datetime) -> Iterator[datetime]:
    try:
        yield from CronSim(plain, start)
    except CronSimError as error:
        raise _unreadable(expr, str(error)) from None
    except OverflowError:
        return  # the end of the calendar
    except _UNREADABLE:
        raise _unreadable(expr, "it cannot be read") from None


def _seconds(field: str, expr: str) -> list[int]:
    try:
        return sorted(second for second in Field.SECOND.parse(field.upper()) if isinstance(second, int))
    except (CronSimError, *_UNREADABLE):
        raise _unreadable(expr, "bad second") from None


def _plain(expr: str) -> str:
    """Five fields where that says the same."""
    fields = NAMES.get(expr.strip().lower(), expr).split()
    if len(fields) == 6 and fields[0] in ("0", "00"):
        fields = fields[1:]
    return " ".join(fields)


def _moment(at_ms: int, tz: str) -> datetime:
    zone_problems = check_zone(tz)
    if zone_problems:
        raise Invalid(problems=zone_problems, code="timezone")
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(tz))


def _unreadable(expr: str, reason: str) -> Invalid:
    problem = Problem("cron", f"{expr[:60]!r} is not a cron expression: {reason[:1].lower()}{reason[1:]}", hint=_FIELDS)
    return Invalid(problems=[problem], code="cron")


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
