"""Text takes exactly the cells it is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from flowdesk.clean import clean
from flowdesk.tui.draw.fit import cells, cut, fit, right

TEXTS = st.text(alphabet=st.characters(codec="utf-8"), max_size=30).map(clean) | st.text(
    alphabet="ab日本e\u0301\U0001f600", max_size=30
)


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abc", 3, "abc"),
        ("abcdef", 4, "abc…"),
        ("日本語", 4, "日 …"),
        ("abc", 0, ""),
        ("", 2, "  "),
    ],
)
def test_fitting(text: str, columns: int, shown: str) -> None:
    assert fit(text, columns) == shown


@given(TEXTS, st.integers(1, 40))
def test_widths(text: str, columns: int) -> None:
    assert cell_len(fit(text, columns)) == columns
    assert cell_len(right(text, columns)) == columns
    assert cell_len(cut(text, columns)) <= columns


@given(st.text(alphabet="ab日本\U0001f600", max_size=30))
def test_cells_are_as_many_as_are_drawn(text: str) -> None:
    assert len(cells(text)) == cell_len(text)
    assert "".join(cells(text)) == text


def test_a_combining_character_joins_the_cell_before_it() -> None:
    assert cells("e\u0301x") == ["e\u0301", "x"]
    assert cells("日\u0301") == ["日\u0301", ""]
    assert cells("\u0301a") == ["a"]
