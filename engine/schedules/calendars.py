"""Days on which a schedule does not start runs.

A calendar is a list of entries: `2026-12-25` (that day), `12-25` (every year), `2026-12-24..2027-01-01` or
`12-24..01-01` (from one to the other, both included), `sat` (every Saturday), `4th thu nov`, `last mon may`, `1st mon`
(of every month), and `easter`, `easter-2`, `easter+50` (days from Easter Sunday).
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from engine.errors import Problem

Test = Callable[[date], bool]

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE: Final = re.compile(r"(?:(\d{4})-)?(\d{2})-(\d{2})\Z", re.ASCII)
_NTH: Final = re.compile(rf"([1-5])(?:st|nd|rd|th) ({'|'.join(_DAYS)})(?: ({'|'.join(_MONTHS)}))?\Z", re.ASCII)
_LAST: Final = re.compile(rf"last ({'|'.join(_DAYS)})(?: ({'|'.join(_MONTHS)}))?\Z", re.ASCII)
_EASTER: Final = re.compile(r"easter(?:\s*([+-])\s*(\d{1,3}))?\Z", re.ASCII)
_HINT: Final = "write 2026-12-25, 12-25, 12-24..01-01, sat, 4th thu nov, last mon may or easter-2"
_LEAP: Final = 2000


def check_entry(entry: str) -> Problem | None:
    """What is wrong with one entry of a calendar."""
    try:
        _test(entry)
    except ValueError as error:
        return Problem("calendar", f"{entry[:60]!r} is no day: {error}", hint=_HINT)
    return None


@lru_cache(maxsize=256)
def tests_of(entries: tuple[str, ...]) -> tuple[Test, ...]:
    """The entries, read; ValueError for one that `check_entry` refuses."""
    return tuple(_test(entry) for entry in entries)


def excludes(entries: tuple[str, ...], day: date) -> bool:
    """Whether any of the entries names this day."""
    return any(test(day) for test in tests_of(entries))


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def _test(entry: str) -> Test:
    text = " ".join(entry.lower().split())
    if ".." in text:
        return _range(*text.split("..", 1))
    if _DATE.match(text):
        return _range(text, text)
    for read in (_weekday, _nth, _last, _easter):
        found = read(text)
        if found is not None:
            return found
    raise ValueError("it cannot be read")


def _range(first: str, last: str) -> Test:
    begin, end = _day(first.strip()), _day(last.strip())
    if (begin[0] is None) is not (end[0] is None):
        raise ValueError("write the year at both ends or at none")
    if begin[0] is not None and end[0] is not None:
        since, until = date(begin[0], *begin[1:]), date(end[0], *end[1:])
        if until < since:
            raise ValueError("it ends before it begins")
        return lambda day: since <= day <= until
    start, stop = begin[1:], end[1:]
    if start <= stop:
        return lambda day: start <= (day.month, day.day) <= stop
    return lambda day: (day.month, day.day) >= start or (day.month, day.day) <= stop


def _day(text: str) -> tuple[int | None, int, int]:
    found = _DATE.match(text)
    if found is None:
        raise ValueError(f"{text!r} is no date")
    year = None if found[1] is None else int(found[1])
    try:
        date(_LEAP if year is None else year, int(found[2]), int(found[3]))
    except ValueError:
        raise ValueError(f"there is no {text}") from None
    return year, int(found[2]), int(found[3])


def _weekday(text: str) -> Test | None:
    names = (*_DAYS, *(name.lower() for name in calendar.day_name))
    if text not in names:
        return None
    number = names.index(text) % 7
    return lambda day: day.weekday() == number


def _nth(text: str) -> Test | None:
    found = _NTH.match(text)
    if found is None:
        return None
    return _in_month(found[3], _DAYS.index(found[2]), lambda day: (day.day + 6) // 7 == int(found[1]))


def _last(text: str) -> Test | None:
    found = _LAST.match(text)
    if found is None:
        return None
    return _in_month(
        found[2], _DAYS.index(found[1]), lambda day: day.day + 7 > calendar.monthrange(day.year, day.month)[1]
    )


def _in_month(month: str | None, weekday: int, place: Test) -> Test:
    months: Iterable[int] = range(1, 13) if month is None else (_MONTHS.index(month) + 1,)
    return lambda day: day.month in months and day.weekday() == weekday and place(day)


def _easter(text: str) -> Test | None:
    found = _EASTER.match(text)
    if found is None:
        return None
    away = timedelta(days=int(f"{found[1] or '+'}{found[2] or 0}"))
    if abs(away.days) > 200:
        raise ValueError("that is too far from Easter")
    return lambda day: day - away == easter((day - away).year)
