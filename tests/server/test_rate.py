"""The arithmetic of rates, as tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.rate import Rate, parse_rate, spend

TEN = Rate(10, 60)


@pytest.mark.parametrize(
    ("text", "rate", "shown"),
    [
        ("100/s", Rate(100, 1), "100/s"),
        ("3000/min", Rate(3000, 60), "3000/min"),
        (" 20 / 10 min ", Rate(20, 600), "20/10min"),
        ("5000/H", Rate(5000, 3600), "5000/h"),
        ("1/d", Rate(1, 86_400), "1/d"),
        ("7/90s", Rate(7, 90), "7/90s"),
    ],
)
def test_a_rate_as_people_write_it(text: str, rate: Rate, shown: str) -> None:
    assert parse_rate(text) == rate
    assert str(rate) == shown


@pytest.mark.parametrize("text", ["off", "OFF", " off "])
def test_no_rate(text: str) -> None:
    assert parse_rate(text) is None


@pytest.mark.parametrize(
    "text", ["", "0/s", "10", "10/", "/s", "1/0s", "-1/s", "1.5/s", "10/week", "1/s2", "9" * 10 + "/s"]
)
def test_no_sense(text: str) -> None:
    with pytest.raises(ValueError, match="such as 100/s"):
        parse_rate(text)


def test_a_whole_window_may_come_at_once_and_then_one_share_at_a_time() -> None:
    """Row 20."""
    state = None
    for left in range(9, -1, -1):
        standing, state = spend(TEN, state, 100.0)
        assert (standing.remaining, standing.wait_s) == (left, 0)
    refused, unchanged = spend(TEN, state, 100.0)
    assert (refused.remaining, refused.wait_s, refused.full_s) == (0, 6.0, 60.0)
    assert unchanged == state
    again, state = spend(TEN, state, 106.0)
    assert (again.remaining, again.wait_s) == (0, 0)
    assert spend(TEN, state, 106.0)[0].wait_s == 6.0
    rested, _ = spend(TEN, state, 10_000.0)
    assert (rested.remaining, rested.full_s) == (9, 6.0)


def test_a_clock_that_was_set_back_keeps_nobody_out_for_long() -> None:
    """Row 12: at most one window."""
    _, state = spend(TEN, None, 1_000_000.0)
    standing, _ = spend(TEN, state, 0.0)
    assert 0 < standing.wait_s <= TEN.window_s


@given(
    limit=st.integers(1, 1000),
    window=st.integers(1, 3600),
    steps=st.lists(st.floats(0, 10, allow_nan=False), min_size=1, max_size=60),
)
def test_no_window_ever_sees_more_than_twice_its_number(limit: int, window: int, steps: list[float]) -> None:
    """Row 20: and whoever waits as long as told is let in."""
    rate, state, now, let_in = Rate(limit, window), None, 0.0, []
    for step in steps:
        now += step
        standing, state = spend(rate, state, now)
        if standing.wait_s:
            now += standing.wait_s + 1e-6
            standing, state = spend(rate, state, now)
        assert standing.wait_s == 0
        let_in.append(now)
    for first in let_in:
        assert sum(first <= at < first + window for at in let_in) <= 2 * limit
