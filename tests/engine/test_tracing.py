"""Trace contexts: what is read as one, and which span belongs to what."""

from __future__ import annotations

import pytest

from engine.tracing import NoTracing, attempt_span, parse, span_id, within

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-01"),
        (f"00-{TRACE}-{SPAN}-00", f"00-{TRACE}-{SPAN}-00"),
        (f"00-{TRACE}-{SPAN}-ff", f"00-{TRACE}-{SPAN}-01"),
        (f"cc-{TRACE}-{SPAN}-01-what-comes-later", f"00-{TRACE}-{SPAN}-01"),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-01\n", None),
        (f"00-{TRACE}-{SPAN}", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_a_traceparent_is_read_as_w3c_says(text: str, read: str | None) -> None:
    found = parse(text)
    assert (None if found is None else str(found)) == read


def test_spans_follow_from_what_they_are_of() -> None:
    assert span_id("run") == span_id("run")
    assert len({span_id("r"), attempt_span("r", "a", 1), attempt_span("r", "a", 2), attempt_span("r", "b", 1)}) == 4
    assert len(attempt_span("r", "a", 11)) == 16


def test_a_run_that_is_not_traced_has_no_spans() -> None:
    assert within(None, SPAN) is None
    assert within("not one", SPAN) is None
    assert within(f"00-{TRACE}-{'1' * 16}-01", SPAN) == f"00-{TRACE}-{SPAN}-01"
    assert NoTracing().adopt("run") is None
