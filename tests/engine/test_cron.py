"""Cron expressions: what they mean, when the clock is moved, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from engine.cron import NAMES, check, fires, is_fixed, next_fire, says
from engine.errors import Invalid
from engine.schedules.schedule import Schedule
from engine.schedules.timetable import newest


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def shown(expr: str, tz: str, after: str, count: int) -> list[str]:
    found: list[str] = []
    at: int | None = ms(after)
    for _ in range(count):
        assert at is not None
        at = next_fire(expr, tz, at)
        assert at is not None
        found.append(datetime.fromtimestamp(at / 1000, UTC).strftime("%m-%d %H:%M"))
    return found


@pytest.mark.parametrize(
    ("expr", "tz", "after", "expected"),
    [
        ("30 2 * * *", "Europe/London", "2026-03-28", ["03-28 02:30", "03-29 01:30", "03-30 01:30"]),
        ("30 1 * * *", "Europe/London", "2026-03-28", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        ("30 1 * * *", "Europe/London", "2026-10-24", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        ("30 2 * * *", "America/New_York", "2026-03-07", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("30 1 * * *", "America/New_York", "2026-10-31", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-03", ["10-03 15:30", "10-04 15:15", "10-05 15:15"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-04", ["04-04 14:45", "04-05 15:15", "04-06 15:15"]),
        ("0 9 * * *", "Asia/Kathmandu", "2026-03-28", ["03-28 03:15", "03-29 03:15", "03-30 03:15"]),
        ("30 2 * * *", "UTC", "2026-03-28", ["03-28 02:30", "03-29 02:30", "03-30 02:30"]),
        ("*/30 * * * *", "America/New_York", "2026-03-08T06:00", ["03-08 06:30", "03-08 07:00", "03-08 07:30"]),
        ("*/30 * * * *", "America/New_York", "2026-11-01T05:00", ["11-01 05:30", "11-01 06:00", "11-01 06:30"]),
        ("0 30 2 * * *", "America/New_York", "2026-03-07", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("00 30 1 * * *", "America/New_York", "2026-10-31", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
        ("15 30 2 * * *", "America/New_York", "2026-03-07", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        ("15 30 1 * * *", "America/New_York", "2026-10-31", ["10-31 05:30", "11-01 05:30", "11-02 06:30"]),
    ],
)
def test_daylight_saving(expr: str, tz: str, after: str, expected: list[str]) -> None:
    """Row 13: a time in the gap runs right after it, a repeated hour runs once, `*` jobs follow real time."""
    assert shown(expr, tz, after, 3) == expected


def test_a_repeated_hour_never_leads_back_in_time() -> None:
    """Row 13: asked inside the second showing of an hour, the answer is tomorrow and not half an hour ago."""
    second_showing = ms("2026-11-01T06:10")  # 01:10 in New York, for the second time
    assert next_fire("30 1 * * *", "America/New_York", second_showing) == ms("2026-11-02T06:30")
    back = newest(Schedule("cron", "30 1 * * *", "America/New_York"), ms("2026-10-30"), second_showing, 2)
    assert back == [ms("2026-10-31T05:30"), ms("2026-11-01T05:30")]


@pytest.mark.parametrize(
    ("expr", "after", "expected"),
    [
        ("* * * * *", "2026-11-23T09:12:00", "2026-11-23T09:13:00"),
        ("* * * * *", "2026-11-23T09:12:59.999", "2026-11-23T09:13:00"),
        ("*/10 * * * * *", "2026-11-23T09:12:03", "2026-11-23T09:12:10"),
        ("5 0 9 * * *", "2026-11-23T09:00:05", "2026-11-24T09:00:05"),
        ("@daily", "2026-11-23T09:12", "2026-11-24"),
        ("@Hourly", "2026-11-23T09:12", "2026-11-23T10:00"),
        ("0 0 29 2 *", "2026-11-23", "2028-02-29"),
        ("0 9 * * MON-FRI", "2026-11-21", "2026-11-23T09:00"),
        ("0 0 L * *", "2026-11-23", "2026-11-30"),
    ],
)
def test_next_fire(expr: str, after: str, expected: str) -> None:
    assert next_fire(expr, "UTC", ms(after)) == ms(expected)


@pytest.mark.parametrize(
    "expr",
    [
        *(
            "",
            "* * * *",
            "* * * * * * *",
            "61 * * * *",
            "a b c d e",
            "*/0 * * * *",
            "5-1 * * * *",
            "1#2/3 * * * *",
            "@never",
        ),
        *("* * * * 1#2/3", "* * * * L", "0 0 * * 1#6", "٣ * * * *", "0 0 30 2 *", "0 0 31 4,6 *", "\x00 * * * *"),
    ],
)
def test_bad_expressions_are_refused(expr: str) -> None:
    """Row 14: whatever cannot be read, or has a day no month has."""
    (problem,) = check(expr, "UTC")
    assert problem.code == "cron"
    assert problem.hint
    with pytest.raises(Invalid) as caught:
        next_fire(expr, "UTC", 0)
    assert caught.value.code == "cron"


def test_an_expression_that_never_comes_up_is_refused() -> None:
    """Row 14: the fifth Monday of a February before the year 2100 exists, a thirteenth Friday on the 14th does not."""
    assert check("0 0 * 2 1#5", None) == []
    (problem,) = check("0 0 */31 2 1#2", None)
    assert problem.code == "cron_never"
    assert next_fire("0 0 */31 2 1#2", "UTC", ms("2026-01-01")) is None


@pytest.mark.parametrize(
    "tz", ["Mars/Olympus", "", "Europe", "../../etc/passwd", "/etc/localtime", "\x00", "europe/berlin "]
)
def test_unknown_time_zones_are_refused(tz: str) -> None:
    """Row 14: only names of the database, and no paths."""
    (problem,) = check("@daily", tz)
    assert problem.code == "timezone"
    assert problem.hint
    with pytest.raises(Invalid):
        next_fire("@daily", tz, 0)


def test_the_nearest_time_zone_is_suggested() -> None:
    (problem,) = check("@daily", "Europe/Berln")
    assert problem.hint == "did you mean Europe/Berlin?"


def test_all_names_are_good() -> None:
    assert [name for name in NAMES if check(name, "UTC")] == []


def test_the_end_of_the_calendar_is_no_error() -> None:
    assert next_fire("0 0 1 1 *", "America/New_York", ms("9999-12-30")) is None


@pytest.mark.parametrize(
    ("expr", "fixed"),
    [("0 9 * * *", True), ("5 0 9 * * *", True), ("*/5 9 * * *", False), ("0 * * * *", False), ("@daily", True)],
)
def test_fixed_times_are_told_from_those_that_follow_real_time(expr: str, fixed: bool) -> None:
    assert is_fixed(expr) is fixed


def test_several_seconds_of_a_minute() -> None:
    found = list(islice(fires("0,30 59 23 * * *", "UTC", ms("2026-11-23T23:59:00")), 3))
    assert found == [ms("2026-11-23T23:59:30"), ms("2026-11-24T23:59:00"), ms("2026-11-24T23:59:30")]


def test_what_an_expression_says() -> None:
    assert says("30 2 * * *", datetime(2026, 3, 8, 2, 30, tzinfo=UTC))
    assert not says("30 2 * * *", datetime(2026, 3, 8, 3, 0, tzinfo=UTC))
