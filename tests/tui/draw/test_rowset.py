"""Which rows are shown, what changed, and what is kept when the first page is read again."""

from __future__ import annotations

import pytest
from rich.text import Text

from flowdesk.tui.draw.rowset import Column, RowSet

Row = dict[str, str]


@pytest.fixture
def rows() -> RowSet[Row]:
    """Three rows."""
    made = RowSet([Column[Row]("name", "Name", lambda row: Text(row["name"]))], lambda row: row["id"])
    made.put([_row("1", "c"), _row("2", "b"), _row("3", "a")])
    return made


def _row(key: str, name: str) -> Row:
    return {"id": key, "name": name}


def test_only_what_changed_is_told_while_the_same_rows_are_shown(rows: RowSet[Row]) -> None:
    assert rows.put([_row("1", "c"), _row("2", "new"), _row("3", "a")]) == ["2"]
    assert rows.put([_row("2", "new"), _row("1", "c"), _row("3", "a")]) is None
    assert rows.put([_row("2", "new")]) is None


def test_a_change_that_leaves_the_filter_shows_other_rows(rows: RowSet[Row]) -> None:
    rows.filter = "b"
    rows.arrange()
    assert rows.put([_row("1", "c"), _row("2", "x"), _row("3", "a")]) is None
    assert rows.shown == []


def test_further_pages_stay_when_the_first_is_read_again(rows: RowSet[Row]) -> None:
    assert rows.after([_row("9", "new"), _row("1", "c")]) == [_row("2", "b"), _row("3", "a")]
    assert rows.after([_row("2", "b"), _row("1", "c")]) == [_row("3", "a")], "none of them twice"
    assert rows.after([_row("9", "new")]) == [], "a page of new ones only: nobody knows what is between"
    assert rows.after([]) == []
