"""What is kept per key, as tables."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.limits.counting import last_of, reserve, take, without


def test_places_are_taken_until_there_are_none() -> None:
    assert take([], "a", 2) == ["a"]
    assert take(["a"], "b", 2) == ["a", "b"]
    assert take(["a", "b"], "c", 2) is None
    assert take(["a", "b"], "a", 2) == ["a", "b"], "who has a place keeps it"
    assert take(["a", "b", "c"], "d", 2) is None, "a limit that was lowered"
    assert without(["a", "b", "c"], {"b", "x"}) == ["a", "c"]


def test_starts_are_put_off_until_the_window_has_room() -> None:
    starts: list[int] = []
    planned = []
    for now in (0, 0, 0, 0, 5, 30):
        start = reserve(starts, now, 2, 10)
        starts = start.starts
        planned.append(start.at)
    assert planned == [0, 0, 10, 10, 20, 30]
    assert len(starts) == 2


@given(
    st.lists(st.integers(0, 30), max_size=60),
    st.integers(1, 5),
    st.integers(1, 50),
)
def test_no_window_ever_holds_more_starts_than_allowed(gaps: list[int], limit: int, window: int) -> None:
    starts: list[int] = []
    planned: list[int] = []
    now = 0
    for gap in gaps:
        now += gap
        start = reserve(starts, now, limit, window)
        starts = start.starts
        assert start.at >= now
        planned.append(start.at)
    assert planned == sorted(planned), "first come, first served"
    for index, at in enumerate(planned):
        assert sum(at <= other < at + window for other in planned[index:]) <= limit


def test_the_last_of_a_burst_takes_the_place_of_the_one_before() -> None:
    first = last_of(None, "a", 100, 50, None)
    assert (first.superseded, first.at) == (None, 150)
    second = last_of(first.value, "b", 120, 50, None)
    assert (second.superseded, second.at) == ("a", 170)
    after = last_of(second.value, "c", 171, 50, None)
    assert (after.superseded, after.at) == (None, 221), "the burst was over"


def test_a_burst_that_does_not_end_starts_a_run_all_the_same() -> None:
    known, planned = None, []
    for now in range(0, 200, 10):
        burst = last_of(known, str(now), now, 50, 100)
        known = burst.value
        planned.append((burst.superseded, burst.at))
    assert max(at for _, at in planned[:10]) == 100
    assert (None, 150) in planned, "a new burst begins once the run has started"
