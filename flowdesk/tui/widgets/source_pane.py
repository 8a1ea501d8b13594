"""The source of the workflow being edited, as YAML or JSON."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static, TextArea

from flowdesk.exporting import Format
from flowdesk.tui import keys
from flowdesk.tui.widgets.saying import say
from flowdesk.tui.widgets.source_text import SourceText
from flowdesk.tui.widgets.text_fields import LineInput

HIGHLIGHTED_LINES: Final[dict[Format, int]] = {"json": 600, "yaml": 2000}
"""Each letter typed colours the whole text anew: longer ones would take more than 50 ms for that."""


class SourcePane(Vertical):
    """Shows a text and says what is typed. It knows nothing of workflows."""

    HELP = """\
## Source

The whole workflow as text. What you type here changes the map and the form as soon as it parses; until then both
keep the last state, and the line with the error is marked with `!`.

`ctrl+f` finds a text, `f3` finds it again. `ctrl+z` and `ctrl+y` undo and redo what was typed here.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("source")]
    DEFAULT_CSS = """
    SourcePane {
        & > Input { display: none; height: 1; border: none; }
        &.-finding > Input { display: block; }
        & > .source-pane--note { display: none; height: 1; color: $text-muted; }
        &.-noted > .source-pane--note { display: block; }
    }
    """

    class Edited(Message):
        """Somebody typed; `text` is all of it."""

        def __init__(self, source_pane: SourcePane, text: str) -> None:
            super().__init__()
            self.source_pane = source_pane
            self.text = text

        @property
        def control(self) -> SourcePane:
            """Who says it."""
            return self.source_pane

    def __init__(self, text: str = "", form: Format = "yaml", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._area = SourceText()
        self._find = LineInput(placeholder="find")
        self._note = Static(classes="source-pane--note", markup=False)
        self._form: Format = form
        self._known = ""
        self.show(text, form)

    def compose(self) -> ComposeResult:
        """The text, what is searched for, and what is to be known about it."""
        yield self._area
        yield self._find
        yield self._note

    @property
    def text(self) -> str:
        """The text as it is now."""
        return self._area.text

    @property
    def line(self) -> int:
        """The line of the cursor, from 1."""
        return self._area.cursor_location[0] + 1

    @property
    def highlighted(self) -> bool:
        """Whether the text is coloured: long ones are not."""
        return self._area.language is not None

    def show(self, text: str, form: Format) -> None:
        """Another text; the cursor stays in its line where there is one."""
        changed = text != self._area.text
        if changed:
            row, column = self._area.cursor_location
            self._area.language = None  # else a long text would be coloured once
            self._area.load_text(text)
            self._place(row, column)
        self._form, self._known = form, self._area.text
        self._colour()

    def mark(self, lines: Collection[int]) -> None:
        """Mark the lines (from 1) that have problems."""
        self._area.mark(lines)

    def goto(self, line: int) -> None:
        """Put the cursor at the beginning of a line (from 1) and show it."""
        self._place(line - 1, 0)
        self._area.scroll_cursor_visible(center=True)

    def focus(self, scroll_visible: bool = True) -> SourcePane:
        """The cursor goes into the text."""
        self._area.focus(scroll_visible)
        return self

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Tell what was typed; a text that was only shown is no news."""
        event.stop()
        text = self._area.text
        if text != self._known:
            self._known = text
            self._colour()
            self.post_message(self.Edited(self, text))

    def action_source_find(self) -> None:
        """Ask what to find."""
        self.add_class("-finding")
        self._find.focus()

    def action_source_next(self) -> None:
        """Stand on the next place that has the text, and after the last on the first."""
        wanted = self._find.value.casefold()
        if not wanted:
            self.action_source_find()
            return
        row, column = self._area.cursor_location
        lines = [self._area.document.get_line(index) for index in range(self._area.document.line_count)]
        places = [(row, column + 1), *((index, 0) for index in [*range(row + 1, len(lines)), *range(row + 1)])]
        found = ((index, lines[index].casefold().find(wanted, first)) for index, first in places)
        at = next((place for place in found if place[1] >= 0), None)
        if at is None:
            self._say("not found")
        else:
            self._stand_on(*at)

    def action_source_leave(self) -> None:
        """Close the search; without one, escape is for the screen."""
        self.remove_class("-finding")
        self._area.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape closes the search only while there is one."""
        return self.has_class("-finding") if action == "source_leave" else True

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Find it, and go on writing there."""
        event.stop()
        self.action_source_next()
        self._area.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """What is searched for concerns nobody else."""
        event.stop()

    def _stand_on(self, row: int, column: int) -> None:
        self._place(row, column)
        self._area.scroll_cursor_visible(center=True)
        self._colour()

    def _place(self, row: int, column: int) -> None:
        row = min(max(0, row), self._area.document.line_count - 1)
        self._area.move_cursor((row, min(column, len(self._area.document.get_line(row)))))

    def _colour(self) -> None:
        most = HIGHLIGHTED_LINES[self._form]
        language = self._form if self._area.document.line_count <= most else None
        if self._area.language != language:
            row, column = self._area.cursor_location
            self._area.language = language
            self._place(row, column)
        self._say("" if language else f"more than {most:,} lines: without colours")

    def _say(self, note: str) -> None:
        say(self._note, note)
        self.set_class(bool(note), "-noted")
