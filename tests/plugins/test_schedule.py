from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from tests.plugins.support import checked


@pytest.mark.parametrize(
    "cron", ["* * * * *", "*/15 9-17 * * MON-FRI", "0 0 29 2 *", "0 0 L * *", "30 * * * * *", "0 9 * * 1#1", "@daily"]
)
@pytest.mark.parametrize("timezone", [None, "UTC", "Europe/Berlin", "Australia/Lord_Howe"])
def test_accepts_what_the_scheduler_can_run(cron: str, timezone: str | None) -> None:
    assert checked("schedule.cron", {"cron": cron, "timezone": timezone}).cron == cron


@pytest.mark.parametrize(
    ("cron", "message"),
    [
        ("", "wrong number of fields"),
        ("* * * *", "wrong number of fields"),
        ("@never", "wrong number of fields"),
        ("61 * * * *", "bad minute"),
        ("* 25 * * *", "bad hour"),
        ("a b c d e", "bad minute"),
        ("*/0 * * * *", "bad minute"),
        ("5-1 * * * *", "bad minute"),
        ("0 0 30 2 *", "bad day-of-month"),
        ("0 0 */40 2 MON#5", "never comes up"),
        ("0 0 * * 1#2/3", "bad day-of-week"),
        ("* * * * " + "1," * 200, "at most 200 characters"),
        ("9" * 199 + " * * * *", "200 characters"),
    ],
)
def test_refuses_at_save(cron: str, message: str) -> None:
    """Row 14: a schedule that cannot be read, or never comes up, is a problem of the document, found quickly."""
    began = time.process_time()
    with pytest.raises(ValidationError, match=message):
        checked("schedule.cron", {"cron": cron})
    assert time.process_time() - began < 1


@pytest.mark.parametrize("zone", ["Mars/Olympus", "Europe", "../etc/passwd", "/etc/localtime", "", "a\x00b", "x" * 65])
def test_refuses_an_unknown_zone(zone: str) -> None:
    """Row 14: zones are names of the IANA database, and nothing else on the disk."""
    with pytest.raises(ValidationError):
        checked("schedule.cron", {"cron": "* * * * *", "timezone": zone})


@pytest.mark.parametrize("every", ["1s", "15m", "1h30m", "2d 6h", 1000, 90_000])
def test_accepts_intervals(every: str | int) -> None:
    assert checked("schedule.interval", {"every": every}).every == every


@pytest.mark.parametrize(
    ("ref", "params", "message"),
    [
        ("schedule.interval", {"every": "soon"}, "write a duration such as 90s"),
        ("schedule.interval", {"every": ""}, "write a duration such as 90s"),
        ("schedule.interval", {"every": "0m"}, "write a duration such as 90s"),
        ("schedule.interval", {"every": "15 m 3"}, "write a duration such as 90s"),
        ("schedule.interval", {"every": 999}, "between 1s and 366d"),
        ("schedule.interval", {"every": "9999d"}, "between 1s and 366d"),
        ("schedule.at", {"at": "tomorrow"}, "write 2026-12-24T18:00"),
        ("schedule.at", {"at": []}, "at least 1 item"),
        ("schedule.at", {"at": ["2026-12-24T25:00"]}, "write 2026-12-24T18:00"),
        ("schedule.cron", {"cron": "@daily", "startAt": "soon"}, "write 2026-12-24T18:00"),
        ("schedule.cron", {"cron": "@daily", "misfire": "some"}, "'skip', 'latest' or 'all'"),
        ("schedule.cron", {"cron": "@daily", "overlap": "kill"}, "'cancelPrevious'"),
        ("schedule.cron", {"cron": "@daily", "maxCatchUp": 101}, "less than or equal to 100"),
        ("schedule.cron", {"cron": "@daily", "jitter": 5}, "Extra inputs"),
    ],
)
def test_refuses_other_settings_at_save(ref: str, params: dict[str, object], message: str) -> None:
    """Row 14."""
    with pytest.raises(ValidationError, match=message):
        checked(ref, params)
