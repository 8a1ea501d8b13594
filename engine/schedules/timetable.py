"""The times a schedule names, in order: a walk over its expression, its window and its calendars."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.cron import fires
from engine.schedules.calendars import excludes
from engine.schedules.schedule import Schedule, moment

NEVER: Final = 253_402_300_799_000
"""The last second of the year 9999: when what has no next time is looked at again."""
_MOST_DAYS: Final = 3660
"""After so many days in a row on which calendars let nothing start, nothing will."""
_DAY_MS: Final = 86_400_000
_SPANS_MS: Final = (2000, 60_000, 600_000, 6_000_000, 86_400_000, 864_000_000)


def upcoming(schedule: Schedule, after_ms: int) -> Iterator[int]:
    """Every time after this one, oldest first."""
    if schedule.start_at is not None:
        after_ms = max(after_ms, schedule.start_at - 1)
    for at in _allowed(schedule, after_ms):
        if schedule.end_at is not None and at > schedule.end_at:
            return
        yield at


def first(schedule: Schedule, after_ms: int) -> int | None:
    """The next time after this one."""
    return next(upcoming(schedule, after_ms), None)


def between(schedule: Schedule, after_ms: int, until_ms: int) -> Iterator[int]:
    """Every time after the one and up to the other, oldest first."""
    for at in upcoming(schedule, after_ms):
        if at > until_ms:
            return
        yield at


def newest(schedule: Schedule, after_ms: int, until_ms: int, count: int) -> list[int]:
    """The last `count` of the times between, oldest first; looks further back only when there are too few near."""
    for span in (*_SPANS_MS, until_ms - after_ms):
        start = max(after_ms, until_ms - span)
        found = list(between(schedule, start, until_ms))[-count:]
        if len(found) >= count or start <= after_ms:
            return found
    return []


def delayed(schedule: Schedule, at_ms: int, *names: str) -> int:
    """When the run for this time starts: the same on every server."""
    if not schedule.jitter_ms:
        return at_ms
    digest = hashlib.sha256("\x1f".join((str(at_ms), *names)).encode()).digest()
    return at_ms + int.from_bytes(digest[:8], "big") % (schedule.jitter_ms + 1)


def _allowed(schedule: Schedule, after_ms: int) -> Iterator[int]:
    """What is on no excluded day. After one the walk begins anew on the next day that is none."""
    if not schedule.excluded:
        yield from _named(schedule, after_ms)
        return
    zone = ZoneInfo(schedule.timezone)
    start: int | None = after_ms
    last = after_ms
    while start is not None and start - last < _MOST_DAYS * _DAY_MS:
        walk, start = _named(schedule, start), None
        for at in walk:
            day = datetime.fromtimestamp(at / 1000, zone).date()
            if excludes(schedule.excluded, day):
                start = _next_open(schedule, day)
                break
            last = at
            yield at


def _next_open(schedule: Schedule, day: date) -> int | None:
    """The moment before the next day that is not excluded begins."""
    for days in range(1, _MOST_DAYS):
        later = day + timedelta(days=days)
        if not excludes(schedule.excluded, later):
            return moment(datetime.combine(later, time()).isoformat(), schedule.timezone) - 1
    return None


def _named(schedule: Schedule, after_ms: int) -> Iterator[int]:
    if schedule.kind == "cron":
        yield from fires(schedule.text, schedule.timezone, after_ms)
    elif schedule.kind == "at":
        yield from (at for at in schedule.times if at > after_ms)
    else:
        anchor = schedule.start_at or 0
        at = anchor + ((after_ms - anchor) // schedule.every_ms + 1) * schedule.every_ms
        while at < NEVER:
            yield at
            at += schedule.every_ms
