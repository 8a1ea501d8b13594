"""Cron against brute force: every minute of a few days is asked for itself, by code that shares nothing with ours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.cron import fires
from engine.schedules.schedule import Schedule
from engine.schedules.timetable import between, newest

MINUTE = timedelta(minutes=1)
CHANGES = {
    "America/New_York": ("2026-03-08", "2026-11-01"),
    "Europe/London": ("2026-03-29", "2026-10-25"),
    "Australia/Lord_Howe": ("2026-04-05", "2026-10-04"),
    "Asia/Kathmandu": ("1986-01-01", "2026-06-01"),
    "UTC": ("2026-03-29", "2026-10-25"),
}
"""Zones, and days on which their clocks are moved (Kathmandu's last in 1986, by a quarter of an hour)."""
DAYS = [(zone, day) for zone, days in CHANGES.items() for day in days]


def members(field: str, low: int, high: int) -> set[int]:
    """The values a field names."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        ends = (low, high) if span == "*" else (int(first), int(last or first))
        found.update(range(ends[0], ends[1] + 1, int(step or 1)))
    return found


def brute(expr: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    """Every time after `start` and up to `end` by Debian's rule."""
    minute, hour, day, month, weekday = expr.split()
    minutes, hours = members(minute, 0, 59), members(hour, 0, 23)
    days, months = members(day, 1, 31), members(month, 1, 12)
    weekdays = {number % 7 for number in members(weekday, 0, 7)}
    both = day.startswith("*") or weekday.startswith("*")

    def named(at: datetime) -> bool:
        in_days, in_week = at.day in days, at.isoweekday() % 7 in weekdays
        today = (in_days and in_week) if both else (in_days or in_week)
        return at.minute in minutes and at.hour in hours and at.month in months and today

    tz = ZoneInfo(zone)
    found = set()
    at = start.replace(second=0, microsecond=0) - timedelta(days=1)
    while at <= end + timedelta(days=1):
        if minute.startswith("*") or hour.startswith("*"):
            if named(at.astimezone(tz)):
                found.add(at)
        elif named(at):  # the minute as a clock shows it
            real = at.replace(tzinfo=tz, fold=0)
            while real.astimezone(UTC).astimezone(tz).replace(tzinfo=None) != real.replace(tzinfo=None):
                real += MINUTE
            found.add(real.astimezone(UTC))
        at += MINUTE
    return sorted(one for one in found if start < one <= end)


def ours(expr: str, zone: str, start: datetime, end: datetime) -> list[datetime]:
    found = []
    for at in fires(expr, zone, int(start.timestamp() * 1000)):
        if at > end.timestamp() * 1000:
            break
        found.append(datetime.fromtimestamp(at / 1000, UTC))
    return found


@pytest.mark.parametrize(("zone", "day"), DAYS)
@pytest.mark.parametrize(
    "expr",
    ["30 1 * * *", "0,15,30,45 2 * * *", "30 0-3 * * *", "0 * * * *", "*/20 * * * *", "*/30 1,2 * * *", "15 */2 * * *"],
)
def test_the_days_on_which_clocks_are_moved(zone: str, day: str, expr: str) -> None:
    """Row 13, R8: New York, London, Lord Howe, Kathmandu and UTC, in both directions."""
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) - timedelta(days=1)
    end = start + timedelta(days=2, hours=12)
    assert ours(expr, zone, start, end) == brute(expr, zone, start, end)


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    pair = st.tuples(number, number).map(sorted)
    return st.one_of(
        st.just("*"),
        number.map(str),
        st.integers(2, 31).map("*/{}".format),
        pair.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        pair.map(lambda two: f"{two[0]},{two[1]}"),
    )


EXPRESSIONS = st.tuples(
    fields(0, 59), fields(0, 23), fields(1, 28), st.sampled_from(["*", "*", "3-4", "10,11"]), fields(0, 7)
).map(" ".join)


def agree(expr: str, where: tuple[str, str], minutes: int, hours: int) -> None:
    zone, day = where
    start = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(minutes=minutes)
    end = start + timedelta(hours=hours)
    expected = brute(expr, zone, start, end)
    assert ours(expr, zone, start, end) == expected
    schedule = Schedule("cron", expr, zone)
    since, until = int(start.timestamp() * 1000), int(end.timestamp() * 1000)
    assert newest(schedule, since, until, 3) == list(between(schedule, since, until))[-3:]


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS, st.sampled_from(DAYS), st.integers(-2000, 1000), st.integers(1, 40))
def test_any_expression(expr: str, where: tuple[str, str], minutes: int, hours: int) -> None:
    """Row 13: around a change of the clocks, from any minute on, and the last ones found by looking back."""
    agree(expr, where, minutes, hours)


@pytest.mark.long
@settings(max_examples=2000, deadline=None)
@given(EXPRESSIONS, st.sampled_from(DAYS), st.integers(-2000, 1000), st.integers(1, 60))
def test_many_expressions(expr: str, where: tuple[str, str], minutes: int, hours: int) -> None:
    """Row 13."""
    agree(expr, where, minutes, hours)
