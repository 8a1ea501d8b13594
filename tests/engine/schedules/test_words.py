"""Cron in words: right, or as it is written."""

from __future__ import annotations

import pytest

from engine.schedules.schedule import Schedule
from engine.schedules.words import cron_words, words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 7 * * 1-5", "weekdays at 07:00"),
        ("0 7 * * mon-fri", "weekdays at 07:00"),
        ("30 6,18 * * *", "daily at 06:30, 18:30"),
        ("0 * * * *", "hourly"),
        ("5 * * * *", "hourly at :05"),
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/5 * * * 1-5", "every 5 minutes, weekdays"),
        ("0 */6 * * *", "every 6 hours"),
        ("0 0 1 * *", "on day 1 of each month at 00:00"),
        ("0 9 * * 6,0", "weekends at 09:00"),
        ("0 9 * * 5-7", "Fridays, Saturdays, Sundays at 09:00"),
        ("@weekly", "Sundays at 00:00"),
        ("@yearly", "on day 1 of each month at 00:00 in January"),
        ("0 7 * 1 *", "daily at 07:00 in January"),
        ("0 7 * jun,jul *", "daily at 07:00 in June, July"),
        ("0 7 L * *", "on the last day of each month at 07:00"),
        ("0 7 LW * *", "on the last weekday of each month at 07:00"),
        ("0 7 * * 1#2", "on the second Monday of each month at 07:00"),
        ("0 0 7 * * *", "daily at 07:00"),
        ("15 30 7 * * 1-5", "weekdays at 07:30:15"),
        ("*/10 * * * * *", "every 10 seconds"),
        ("* * * * * *", "every second"),
        ("30 * * * * *", "every minute, 30 s past"),
    ],
)
def test_common_forms(expression: str, words: str) -> None:
    assert cron_words(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "0 7 1 * 1",
        "*/7 * * * *",
        "0 */5 * * *",
        "99 7 * * *",
        "0 7 * * fri-mon",
        "0 7 32 * *",
        "0 7 * 13 *",
        "*/7 * * * * *",
        "0 7 * * 1#6",
        "0 0 1,15 * *",
        "0 7 * * -",
    ],
)
def test_everything_else_stays_as_it_is(expression: str) -> None:
    assert cron_words(expression) == expression


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        (Schedule("interval", "every 1h30m", "UTC", every_ms=5_400_000), "every 1h30m"),
        (Schedule("at", "2026-12-24T18:00", "UTC", times=(1,)), "once at 2026-12-24T18:00"),
        (Schedule("at", "a, b", "UTC", times=(1, 2)), "2 times: a, b"),
        (Schedule("cron", "@daily", "UTC", excluded=("sat",)), "daily at 00:00, except on its calendars' days"),
    ],
)
def test_other_kinds(schedule: Schedule, said: str) -> None:
    assert words(schedule) == said
