"""Values cut to a size for looking at."""

from __future__ import annotations

from typing import Any

import pytest

from engine.jsonio import dumps
from server.bounded import MAX_ITEMS, MAX_SIZE, MAX_TEXT, Cutter


@pytest.mark.parametrize("value", [None, True, 1, 1.5, "x", [], {}, {"a": [1, {"b": None}]}])
def test_what_is_small_stays_as_it_is(value: Any) -> None:
    cut = Cutter()
    assert cut(value) == value
    assert not cut.cut


def test_long_texts_lists_and_objects_end_early() -> None:
    for value, most in (("x" * (MAX_TEXT + 1), MAX_TEXT + 1), ([0] * 10_000, MAX_ITEMS)):
        cut = Cutter()
        assert len(cut(value)) == most
        assert cut.cut
    cut = Cutter()
    assert list(cut({str(n): n for n in range(1000)})) == [str(n) for n in range(MAX_ITEMS)]
    assert cut.cut


@pytest.mark.parametrize(
    "value",
    [
        ["x" * MAX_TEXT] * 150,
        [[["y"] * 150] * 150] * 150,
        {"k" * 5000 + str(n): n for n in range(150)},
        {"k" * 10 * MAX_SIZE: 1},
    ],
)
def test_the_whole_is_bounded_whatever_its_shape(value: Any) -> None:
    cut = Cutter()
    assert len(dumps([cut(value), cut(value)])) < 2 * MAX_SIZE
    assert cut.cut
