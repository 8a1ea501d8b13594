"""Which row of the pane shows which line, when lines may take several rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class RowIndex:
    """Heights of lines, oldest first. Rows and lines are counted from 0; dropped ones no longer count."""

    def __init__(self) -> None:
        self._ends: list[int] = []
        self._dropped = 0

    def __len__(self) -> int:
        """How many rows there are."""
        return self._ends[-1] - self._dropped if self._ends else 0

    def extend(self, heights: Iterable[int]) -> None:
        """Add lines at the end."""
        end = self._ends[-1] if self._ends else self._dropped
        add = self._ends.append
        for height in heights:
            end += height
            add(end)

    def drop(self, lines: int) -> int:
        """Take out that many lines at the beginning; returns how many rows they had."""
        if lines <= 0:
            return 0
        before, self._dropped = self._dropped, self._ends[lines - 1]
        del self._ends[:lines]
        return self._dropped - before

    def clear(self) -> None:
        """Forget everything."""
        self._ends.clear()
        self._dropped = 0

    def at(self, row: int) -> tuple[int, int] | None:
        """The line shown in a row, and which of its rows that is."""
        if not 0 <= row < len(self):
            return None
        line = bisect_right(self._ends, row + self._dropped)
        return line, row - self.first(line)

    def first(self, line: int) -> int:
        """The first row of a line."""
        return (self._ends[line - 1] - self._dropped) if line > 0 else 0
