"""Asking for one line of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from flowdesk.clean import clean
from flowdesk.tui.widgets.text_fields import LineInput


class AskModal(ModalScreen[str | None]):
    """Gives what was typed, or None. `wrong` says why a text will not do; None lets it pass."""

    DEFAULT_CSS = "AskModal .dialog { width: 80; height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(
        self, title: str, *, value: str = "", hint: str = "", wrong: Callable[[str], str | None] | None = None
    ) -> None:
        super().__init__()
        self._title, self._value, self._hint, self._wrong = title, value, hint, wrong

    def compose(self) -> ComposeResult:
        """What is asked, the line, and what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Static(Text(clean(self._title), style="bold"), markup=False)
            yield LineInput(self._value)
            yield Static("", id="wrong", classes="problem", markup=False)
            yield Static(Text(clean(self._hint or "enter takes it, esc leaves")), classes="hint", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say why not."""
        typed = event.value.strip()
        wrong = self._wrong(typed) if self._wrong is not None else None
        if wrong is None:
            self.dismiss(typed)
        else:
            self.query_one("#wrong", Static).update(Text(clean(wrong)))

    def action_leave(self) -> None:
        """Nothing."""
        self.dismiss(None)
