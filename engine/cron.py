"""When cron expressions come up, in wall-clock time of a time zone.

Five fields (minute, hour, day of month, month, day of week), or six with seconds first, or a name such as `@daily`.
Daylight saving follows Debian's cron: a fixed time that the clock skips runs right after the gap, one that it shows
twice runs once, and jobs of every hour or minute follow real time. Six fields would follow another rule, so those that
name second 0 are read as five.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

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
_UNREADABLE: Final = (AssertionError, TypeError, ValueError)  # what cronsim raises for some it takes apart too late


def check(expr: str, tz: str | None) -> list[Problem]:
    """What is wrong with an expression and its time zone: `cron`, `cron_never`, `timezone`."""
    problems = check_zone(tz) if tz is not None else []
    try:
        if next(_walk(expr, "UTC", datetime.now(UTC)), None) is None:
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


def next_fire(expr: str, tz: str, after_ms: int) -> int | None:
    """The first moment after this one, in milliseconds; None when there is none within fifty years.

    Raises Invalid for an expression or a zone that `check` refuses.
    """
    for at in _walk(expr, tz, _moment(after_ms, tz)):
        if at > after_ms:  # a repeated hour can make the first one found an earlier one
            return at
    return None


def previous_fires(expr: str, tz: str, until_ms: int, *, after_ms: int, limit: int = 1) -> list[int]:
    """The last moments up to and including `until_ms` and later than `after_ms`, newest first, at most `limit`."""
    found: list[int] = []
    for at in _walk(expr, tz, _moment(until_ms + _lead_ms(expr), tz), back=True):
        if at <= after_ms or len(found) >= limit:
            break
        if at <= until_ms:
            found.append(at)
    return found


def _walk(expr: str, tz: str, start: datetime, *, back: bool = False) -> Iterator[int]:
    try:
        for at in CronSim(_plain(expr), start, reverse=back):
            yield int(at.timestamp()) * 1000
    except CronSimError as error:
        raise _unreadable(expr, str(error)) from None
    except OverflowError:
        return  # the end of the calendar
    except _UNREADABLE:
        raise _unreadable(expr, "it cannot be read") from None


def _lead_ms(expr: str) -> int:
    """How far ahead a walk back begins: it leaves out where it starts, and sees a repeated hour only from after it."""
    fields = _plain(expr).split()
    fixed = len(fields) == 5 and not fields[0].startswith("*") and not fields[1].startswith("*")
    return 7_200_000 if fixed else 1000


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
