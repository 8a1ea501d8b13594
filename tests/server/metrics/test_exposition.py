"""The text format, and what counting comes to."""

from __future__ import annotations

import pytest

from server.metrics.exposition import Counter, Histogram, Sampled, gauge, number, render
from tests.server.metrics.parser import parse


def test_counters_count_each_combination_apart_and_show_the_known_ones() -> None:
    counter = Counter("a_total", "About a.", ("x", "y"), [("1", "2")])
    counter.add(("3", "4"))
    counter.add(("3", "4"), by=2)
    found = parse(render([counter]))
    assert found.get("a_total", x="1", y="2") == 0
    assert found.get("a_total", x="3", y="4") == counter.value(("3", "4")) == 3
    assert found.types == {"a_total": "counter"}


def test_a_histogram_is_cumulative_and_its_bounds_are_included() -> None:
    histogram = Histogram("h", "About h.", (0.1, 1))
    for value in (0.05, 0.1, 0.5, 7, -3):
        histogram.observe(value)
    found = parse(render([histogram]))
    assert [found.get("h_bucket", le=bound) for bound in ("0.1", "1", "+Inf")] == [3, 4, 5]
    assert found.get("h_sum") == pytest.approx(7.65)
    assert found.get("h_count") == 5


def test_a_histogram_without_labels_is_there_from_the_start_and_one_with_labels_is_not() -> None:
    text = render([Histogram("h", "h", (1,)), Histogram("l", "l", (1,), ("x",))])
    assert parse(text).get("h_count") == 0
    assert "TYPE l " not in text


def test_what_is_not_known_is_left_out() -> None:
    assert render([gauge("g", "g", None), Sampled("s", "s", labels=("x",))]) == ""
    assert render([gauge("g", "g", 0)]) == "# HELP g g\n# TYPE g gauge\ng 0\n"


def test_labels_and_help_are_escaped() -> None:
    nasty = 'a"b\\c\nd} 1\n# TYPE evil counter'
    text = render([Sampled("s", "one\ntwo \\ three", labels=("x",), values={(nasty,): 1})])
    assert parse(text).get("s", x=nasty) == 1
    assert len(text.splitlines()) == 3


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3.0, "3"),
        (0.25, "0.25"),
        (1e-7, "1e-07"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (2.0**70, str(2**70)),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text
