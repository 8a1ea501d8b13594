"""The workflow as one row a step, for narrow terminals and for workflows too large for a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from flowdesk.clean import clean
from flowdesk.tui.draw.fit import fit, right
from flowdesk.tui.draw.lines import plain_lines
from flowdesk.tui.draw.rails import Rail, mark, rails
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.widgets.step_canvas import StepCanvas

_STATE_COLUMNS: Final = 3
_DETAIL_COLUMNS: Final = 16
_UNREACHED: Final = frozenset({"PENDING", "SKIPPED"})


class StepRails(StepCanvas):
    """Rows of steps beside the rails of their ways; on the right of each row may be a few words about its step."""

    HELP = """\
## Steps

One row a step, in an order in which each comes after all that lead to it. The rails on the left show the ways:
they fork where several go on, and join where they meet again.

`j k` or the arrow keys move, `enter` or a double click opens the step, `m` shows the map.
"""

    def __init__(self, *, plain: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(plain=plain, id=id, classes=classes)
        self._rows: list[Rail] = []
        self._at: dict[str, int] = {}
        self._details: dict[str, str] = {}

    def show(self, topology: Topology) -> None:
        """Draw these steps instead."""
        if topology == self.topology and self._rows:
            return
        self.topology = topology
        self._rows = rails(topology)
        self._at = {row.step: index for index, row in enumerate(self._rows) if row.step is not None}
        self.virtual_size = Size(0, len(self._rows))
        self.refresh()
        self.keep_cursor(list(self._at))

    def set_details(self, details: Mapping[str, str]) -> None:
        """What is told on the right of each step: a duration, attempts, the route taken."""
        self._details = {step: clean(text) for step, text in details.items()}
        self.refresh()

    def watch_plain(self) -> None:
        """Draw in the other characters."""
        self.refresh()

    def place(self, step_id: str) -> Region | None:
        """The row of a step."""
        row = self._at.get(step_id)
        return None if row is None else Region(0, row, 1, 1)

    def step_at(self, x: int, y: int) -> str | None:
        """The step of a row."""
        return self._rows[y].step if 0 <= y < len(self._rows) else None

    def render_line(self, y: int) -> Strip:
        """One row as scrolled."""
        index = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        segments = self._segments(self._rows[index], width) if index < len(self._rows) else []
        return Strip(segments).adjust_cell_length(width, self.rich_style).apply_style(self.rich_style)

    def action_map_down(self) -> None:
        """The next row."""
        self._move(1)

    def action_map_up(self) -> None:
        """The row before."""
        self._move(-1)

    def action_map_right(self) -> None:
        """The next row."""
        self._move(1)

    def action_map_left(self) -> None:
        """The row before."""
        self._move(-1)

    def action_map_first(self) -> None:
        """The first row."""
        self._move(-len(self._at))

    def action_map_end(self) -> None:
        """The last row."""
        self._move(len(self._at))

    def _move(self, by: int) -> None:
        steps = list(self._at)
        if steps:
            here = steps.index(self.cursor) if self.cursor in self._at else 0
            self.cursor = steps[max(0, min(len(steps) - 1, here + by))]

    def _segments(self, row: Rail, width: int) -> list[Segment]:
        lines = plain_lines(row.lines) if self.plain else row.lines
        if row.step is None:
            label = Segment(fit("  " + row.text, width - _STATE_COLUMNS - len(lines)), self.style_of("label"))
            return [Segment(" " * _STATE_COLUMNS), Segment(lines, self.style_of("arrow")), label]
        state = self.status(row.step)
        tone = self.style_of(state.variable) if state else Style()
        glyph = " " if state is None else state.plain if self.plain else state.glyph
        reached = state is not None and self._statuses.get(row.step) not in _UNREACHED
        detail = next(iter(self._counts.get(row.step, ())), "") or self._details.get(row.step, "")
        room = width - _STATE_COLUMNS - len(lines)
        wanted = min(cell_len(detail), _DETAIL_COLUMNS, max(0, room // 2)) + 1 if detail else 0
        name = self.cursor_style() if row.step == self.cursor else self._name_style(row.step)
        return [
            Segment(f" {glyph} ", tone),
            Segment(lines[: row.node], self.style_of("arrow")),
            Segment(mark(row.kind, reached, self.plain), tone if state else self.style_of("border")),
            Segment(lines[row.node + 1 :], self.style_of("arrow")),
            Segment(fit(f"  {row.text}", max(0, room - wanted)), name),
            Segment(right(detail, wanted), self.style_of("text-muted")),
        ]

    def _name_style(self, step: str) -> Style:
        state = self.status(step)
        return self.style_of("text-muted" if state is not None and state.variable == "text-muted" else "name")
