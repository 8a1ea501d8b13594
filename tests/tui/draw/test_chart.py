"""Bars of runs and failures."""

from __future__ import annotations

from flowdesk.tui.draw.chart import chart


def drawn(hours: list[tuple[int, int]], height: int, width: int, *, ascii_only: bool = False) -> list[str]:
    rows = chart(hours, height, width, ascii_only=ascii_only)
    return ["".join(sign for sign, _bad in row) for row in rows]


def test_the_busiest_hour_reaches_the_top_and_little_is_more_than_nothing() -> None:
    assert drawn([(0, 0), (1, 0), (50, 0), (100, 0)], 2, 4) == ["   █", " ▁██"]


def test_failures_stand_at_the_bottom_with_a_sign_of_their_own() -> None:
    assert drawn([(100, 50), (100, 1), (10, 10)], 2, 3) == ["██ ", "▒█▂"]
    assert drawn([(100, 50), (100, 1), (10, 10)], 2, 3, ascii_only=True) == ["## ", "x#x"]
    assert [bad for _sign, bad in chart([(100, 50), (10, 10)], 2, 2)[1]] == [True, True]


def test_bars_are_as_wide_as_there_is_room_for_with_a_gap() -> None:
    assert drawn([(1, 0), (1, 0)], 1, 7) == ["██ ██ "]
    assert drawn([(1, 0), (1, 0)], 1, 1) == ["██"], "never nothing"


def test_a_day_without_runs_is_empty() -> None:
    assert drawn([(0, 0)] * 3, 1, 3) == ["   "]
    assert chart([], 2, 10) == [[], []]
