"""The text area of the source: invisible characters are drawn visibly, lines with problems are marked."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from rich.segment import Segment
from rich.text import Text
from textual import events
from textual.strip import Strip
from textual.widgets import TextArea

_PROBLEM = "!"


class SourceText(TextArea):
    """A code editor without wrapping, so that rows are lines."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"source-text--problem"}
    DEFAULT_CSS = """
    SourceText {
        border: none;
        padding: 0;
        &:focus { border: none; }
        & > .source-text--problem { color: $text-error; background: $error-muted; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__(soft_wrap=False, tab_behavior="indent", show_line_numbers=True, theme="css")
        self._problems: frozenset[int] = frozenset()

    @property
    def problems(self) -> frozenset[int]:
        """The marked lines, from 1."""
        return self._problems

    def mark(self, lines: Collection[int]) -> None:
        """Mark these lines (from 1) and no other."""
        self._problems = frozenset(lines)
        self.refresh()

    def on_key(self, event: events.Key) -> None:
        """Escape is for the panes around: left to itself, the next field would get the keys."""
        if event.key == "escape":
            event.prevent_default()

    def get_line(self, line_index: int) -> Text:
        """The line with a visible character in place of each that could move the cursor or reorder the line."""
        text: str = self.document.get_line(line_index)
        if not text.isprintable():
            text = "".join(map(_visible, text))
        return Text(text, end="", no_wrap=True)

    def render_line(self, y: int) -> Strip:
        """One line as scrolled; of one with a problem the last cell of the gutter says so."""
        strip = super().render_line(y)
        at = self.gutter_width - 1
        if at < 0 or y + self.scroll_offset.y + 1 not in self._problems:
            return strip
        style = self.get_component_rich_style("source-text--problem")
        return Strip.join([strip.crop(0, at), Strip([Segment(_PROBLEM, style)]), strip.crop(at + 1)])


def _visible(char: str) -> str:
    """One character for one, so that the cursor stays where it belongs."""
    if char.isprintable() or char == "\t":
        return char
    return chr(0x2400 + ord(char)) if ord(char) < 0x20 else "\N{REPLACEMENT CHARACTER}"
