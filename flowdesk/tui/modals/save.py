"""Where to save a value: asks for a path, and never replaces a file."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from flowdesk.clean import clean
from flowdesk.tui.widgets.text_fields import LineInput


class SaveModal(ModalScreen[str | None]):
    """Gives a path as it was typed, or None."""

    DEFAULT_CSS = "SaveModal .dialog { width: 80; height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, what: str, proposal: str) -> None:
        super().__init__()
        self._what = what
        self._proposal = proposal

    def compose(self) -> ComposeResult:
        """What is saved, and the path."""
        with Vertical(classes="dialog"):
            yield Static(Text(f"Save {clean(self._what)} to a file", style="bold"), markup=False)
            yield LineInput(self._proposal, select_on_focus=False)
            yield Static(
                Text("enter saves, esc leaves; an existing file is not replaced"), classes="hint", markup=False
            )

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """A path was given."""
        self.dismiss(event.value.strip() or None)

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)
