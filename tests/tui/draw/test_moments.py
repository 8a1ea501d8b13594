"""Moments as people type them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from flowdesk.tui.draw.moments import moment

NOW = datetime(2026, 11, 24, 12, 4, 31, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("now", "2026-11-24T13:04:31+01:00"),
        (" NOW ", "2026-11-24T13:04:31+01:00"),
        ("3d", "2026-11-21T13:04:31+01:00"),
        ("12h ago", "2026-11-24T01:04:31+01:00"),
        ("30 m ago", "2026-11-24T12:34:31+01:00"),
        ("07:00", "2026-11-24T07:00:00+01:00"),
        ("2026-11-20", "2026-11-20T00:00:00+01:00"),
        ("2026-07-20 07:00", "2026-07-20T07:00:00+02:00"),
        ("2026-11-20t07:00:01z", "2026-11-20T07:00:01+00:00"),
        ("2026-11-20T07:00-05:00", "2026-11-20T07:00:00-05:00"),
    ],
)
def test_without_an_offset_it_is_meant_in_the_zone(typed: str, meant: str) -> None:
    assert moment(typed, NOW, BERLIN).isoformat() == meant


def test_a_zone_that_is_not_known_leaves_that_of_this_terminal() -> None:
    assert moment("07:00", NOW, None).isoformat() == "2026-11-24T07:00:00+00:00"


@pytest.mark.parametrize("typed", ["", "soon", "3", "3y", "99999d", "2026-13-01", "25:00", "2026-11-20 7"])
def test_what_is_no_moment_is_told_with_examples(typed: str) -> None:
    with pytest.raises(ValueError, match="2026-11-20 07:00"):
        moment(typed, NOW, BERLIN)
