"""Days on which nothing starts."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice

import pytest

from engine.schedules.calendars import check_entry, easter, excludes
from engine.schedules.schedule import Schedule
from engine.schedules.timetable import first, upcoming
from tests.engine.schedules.times import NINE, ms


@pytest.mark.parametrize(
    ("entry", "days"),
    [
        ("2026-12-25", ["2026-12-25"]),
        ("12-25", ["2026-12-25"]),
        ("2026-12-30..2027-01-02", ["2026-12-30", "2026-12-31"]),
        ("01-31..02-02", ["2026-01-31", "2026-02-01", "2026-02-02"]),
        ("12-31..01-01", ["2026-01-01", "2026-12-31"]),
        ("02-29", []),
        ("4th Thu Nov", ["2026-11-26"]),
        ("last mon may", ["2026-05-25"]),
        ("5th  sat  oct", ["2026-10-31"]),
        ("easter", ["2026-04-05"]),
        ("easter-2", ["2026-04-03"]),
        ("Easter + 49", ["2026-05-24"]),
    ],
)
def test_the_days_of_2026(entry: str, days: list[str]) -> None:
    assert check_entry(entry) is None
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day.isoformat() for day in year if excludes((entry,), day)] == days


@pytest.mark.parametrize(("entry", "count"), [("sat", 52), ("sunday", 52), ("1st mon", 12), ("last fri", 12)])
def test_days_that_come_often(entry: str, count: int) -> None:
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert sum(excludes((entry,), day) for day in year) == count


@pytest.mark.parametrize(
    ("year", "day"), [(1961, "04-02"), (2000, "04-23"), (2008, "03-23"), (2038, "04-25"), (2285, "03-22")]
)
def test_easter(year: int, day: str) -> None:
    assert easter(year).strftime("%m-%d") == day


@pytest.mark.parametrize(
    "entry",
    [
        *("", "christmas", "2026-02-30", "13-01", "2026-12-25..12-26", "2026-12-26..2026-12-25", "6th mon", "1st foo"),
        *("easter+999", "..", "12-25..", "٢٠٢٦-12-25", "2026-12-25; DROP TABLE", "0000-01-01"),
    ],
)
def test_what_is_no_day_is_refused(entry: str) -> None:
    problem = check_entry(entry)
    assert problem is not None
    assert problem.code == "calendar"
    assert problem.hint is not None
    assert "2026-12-25" in problem.hint


def test_a_schedule_leaves_its_days_out() -> None:
    schedule = Schedule("cron", "0 9 * * *", "UTC", excluded=("sat", "sun", "12-24..12-26"))
    found = list(islice(upcoming(schedule, ms("2026-12-22T12:00")), 3))
    assert found == [ms("2026-12-23T09:00"), ms("2026-12-28T09:00"), ms("2026-12-29T09:00")]


def test_a_day_is_that_of_the_zone() -> None:
    """23:00 UTC on the 24th is the 25th in Kathmandu."""
    schedule = Schedule("cron", "45 4 * * *", "Asia/Kathmandu", excluded=("12-25",))
    assert first(schedule, ms("2026-12-24T12:00")) == ms("2026-12-25T23:00")


@pytest.mark.parametrize("cron", ["* * * * * *", "0 9 * * 6", "0 0 1 1 *"])
def test_a_schedule_all_of_whose_days_are_left_out_has_no_time(cron: str) -> None:
    """It is found out quickly, too."""
    every_day = ("sat", "sun", "mon", "tue", "wed", "thu", "fri") if cron[0] == "*" else ("sat", "01-01")
    assert first(Schedule("cron", cron, "UTC", excluded=every_day), NINE) is None
