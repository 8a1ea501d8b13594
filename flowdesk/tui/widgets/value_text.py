"""A value as text of any length: wrapped to its pane, drawn line by line, selectable with the mouse."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from flowdesk.clean import clean
from flowdesk.tui.draw.values import SHOWN_CHARS, is_small, text_of
from flowdesk.tui.tasks import task

INLINE_CHARS: Final = 30_000
"""Longer texts are wrapped beside the screen: the slowest kind takes some 20 ms for that many characters."""


class ValueText(ScrollView, can_focus=True):
    """Shows one value. Of one that is very long only the beginning, and `cut` says so."""

    HELP = """\
## Value

The value under the tree's cursor: a text as it is, everything else as JSON. Characters that could not be seen
are made visible. Select with the mouse to copy a part; in the tree `y` copies all of it.
"""
    COMPONENT_CLASSES: ClassVar[set[str]] = {"value-text--cut"}
    DEFAULT_CSS = """
    ValueText {
        background: $background;
        overflow-x: hidden;
        & > .value-text--cut { color: $text-warning; text-style: italic; }
    }
    """

    class Wrapped(Message):
        """The value is on the screen."""

        def __init__(self, value_text: ValueText) -> None:
            super().__init__()
            self.value_text = value_text

        @property
        def control(self) -> ValueText:
            """Who says it."""
            return self.value_text

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._value: Any = ""
        self._rows: list[str] = []
        self._wrapped_at = 0
        self.cut = False

    @property
    def rows(self) -> list[str]:
        """The lines as they are drawn."""
        return self._rows

    def show(self, value: Any) -> None:
        """Show another value, from its beginning."""
        self._value = value
        self.scroll_home(animate=False)
        self._wrap()

    def on_resize(self, _: Resize) -> None:
        """Another width wraps otherwise."""
        if self.scrollable_content_region.width != self._wrapped_at:
            self._wrap()

    def render_line(self, y: int) -> Strip:
        """One line as scrolled, with what is selected of it."""
        index = y + self.scroll_offset.y
        width, base = self.scrollable_content_region.width, self.rich_style
        row = self._rows[index] if index < len(self._rows) else ""
        segments = [Segment(row)]
        span = self.text_selection.get_span(index) if self.text_selection is not None else None
        if span is not None:
            start, end = span[0], len(row) if span[1] == -1 else span[1]
            chosen = self.screen.get_component_rich_style("screen--selection", partial=True)
            segments = [Segment(row[:start]), Segment(row[start:end], chosen), Segment(row[end:])]
        elif self.cut and index == len(self._rows) - 1:
            segments = [Segment(row, self.get_component_rich_style("value-text--cut", partial=True))]
        strip = Strip(segments).adjust_cell_length(width, base).apply_style(base)
        return strip.apply_offsets(self.scroll_offset.x, index)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text; only its lines are looked at."""
        start, end = selection.start, selection.end
        first = 0 if start is None else start.y
        last = len(self._rows) - 1 if end is None else end.y
        lines = self._rows[first : last + 1]
        if not lines:
            return None
        if end is not None:
            lines[-1] = lines[-1][: end.x]
        if start is not None:
            lines[0] = lines[0][start.x :]
        return "\n".join(lines), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        """Paint what is selected."""
        self.refresh()

    def _wrap(self) -> None:
        self._wrapped_at = self.scrollable_content_region.width
        if is_small(self._value, INLINE_CHARS):
            self._use(*wrap(self._value, self._wrapped_at))
        else:
            task(self, self._wrap_beside(), what="Showing the value", group="wrap", exclusive=True)

    async def _wrap_beside(self) -> None:
        value, width = self._value, self._wrapped_at
        rows, cut = await asyncio.to_thread(wrap, value, width)
        if value is self._value and width == self._wrapped_at:
            self._use(rows, cut)

    def _use(self, rows: list[str], cut: bool) -> None:
        self._rows, self.cut = rows, cut
        self.virtual_size = Size(0, len(rows))
        self.refresh()
        self.post_message(self.Wrapped(self))


def wrap(value: Any, width: int) -> tuple[list[str], bool]:
    """The value's text as clean lines of at most that many cells, and whether it was too long to be shown whole."""
    whole = text_of(value)
    text = whole[:SHOWN_CHARS]
    rows = [row for line in text.splitlines() or [""] for row in _pieces(line, max(1, width))]
    if len(whole) > len(text):
        rows.append(f"… only the first {len(text):,} of {len(whole):,} characters are shown")
    return rows, len(whole) > len(text)


def _pieces(line: str, width: int) -> list[str]:
    if line.isascii() and line.isprintable():
        return [line[at : at + width] for at in range(0, len(line), width)] or [""]
    shown = clean(line)
    return [shown] if cell_len(shown) <= width else chop_cells(shown, max(2, width))
