"""What a kind of step does: its parameters and examples, as `flowdesk steps REF` tells them."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from flowdesk.replies import StepKind
from flowdesk.show.paint import Paint
from flowdesk.show.workflow import kind_lines

_COLUMNS = 96


class StepKindModal(ModalScreen[None]):
    """Shows one kind; escape leaves."""

    DEFAULT_CSS = """
    StepKindModal .dialog { width: 100; height: auto; max-height: 90%; }
    StepKindModal Static { width: 100%; height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter", "leave", "Back"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, kind: StepKind) -> None:
        super().__init__()
        self._kind = kind

    def compose(self) -> ComposeResult:
        """Its text."""
        with VerticalScroll(classes="dialog"):
            yield Static(Text("\n".join(kind_lines(self._kind, Paint(False), _COLUMNS))), markup=False)

    def on_mount(self) -> None:
        """Scrolled by the arrow keys."""
        self.query_one(VerticalScroll).focus()

    def action_leave(self) -> None:
        """Back to where it was opened."""
        self.dismiss()
