"""Long arrows get a lane of their own: an unseen stop in each column of steps they pass.

The layout library draws only the two ends of such a stop, as junctions that belong to nothing; the line between them is
drawn here.
"""

from __future__ import annotations

from typing import Final

Grid = list[list[tuple[str, str]]]
"""For each cell its character and the library's name for what it belongs to."""
_NOTHING: Final = "default"
_DOTTED: Final = "┄┆"
_ENDS: Final = frozenset("┤├┴┬")
_FARTHEST: Final = 80


class LanesBroken(Exception):
    """An end of a lane was drawn over, or has no partner."""


def mend(grid: Grid) -> None:
    """Join the ends of all stops, in place; raises LanesBroken when they do not fit together."""
    loose = {(x, y): char for y, row in enumerate(grid) for x, (char, style) in enumerate(row) if _is_end(char, style)}
    while loose:
        (x, y), char = next(iter(loose.items()))
        other = _partner(loose, x, y)
        if other is None or char not in ("┤", "┴"):
            raise LanesBroken
        _join(grid, (x, y), other)
        del loose[x, y], loose[other]


def _is_end(char: str, style: str) -> bool:
    return style == _NOTHING and char in _ENDS


def _partner(loose: dict[tuple[int, int], str], x: int, y: int) -> tuple[int, int] | None:
    """The nearest end on the same line: to the right of `┤`, below `┴`."""
    across = loose[x, y] == "┤"
    for distance in range(1, _FARTHEST):
        at = (x + distance, y) if across else (x, y + distance)
        if at in loose:
            return at if loose[at] == ("├" if across else "┬") else None
    return None


def _join(grid: Grid, start: tuple[int, int], end: tuple[int, int]) -> None:
    (x1, y1), (x2, y2) = start, end
    across = y1 == y2
    before, style = grid[y1][x1 - 1] if across else grid[y1 - 1][x1]
    dotted = before in _DOTTED
    line = ("┄" if dotted else "─") if across else ("┆" if dotted else "│")
    for x in range(x1, x2 + 1):
        for y in range(y1, y2 + 1):
            if grid[y][x][0] != " " and (x, y) not in (start, end):
                raise LanesBroken
            grid[y][x] = (line, style)
