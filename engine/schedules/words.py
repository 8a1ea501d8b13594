"""Schedules in words; what has no short words that are surely right stays as it is written."""

from __future__ import annotations

import calendar
import re
from typing import Final

from engine.cron import NAMES
from engine.schedules.schedule import Schedule

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHORT: Final = {name[:3].lower(): number for number, name in enumerate(_DAYS)}
_EVERY: Final = re.compile(r"\*/([1-9]\d?)\Z")
_NUMBER: Final = re.compile(r"\d{1,2}\Z")
_NTH: Final = re.compile(r"([a-z]{3}|\d)#([1-5])\Z")
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth")


def words(schedule: Schedule) -> str:
    """`weekdays at 07:00`, `every 1h30m`, `once at 2026-12-24T18:00`, with what is left out."""
    if schedule.kind == "interval":
        said = schedule.text
    elif schedule.kind == "at":
        said = (
            f"once at {schedule.text}" if len(schedule.times) == 1 else f"{len(schedule.times)} times: {schedule.text}"
        )
    else:
        said = cron_words(schedule.text)
    return f"{said}, except on its calendars' days" if schedule.excluded else said


def cron_words(expression: str) -> str:
    """`weekdays at 07:00` for `0 7 * * 1-5`; the expression itself where no short words are surely right."""
    fields = NAMES.get(expression.strip().lower(), expression).split()
    second = "0"
    if len(fields) == 6:
        second, *fields = fields
    if len(fields) != 5:
        return expression
    minute, hour, day, month, weekday = fields
    days = _days(day, weekday.lower())
    times = _seconds(second, minute, hour)
    months = _months(month)
    if days is None or times is None or months is None:
        return expression
    if times.startswith("at "):
        return f"{days or 'daily'} {times}{months}"
    return f"{times}, {days}{months}" if days else f"{times}{months}"


def _seconds(second: str, minute: str, hour: str) -> str | None:
    """When on such a day, to the second."""
    if second in ("0", "00"):
        return _times(minute, hour)
    every = _EVERY.match(second)
    if minute == hour == "*":
        if second == "*":
            return "every second"
        if every is not None and 60 % int(every[1]) == 0:
            return "every second" if every[1] == "1" else f"every {every[1]} seconds"
    if _number(second, 59) is None:
        return None
    times = _times(minute, hour)
    if times is None:
        return None
    if times.startswith("at "):
        return ", ".join(f"{time}:{int(second):02}" for time in times.split(", "))
    return f"{times}, {int(second)} s past" if int(second) else times


def _times(minute: str, hour: str) -> str | None:
    """When on such a day."""
    every = _EVERY.match(minute)
    if hour == "*":
        if minute == "*":
            return "every minute"
        if every is not None and 60 % int(every[1]) == 0:
            return "every minute" if every[1] == "1" else f"every {every[1]} minutes"
        at = _number(minute, 59)
        return None if at is None else "hourly" if at == 0 else f"hourly at :{at:02}"
    at = _number(minute, 59)
    if at is None:
        return None
    every = _EVERY.match(hour)
    if every is not None and 24 % int(every[1]) == 0 and int(every[1]) > 1:
        return f"every {every[1]} hours" + (f" at :{at:02}" if at else "")
    hours = [_number(part, 23) for part in hour.split(",")]
    if None in hours:
        return None
    return "at " + ", ".join(f"{part:02}:{at:02}" for part in hours)


def _days(day: str, weekday: str) -> str | None:
    """On which days; empty for every day, None when there are no short words for it."""
    if day == "*":
        return _nth(weekday) or _weekdays(weekday)
    if weekday != "*":
        return None
    if day.upper() == "L":
        return "on the last day of each month"
    if day.upper() == "LW":
        return "on the last weekday of each month"
    number = _number(day, 31)
    return f"on day {number} of each month" if number else None


def _nth(field: str) -> str | None:
    found = _NTH.match(field)
    number = _weekday(found[1]) if found else None
    if found is None or number is None:
        return None
    return f"on the {_ORDINALS[int(found[2]) - 1]} {_DAYS[number % 7]} of each month"


def _weekdays(field: str) -> str | None:
    if field == "*":
        return ""
    numbers: set[int] = set()
    for part in field.split(","):
        ends = [_weekday(end) for end in part.split("-")]
        known = [end for end in ends if end is not None]
        if len(known) != len(ends) or len(known) > 2 or known[0] > known[-1]:
            return None
        numbers.update(number % 7 for number in range(known[0], known[-1] + 1))
    if len(numbers) == 7:
        return ""
    if numbers == {1, 2, 3, 4, 5}:
        return "weekdays"
    if numbers == {0, 6}:
        return "weekends"
    return ", ".join(f"{_DAYS[number]}s" for number in sorted(numbers, key=lambda number: number or 7))


def _weekday(text: str) -> int | None:
    return _SHORT[text] if text in _SHORT else _number(text, 7)


def _months(field: str) -> str | None:
    """In which months; empty for all."""
    if field == "*":
        return ""
    names = [name.lower() for name in calendar.month_abbr]
    found = []
    for part in field.lower().split(","):
        number = names.index(part) if part and part in names else _number(part, 12)
        if not number:
            return None
        found.append(calendar.month_name[number])
    return f" in {', '.join(found)}"


def _number(text: str, most: int) -> int | None:
    return int(text) if _NUMBER.match(text) and int(text) <= most else None
