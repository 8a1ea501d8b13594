"""A longer text to read, such as the whole error of a plugin."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from flowdesk.clean import clean, clean_lines


class MessageModal(ModalScreen[None]):
    """A title and a text that can be scrolled and copied."""

    DEFAULT_CSS = """
    MessageModal .dialog { width: 100; height: auto; }
    MessageModal VerticalScroll { height: auto; max-height: 20; }
    MessageModal.-low VerticalScroll { max-height: 13; }
    MessageModal.-tiny VerticalScroll { max-height: 6; }
    MessageModal VerticalScroll Static, MessageModal .hint { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Back"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, title: str, text: str, *, hint: str = "") -> None:
        super().__init__()
        self._title, self._hint = title, hint
        self._text = "\n".join(clean_lines(text))

    def compose(self) -> ComposeResult:
        """Title, text, and how to leave."""
        with Vertical(classes="dialog"):
            yield Static(Text(clean(self._title), style="bold"), markup=False)
            with VerticalScroll():
                yield Static(Text(self._text), markup=False)
            if self._hint:
                yield Static(Text(clean(self._hint)), classes="hint", markup=False)
            yield Static(Text("y copies it, esc leaves"), classes="hint", markup=False)

    def action_leave(self) -> None:
        """Back."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Copy the text."""
        from flowdesk.tui.clipboard import copy

        copy(self.app, self._text, "the text")
