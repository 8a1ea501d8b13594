"""Common cron expressions in words; anything else stays as it is written."""

from __future__ import annotations

import re
from typing import Final

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_SHORT: Final = {name[:3].lower(): number for number, name in enumerate(_DAYS)}
_ALIASES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
}
_EVERY: Final = re.compile(r"\*/([1-9]\d?)\Z")
_NUMBER: Final = re.compile(r"\d{1,2}\Z")


def cron_words(expression: str) -> str:
    """`weekdays at 07:00` for `0 7 * * 1-5`; the expression itself where no short words are surely right."""
    fields = _ALIASES.get(expression.strip().lower(), expression).split()
    if len(fields) != 5 or fields[3] != "*":
        return expression
    minute, hour, day, _month, weekday = fields
    days = _days(day, weekday)
    times = _times(minute, hour)
    if days is None or times is None:
        return expression
    if times.startswith("at "):
        return f"{days or 'daily'} {times}"
    return f"{times}, {days}" if days else times


def _times(minute: str, hour: str) -> str | None:
    """When on such a day."""
    every = _EVERY.match(minute)
    if hour == "*":
        if minute == "*":
            return "every minute"
        if every is not None and 60 % int(every[1]) == 0:
            return "every minute" if every[1] == "1" else f"every {every[1]} minutes"
        if _NUMBER.match(minute) and int(minute) < 60:
            return "hourly" if int(minute) == 0 else f"hourly at :{int(minute):02}"
        return None
    if not _NUMBER.match(minute) or int(minute) > 59:
        return None
    every = _EVERY.match(hour)
    if every is not None and 24 % int(every[1]) == 0 and int(every[1]) > 1:
        return f"every {every[1]} hours" + (f" at :{int(minute):02}" if int(minute) else "")
    hours = hour.split(",")
    if all(_NUMBER.match(part) and int(part) < 24 for part in hours):
        return "at " + ", ".join(f"{int(part):02}:{int(minute):02}" for part in hours)
    return None


def _days(day: str, weekday: str) -> str | None:
    """On which days; empty for every day, None when there are no short words for it."""
    if day == "*":
        return _weekdays(weekday.lower())
    if weekday != "*" or not _NUMBER.match(day) or not 1 <= int(day) <= 31:
        return None
    return f"on day {int(day)} of each month"


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
    if text in _SHORT:
        return _SHORT[text]
    return int(text) if _NUMBER.match(text) and int(text) <= 7 else None
