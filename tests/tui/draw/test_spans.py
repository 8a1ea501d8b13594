"""Bars stand where and as long as something worked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdesk.tui.draw.spans import Axis, Span

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


AXIS = Axis(NOON, after(10))


@pytest.mark.parametrize(
    ("start", "end", "bar", "plain"),
    [
        (0, 10, "██████████", "##########"),
        (0, 5, "█████     ", "#####     "),
        (5, 7.5, "     ██▌  ", "     ###  "),
        (9, 9.001, "         ▏", "         |"),
        (10, 10, "         ▏", "         |"),
        (4, None, "    ████  ", "    ####  "),
    ],
)
def test_a_bar(start: float, end: float | None, bar: str, plain: str) -> None:
    span = Span(after(start), None if end is None else after(end))
    assert AXIS.bar(span, 10, after(8)) == bar
    assert AXIS.bar(span, 10, after(8), plain=True) == plain


def test_the_axis_is_over_all_and_until_now_while_something_goes_on() -> None:
    spans = [Span(after(2), after(3)), Span(after(1), after(6)), Span(after(4))]
    assert Axis.over(spans[:2], after(60)) == Axis(after(1), after(6))
    assert Axis.over(spans, after(60)) == Axis(after(1), after(60))
    assert Axis.over([], NOON).start == NOON


def test_a_span_of_what_the_server_says() -> None:
    assert Span.of({"startedAt": None}) is None
    span = Span.of({"startedAt": "2026-11-23T12:00:00.000Z", "finishedAt": "2026-11-23T12:00:02.500Z"})
    assert span == Span(NOON, after(2.5))
    assert span.length(after(100)) == timedelta(seconds=2.5)
    assert Span(after(5)).length(NOON) == timedelta()


@given(st.floats(-5, 15), st.floats(0, 20), st.integers(1, 40), st.booleans())
def test_a_bar_is_seen_and_never_too_wide(start: float, length: float, columns: int, plain: bool) -> None:
    bar = AXIS.bar(Span(after(start), after(start + length)), columns, NOON, plain)
    assert len(bar) == columns
    assert bar.strip()
