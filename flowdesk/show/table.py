"""Tables of clean text: aligned columns, and only what is marked as free prose is ever cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flowdesk.clean import clean
from flowdesk.show.paint import Paint
from flowdesk.show.text import pad, shorten, width

_LEAST_PROSE = 12


@dataclass(slots=True, frozen=True)
class Column:
    """One column. `prose` may be cut to fit the terminal; ids and everything else never are."""

    title: str
    prose: bool = False
    right: bool = False
    style: Callable[[str], str] | None = None


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[object]], paint: Paint, columns_of_terminal: int | None = None
) -> list[str]:
    """The lines of a table with a title line; prose is cut only when the terminal's width is given."""
    cells = [["" if value is None else clean(value) for value in row] for row in rows]
    widths = [max(width(c.title), *(width(row[i]) for row in cells), 0) for i, c in enumerate(columns)]
    if columns_of_terminal is not None:
        widths = _fitted(columns, widths, columns_of_terminal)
    head = paint.dim("  ".join(_cell(c, c.title.upper(), w) for c, w in zip(columns, widths, strict=True)).rstrip())
    return [head, *(_row(columns, row, widths) for row in cells)]


def _fitted(columns: Sequence[Column], widths: list[int], room: int) -> list[int]:
    """Take what is too much from the prose columns, the widest first."""
    fitted = list(widths)
    prose = [i for i, column in enumerate(columns) if column.prose]
    while prose and sum(fitted) + 2 * (len(fitted) - 1) > room:
        widest = max(prose, key=lambda i: fitted[i])
        if fitted[widest] <= _LEAST_PROSE:
            break
        fitted[widest] -= 1
    return fitted


def _row(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    parts = []
    for column, text, columns_wide in zip(columns, row, widths, strict=True):
        shown = shorten(text, columns_wide) if column.prose else text
        padded = _cell(column, shown, columns_wide)
        parts.append(padded.replace(shown, column.style(shown), 1) if column.style and shown else padded)
    return "  ".join(parts).rstrip()


def _cell(column: Column, text: str, columns_wide: int) -> str:
    return " " * (columns_wide - width(text)) + text if column.right else pad(text, columns_wide)
