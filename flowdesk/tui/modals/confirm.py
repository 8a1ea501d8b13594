"""Asking before what cannot be undone: `y` does it, never the key that asked and never a mere enter."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from flowdesk.clean import clean, clean_lines
from flowdesk.tui.widgets.text_fields import LineInput


class ConfirmModal(ModalScreen[bool]):
    """A question. With `type_this`, only typing exactly that allows the answer yes."""

    DEFAULT_CSS = """
    ConfirmModal .dialog { width: 70; height: auto; }
    ConfirmModal #question { padding: 1 0; }
    ConfirmModal Horizontal { height: auto; align-horizontal: right; }
    ConfirmModal Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "answer(False)", "No"),
        Binding("y", "answer(True)", "Yes"),
    ]

    def __init__(
        self, question: str, *, yes: str, no: str = "Cancel", detail: str = "", type_this: str | None = None
    ) -> None:
        super().__init__()
        self._question = question
        self._yes = yes
        self._no = no
        self._detail = detail
        self._type_this = type_this

    def compose(self) -> ComposeResult:
        """Question, what it means, and two buttons of which the harmless one has the focus."""
        with Vertical(classes="dialog"):
            yield Static(Text(clean(self._question), style="bold"), id="question", markup=False)
            if self._detail:
                yield Static(Text("\n".join(clean_lines(self._detail))), markup=False, classes="hint")
            if self._type_this is not None:
                yield Static(Text(f"Type {clean(self._type_this)} to go on:"), markup=False)
                yield LineInput(id="typed", compact=True)
            with Horizontal():
                yield Button(Content(f"{self._no} (esc)"), id="no", compact=True)
                label = self._yes if self._type_this is not None else f"{self._yes} (y)"
                locked = self._type_this is not None
                yield Button(Content(label), id="yes", variant="error", compact=True, disabled=locked)

    def on_mount(self) -> None:
        """Enter must not do it by accident."""
        self.query_one("#typed" if self._type_this is not None else "#no").focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a name must be typed, `y` and `n` are letters."""
        return self._type_this is None or parameters != (True,)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The button wakes up when the name is right."""
        self.query_one("#yes", Button).disabled = event.value != self._type_this

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter after the right name is meant."""
        if event.value == self._type_this:
            self.dismiss(True)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """What the mouse, or enter on a button, chose."""
        self.dismiss(event.button.id == "yes")

    def action_answer(self, yes: bool) -> None:
        """Answer by key."""
        self.dismiss(yes)
