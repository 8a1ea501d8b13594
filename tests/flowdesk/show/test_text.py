from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from flowdesk.show.text import clock_time, day_time, duration, moment, pad, parse_time, shorten, width

BERLIN = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (None, ""),
        (0, "<1 ms"),
        (0.02, "<0.1 ms"),
        (0.42, "0.4 ms"),
        (12.3, "12 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (59_949, "59.9 s"),
        (59_960, "1 min 0 s"),
        (125_000, "2 min 5 s"),
        (3_600_000, "1 h 0 min"),
        (90_000_000, "1 d 1 h"),
    ],
)
def test_durations(ms: float | None, shown: str) -> None:
    assert duration(ms) == shown


def test_times_are_shown_in_the_reader_s_zone() -> None:
    assert clock_time("2026-11-23T09:12:00.123Z", BERLIN) == "10:12:00.123"
    assert day_time("2026-11-23T23:30:00.123Z", BERLIN) == "2026-11-24 00:30:00"
    assert clock_time(None) == " " * 12
    assert clock_time("soon") == " " * 12
    assert day_time(None) == ""
    assert parse_time("2026-11-23T09:12:00") == datetime(2026, 11, 23, 9, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("15m", "2026-11-23T11:45:00.000Z"),
        ("2h", "2026-11-23T10:00:00.000Z"),
        ("7d", "2026-11-16T12:00:00.000Z"),
        ("1w", "2026-11-16T12:00:00.000Z"),
        ("30s", "2026-11-23T11:59:30.000Z"),
        ("2026-11-23T09:00:00+01:00", "2026-11-23T08:00:00.000Z"),
        ("2026-11-23T09:00:00.250Z", "2026-11-23T09:00:00.250Z"),
    ],
)
def test_moments(given: str, meant: str) -> None:
    assert moment(given, datetime(2026, 11, 23, 12, tzinfo=UTC)) == meant


@pytest.mark.parametrize("given", ["", "m", "soon", "-5m", "99999999d", "1.5h"])
def test_what_is_no_moment(given: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        moment(given, datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_widths_count_columns_not_characters() -> None:
    assert width("abc") == 3
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert pad("日", 4) == "日  "
    assert shorten("日本語", 5) == "日本…"
    assert shorten("abc", 3) == "abc"
    assert shorten("abcd", 3) == "ab…"
