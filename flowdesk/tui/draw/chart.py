"""How many runs there were in each hour as bars of several rows, with the part of them that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_FAILED: Final = "▒"
_PLAIN: Final = " .#x"
_HALF: Final = 4

Bar = tuple[str, bool]
"""What is drawn in a cell, and whether it stands for failures: they have a sign of their own, not only a colour."""


def chart(hours: Sequence[tuple[int, int]], height: int, width: int, *, ascii_only: bool = False) -> list[list[Bar]]:
    """Rows from the top; `hours` are (runs, failed), each drawn as wide as there is room for with a gap between."""
    most = max((runs for runs, _failed in hours), default=0) or 1
    wide = max(1, width // max(1, len(hours)))
    gap = [(" ", False)] if wide > 1 else []
    rows: list[list[Bar]] = []
    for row in reversed(range(height)):
        cells: list[Bar] = []
        for runs, failed in hours:
            cell = _cell(_level(runs, most, height, row), _level(failed, most, height, row), ascii_only)
            cells += [cell] * (wide - len(gap)) + gap
        rows.append(cells)
    return rows


def _level(count: int, most: int, height: int, row: int) -> int:
    """How many eighths of the cell in this row, from the bottom, are filled; something is more than nothing."""
    eighths = max(1 if count else 0, round(count / most * height * 8))
    return max(0, min(8, eighths - 8 * row))


def _cell(all_runs: int, failed: int, ascii_only: bool) -> Bar:
    bad = failed >= _HALF or (failed > 0 and failed == all_runs)
    if ascii_only:
        return (_PLAIN[3] if bad else _PLAIN[2 if all_runs >= _HALF else 1 if all_runs else 0]), bad
    return (_FAILED if bad and all_runs >= _HALF else _EIGHTHS[all_runs]), bad
