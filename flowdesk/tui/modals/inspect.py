"""A closer look at one value, over the screen it is on."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from flowdesk.tui.modals.asking import Asking
from flowdesk.tui.widgets.data_inspector import DataInspector


class InspectModal(Asking, ModalScreen[None]):
    """Shows a value; escape leaves."""

    DEFAULT_CSS = """
    InspectModal .dialog { width: 90%; height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, value: Any, path: str) -> None:
        super().__init__()
        self._value = value
        self._path = path

    def compose(self) -> ComposeResult:
        """The inspector."""
        with Vertical(classes="dialog"):
            yield DataInspector()

    def on_mount(self) -> None:
        """Show the value and give it the keys."""
        inspector = self.query_one(DataInspector)
        inspector.show(self._value, self._path)
        inspector.focus()

    def action_leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss(None)
