from __future__ import annotations

from flowdesk.show.paint import Paint
from flowdesk.show.table import Column, table
from flowdesk.show.text import width

ID = "01k2zs3v9d8r6w1x0e5f7g8h9j"


def test_columns_line_up() -> None:
    lines = table([Column("name"), Column("n", right=True)], [("a", 1), ("日本", 100)], Paint())
    assert lines == ["NAME    N", "a       1", "日本  100"]


def test_prose_is_cut_to_the_terminal_and_ids_never() -> None:
    columns = [Column("id"), Column("text", prose=True), Column("more", prose=True)]
    rows = [(ID, "x" * 100, "y" * 60)]
    for wide in (200, 80, 60, 10):
        _, row = table(columns, rows, Paint(), wide)
        assert row.startswith(ID)
        assert width(row) <= max(wide, len(ID) + 2 * 14)
    assert table(columns, rows, Paint())[1] == f"{ID}  {'x' * 100}  {'y' * 60}"


def test_values_cannot_draw_on_the_terminal() -> None:
    """Row 52: cells are cleaned before they are measured and coloured."""
    lines = table([Column("name", style=Paint(on=True).bold), Column("b")], [("\x1b[31mred\nx", None)], Paint(on=True))
    assert lines[1] == "\x1b[1m␛[31mred⏎x\x1b[0m"


def test_colour_does_not_shift_columns() -> None:
    plain = table([Column("a"), Column("b")], [("x", "y"), ("long", "z")], Paint())
    paint = Paint(on=True)
    coloured = table([Column("a", style=paint.good), Column("b")], [("x", "y"), ("long", "z")], paint)
    assert [line.replace("\x1b[32m", "").replace("\x1b[0m", "").replace("\x1b[2m", "") for line in coloured] == plain


def test_no_rows_is_only_a_head() -> None:
    assert table([Column("a")], [], Paint()) == ["A"]
