"""A finished map of a workflow: rows of pieces that know which step they belong to, and where each box is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from flowdesk.tui.draw.fit import cells

COUNT_COLUMNS: Final = 9
"""So wide is the inside of each box that will have a count on its border: `100/1000`."""
Part = Literal["blank", "arrow", "failure", "label", "border", "name", "status"]
Cell = tuple[str, Part, str | None]
"""What one cell shows, what that is, and the step it belongs to; empty behind a wide character."""


@dataclass(slots=True, frozen=True)
class Box:
    """Where a step is, borders included, in cells."""

    x: int
    y: int
    width: int
    height: int

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def holds(self, x: int, y: int) -> bool:
        """Whether that cell is part of it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def every(self) -> Iterator[tuple[int, int]]:
        """Each of its cells."""
        for y in range(self.y, self.y + self.height):
            for x in range(self.x, self.x + self.width):
                yield x, y

    def edge(self, x: int, y: int) -> bool:
        """Whether that cell is part of its border."""
        return x in (self.x, self.x + self.width - 1) or y in (self.y, self.y + self.height - 1)


@dataclass(slots=True, frozen=True)
class Piece:
    """Cells of one row that look alike; those of a box belong to its `step`. A status is one blank to be replaced."""

    text: str
    part: Part
    step: str | None = None


@dataclass(slots=True, frozen=True)
class Drawing:
    """All rows are `width` cells wide."""

    width: int
    rows: tuple[tuple[Piece, ...], ...]
    boxes: Mapping[str, Box]

    def at(self, x: int, y: int) -> str | None:
        """The step drawn at a cell."""
        return next((step for step, box in self.boxes.items() if box.holds(x, y)), None)

    def text(self) -> str:
        """The map without states, for people and tests."""
        return "\n".join("".join(piece.text for piece in row).rstrip() for row in self.rows)


def inside(label: str) -> list[str]:
    """The cells between the borders of a box: a blank, the state (left blank), a blank, the name, a blank."""
    return [" ", " ", " ", *cells(label), " "]


def name_cells(step: str, label: str, box: Box) -> dict[tuple[int, int], Cell]:
    """What a box holds: its name and state in the middle, blanks elsewhere."""
    found: dict[tuple[int, int], Cell] = {at: (" ", "name", step) for at in box.every() if not box.edge(*at)}
    shown = inside(label)
    left, row = box.x + 1 + max(0, box.width - 2 - len(shown)) // 2, box.y + box.height // 2
    for offset, char in enumerate(shown):
        found[left + offset, row] = (char, "status" if offset == 1 else "name", step)
    return found


def on_border(line: str, texts: Sequence[str]) -> str:
    """The lower border of a box with the first of these texts that has room on it, off the arrows if possible."""
    room = len(line) - 2
    text = next((text for text in texts if len(text) <= room), "")
    straight = line.find(line[1:2] * len(text), 1, -1) if text else -1
    at = straight if straight > 0 else max(1, 1 + room - len(text))
    return f"{line[:at]}{text}{line[at + len(text) :]}"


def drawing(grid: list[list[Cell]], boxes: Mapping[str, Box]) -> Drawing:
    """The pieces of a grid of cells, without the empty margin around what is drawn."""
    used_rows = [y for y, row in enumerate(grid) if _used(row)]
    top, bottom = used_rows[0], used_rows[-1]
    columns = [x for row in grid for x in _used(row)]
    left, right = min(columns), max(columns) + 1
    rows = tuple(_pieces(row[left:right], right - left) for row in grid[top : bottom + 1])
    moved = {step: Box(box.x - left, box.y - top, box.width, box.height) for step, box in boxes.items()}
    return Drawing(right - left, rows, moved)


def _used(row: list[Cell]) -> list[int]:
    """Where a row shows anything."""
    return [x for x, (char, _, step) in enumerate(row) if char != " " or step is not None]


def _pieces(row: list[Cell], width: int) -> tuple[Piece, ...]:
    row = row + [(" ", "blank", None)] * (width - len(row))
    return tuple(
        Piece("".join(char for char, _, _ in same), part, step)
        for (part, step), group in groupby(row, key=lambda cell: cell[1:])
        for same in [list(group)]
    )
