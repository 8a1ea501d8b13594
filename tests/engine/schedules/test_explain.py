"""What a schedule comes to: gaps, overlaps and outages."""

from __future__ import annotations

from typing import Any

import pytest

from engine.schedules.explain import clock_changes, occurrences, outage
from engine.schedules.schedule import Schedule
from tests.engine.schedules.times import DAY, HOUR, MINUTE, NINE, ms


@pytest.mark.parametrize(
    ("expr", "zone", "after", "expected"),
    [
        ("30 2 * * *", "America/New_York", "2026-03-07", [None, "gap", None]),
        ("30 1 * * *", "America/New_York", "2026-10-31", [None, "overlap", None]),
        ("30 1 * * *", "Europe/London", "2026-03-28", [None, "gap", None]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00", [None, "gap", None]),
        ("45 1 * * *", "Australia/Lord_Howe", "2026-04-03T12:00", [None, "overlap", None]),
        ("30 2 * * *", "Asia/Kathmandu", "2026-03-28", [None, None, None]),
        ("30 2 * * *", "UTC", "2026-03-28", [None, None, None]),
        ("0 * * * *", "America/New_York", "2026-11-01T04:30", ["overlap", "overlap", None]),
    ],
)
def test_gaps_and_overlaps_are_marked(expr: str, zone: str, after: str, expected: list[str | None]) -> None:
    """Row 13."""
    found = occurrences(Schedule("cron", expr, zone), ms(after), None, 3)
    assert [one.note for one in found] == expected


@pytest.mark.parametrize(
    ("zone", "changes"),
    [
        ("America/New_York", [("2026-03-08T07:00", "gap", 60), ("2026-11-01T06:00", "overlap", 60)]),
        ("Europe/London", [("2026-03-29T01:00", "gap", 60), ("2026-10-25T01:00", "overlap", 60)]),
        ("Australia/Lord_Howe", [("2026-04-04T15:00", "overlap", 30), ("2026-10-03T15:30", "gap", 30)]),
        ("Asia/Kathmandu", []),
        ("UTC", []),
    ],
)
def test_clock_changes_of_a_year(zone: str, changes: list[tuple[str, str, int]]) -> None:
    """Row 13: to the second."""
    found = clock_changes(zone, ms("2026-01-01"), ms("2027-01-01"))
    assert [(one.at, one.kind, abs(one.after - one.before)) for one in found] == [
        (ms(at), kind, minutes) for at, kind, minutes in changes
    ]


@pytest.mark.parametrize(
    ("more", "lasted", "came_up", "run", "missed", "left_out"),
    [
        ({}, 30 * MINUTE, 6, 1, 5, 0),
        ({"misfire": "skip"}, 30 * MINUTE, 6, 1, 5, 0),
        ({"misfire": "skip"}, 32 * MINUTE, 6, 0, 6, 0),
        ({"misfire": "all"}, 30 * MINUTE, 6, 1, 0, 5),
        ({"misfire": "all", "overlap": "queue"}, 30 * MINUTE, 6, 6, 0, 0),
        ({"misfire": "all", "overlap": "parallel", "grace_ms": DAY}, 2 * HOUR, 24, 10, 14, 0),
        ({"misfire": "all", "overlap": "cancelPrevious"}, 30 * MINUTE, 6, 1, 0, 5),
    ],
)
def test_an_outage(more: dict[str, Any], lasted: int, came_up: int, run: int, missed: int, left_out: int) -> None:
    """Rows 16 and 17: simulated by the planner that will do it."""
    found = outage(Schedule("cron", "*/5 * * * *", "UTC", **more), NINE, lasted)
    assert (found.came_up, len(found.run), found.missed, found.left_out) == (came_up, run, missed, left_out)
    assert found.came_up == len(found.run) + found.missed + found.left_out
