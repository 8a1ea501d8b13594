"""Draws a log store: the rows scrolled to, the line of the cursor, the count of new lines, the selection."""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from flowdesk.tui.draw.log_store import LogStore
from flowdesk.tui.draw.logline import HUES, LogLine, rows_of
from flowdesk.tui.draw.matching import hits

_STRIPS: Final = 1_000
_HUES: Final = (
    "primary",
    "text-secondary",
    "text-accent",
    "text-success",
    "text-warning",
    "text-primary",
    "accent",
    "success",
)


class LogSurface(ScrollView, can_focus=True, inherit_bindings=False):
    """The lines of `store` on the screen; who moves and changes them is `LogCanvas`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"log--step-{hue}" for hue in range(HUES)),
        *("log--time", "log--text", "log--debug", "log--info", "log--warning", "log--error"),
        *("log--rule", "log--hit", "log--cursor", "log--overlay"),
    }
    DEFAULT_CSS = (
        """
    LogSurface {
        height: 1fr;
        overflow-y: scroll;
        scrollbar-size: 0 1;  /* h and l move long lines; a bar would take a row of the log */
        & > .log--time { color: $text-muted; }
        & > .log--text { color: $foreground; }
        & > .log--debug { color: $text-muted; }
        & > .log--info { color: $text-muted; }
        & > .log--warning { color: $text-warning; }
        & > .log--error { color: $text-error; text-style: bold; }
        & > .log--rule { color: $text-muted; text-style: italic; }
        & > .log--hit { color: $block-cursor-foreground; background: $warning; }
        & > .log--cursor { background: $block-hover-background; }
        & > .log--overlay { color: $block-cursor-foreground; background: $block-cursor-background; }
    """
        + "\n".join(f"& > .log--step-{at} {{ color: ${name}; }}" for at, name in enumerate(_HUES))
        + "\n}"
    )

    following: reactive[bool] = reactive(True, init=False)

    def __init__(self, store: LogStore, *, id: str | None = None) -> None:  # noqa: A002 - named like textual's
        super().__init__(id=id)
        self.store = store
        self._seen = 0
        self._strips: LRUCache[int, list[Strip]] = LRUCache(_STRIPS)
        self._cursor: int | None = None
        self._origin = 0

    @property
    def allow_select(self) -> bool:
        """Text is selected with the mouse."""
        return True

    @property
    def unseen(self) -> int:
        """How many of the shown lines came since it stopped following."""
        numbers = self.store.numbers
        return 0 if self.following else len(numbers) - bisect_right(numbers, self._seen)

    @property
    def cursor(self) -> int | None:
        """Index of the shown line it stands on, the last one while following; None when nothing is shown."""
        if not self.store.shown:
            return None
        if self.following or self._cursor is None:
            return len(self.store.shown) - 1
        return self.store.index_of(self._cursor)

    @property
    def line(self) -> LogLine | None:
        """The line under the cursor."""
        at = self.cursor
        return self.store.shown[at] if at is not None else None

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected part; only the rows in it are drawn."""
        rows = self.store.rows
        first = max(selection.start.y - self._origin, 0) if selection.start else 0
        last = min(selection.end.y - self._origin, len(rows) - 1) if selection.end else len(rows) - 1
        found = []
        for row in range(first, last + 1):
            span = selection.get_span(row + self._origin)
            if span is not None:
                text = self._row(row).text
                found.append(text[span[0] : None if span[1] == -1 else span[1]])
        return "\n".join(found), "\n"

    def notify_style_update(self) -> None:
        """A new theme has new colours."""
        super().notify_style_update()
        self._strips.clear()

    def render_line(self, y: int) -> Strip:
        """One row of the pane."""
        width, style = self.scrollable_content_region.width, self.rich_style
        scroll_x, scroll_y = self.scroll_offset
        if self._covers(y):
            return self._overlay(width)
        row = y + scroll_y
        place = self.store.rows.at(row)
        if place is None:
            return Strip([Segment(self.empty_text(), self._style("rule"))] if row == 0 else []).extend_cell_length(
                width, style
            )
        strip = self._selected(self._row(row), row + self._origin)
        strip = strip.crop_extend(scroll_x, scroll_x + width, style)
        if self.has_focus and not self.following and place[0] == self.cursor:
            strip = strip.apply_style(self._style("cursor"))
        return strip.apply_offsets(scroll_x, row + self._origin)

    def empty_text(self) -> str:
        """What is said when nothing is shown."""
        if not self.store.lines:
            return "no lines yet"
        return "looking ..." if self.store.waiting else "no line fits the filter"

    def _covers(self, y: int) -> bool:
        return bool(self.unseen) and not self.following and y == self.scrollable_content_region.height - 1

    def _overlay(self, width: int) -> Strip:
        dash = "--" if self.store.layout.ascii else "──"
        dot = "-" if self.store.layout.ascii else "·"
        text = f"{dash} +{self.unseen:,} new lines {dot} G to follow {dash}"
        style = self._style("overlay")
        return Strip([Segment(text, style)], len(text)).adjust_cell_length(width, style)

    def _row(self, row: int) -> Strip:
        place = self.store.rows.at(row)
        if place is None:
            return Strip.blank(0)
        index, part = place
        number = self.store.numbers[index]
        strips = self._strips.get(number)
        if strips is None:
            strips = self._strips[number] = self._draw(index)
        return strips[min(part, len(strips) - 1)]

    def _draw(self, index: int) -> list[Strip]:
        line = self.store.shown[index]
        marks = hits(self.store.wanted, line, self.store.found[index])
        base = self.rich_style
        return [
            Strip([Segment(text, base + self._style(part)) for text, part in row])
            for row in rows_of(line, self.store.layout, marks)
        ]

    def _selected(self, strip: Strip, y: int) -> Strip:
        selection = self.text_selection
        span = selection.get_span(y) if selection is not None else None
        if span is None:
            return strip
        text = strip.text
        start = cell_len(text[: span[0]])
        end = strip.cell_length if span[1] == -1 else cell_len(text[: span[1]])
        if start >= end:
            return strip
        style = self.screen.get_component_rich_style("screen--selection")
        parts = [strip.crop(0, start), strip.crop(start, end).apply_style(style), strip.crop(end)]
        return Strip.join([part for part in parts if part.cell_length])

    def _style(self, part: str) -> Style:
        return self.get_component_rich_style(f"log--{part}", partial=True)
