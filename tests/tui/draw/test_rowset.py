"""Which rows are shown, what changed, and what is kept when the first page is read again."""

from __future__ import annotations

import pytest
from rich.text import Text

from flowdesk.tui.draw.rowset import Column, RowSet, fitting, laid_out

Row = dict[str, str]


@pytest.fixture
def rows() -> RowSet[Row]:
    """Three rows."""
    made = RowSet([Column[Row]("name", "Name", lambda row: Text(row["name"]))], lambda row: row["id"])
    made.put([_row("1", "c"), _row("2", "b"), _row("3", "a")])
    return made


def _row(key: str, name: str) -> Row:
    return {"id": key, "name": name}


def test_the_widest_cell_of_each_column_is_known_until_nothing_is_held(rows: RowSet[Row]) -> None:
    rows.put([_row("1", "ccc"), _row("2", "\u65e5\u672c")])
    assert rows.widths == [4], "in cells, not characters"
    rows.put([_row("1", "c")])
    assert rows.widths == [4], "columns do not jump"
    rows.put([])
    assert rows.widths == [0]


def test_a_changed_thing_is_found_by_what_it_says_now(rows: RowSet[Row]) -> None:
    rows.filter = "b"
    rows.arrange()
    rows.put([_row("1", "c"), _row("2", "x"), _row("3", "ab")])
    assert rows.shown == ["3"]
    rows.add(_row("1", "b"))
    rows.arrange()
    assert rows.shown == ["1", "3"]


def test_a_title_sorts_then_turns_then_gives_the_order_of_the_server(rows: RowSet[Row]) -> None:
    seen = []
    for _ in range(3):
        rows.sort_by(rows.columns[0])
        seen.append(rows.shown)
    assert seen == [["3", "2", "1"], ["1", "2", "3"], ["1", "2", "3"]]
    assert rows.sorted_by is None


def test_cells_are_worked_out_once_for_each_thing() -> None:
    asked: list[str] = []

    def show(row: Row) -> Text:
        asked.append(row["id"])
        return Text(row["name"])

    made = RowSet([Column[Row]("name", "Name", show)], lambda row: row["id"])
    made.put([_row("1", "b"), _row("2", "a")])
    made.put([_row("1", "b"), _row("2", "a"), _row("3", "c")])
    made.filter = "a"
    made.sort_next()
    made.arrange()
    assert asked == ["1", "2", "3"]


def test_further_pages_stay_when_the_first_is_read_again(rows: RowSet[Row]) -> None:
    assert rows.after([_row("9", "new"), _row("1", "c")]) == [_row("2", "b"), _row("3", "a")]
    assert rows.after([_row("2", "b"), _row("1", "c")]) == [_row("3", "a")], "none of them twice"
    assert rows.after([_row("9", "new")]) == [], "a page of new ones only: nobody knows what is between"
    assert rows.after([]) == []


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (14, ["name"]),
        (29, ["name", "trigger"]),
        (30, ["name", "error"]),
        (34, ["name", "error"]),
        (37, ["name", "trigger", "error"]),
        (57, ["name", "trigger", "error"]),
        (58, ["name", "id", "error"]),
        (65, ["name", "id", "trigger", "error"]),
    ],
)
def test_wide_columns_are_there_where_there_is_room_the_later_ones_first(room: int, shown: list[str]) -> None:
    columns = [
        Column[Row]("name", "Name", lambda r: Text("")),
        Column[Row]("trigger", "Trigger", lambda r: Text(""), wide=True),
        Column[Row]("id", "Run", lambda r: Text(""), wide=True),
        Column[Row]("error", "Error", lambda r: Text(""), wide=True, least=20),
    ]
    chosen = {column.key for column in fitting(columns, [6, 5, 26, 90], room)}
    assert chosen == set(shown)


@pytest.mark.parametrize(
    ("room", "widths"),
    [
        (20, {"name": 10, "next": 9, "error": None}),
        (34, {"name": 21, "next": 9, "error": None}),
        (45, {"name": 10, "next": 9, "error": 90}),
        (60, {"name": 23, "next": 9, "error": 90}),
        (120, {"name": 44, "next": 9, "error": 90}),
    ],
)
def test_a_column_gives_way_to_others_and_takes_what_is_left(room: int, widths: dict[str, int | None]) -> None:
    """So that no name, however long, pushes the next time off the screen, and none is cut where there is room."""
    columns = [
        Column[Row]("name", "Name", lambda r: Text(""), least=10),
        Column[Row]("next", "Next", lambda r: Text("")),
        Column[Row]("error", "Error", lambda r: Text(""), wide=True, least=20),
    ]
    drawn = {column.key: width for column, width in laid_out(columns, [44, 9, 90], room)}
    assert drawn == {key: width for key, width in widths.items() if width is not None}
