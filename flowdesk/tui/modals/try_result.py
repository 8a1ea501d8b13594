"""What came of trying one step."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from flowdesk.clean import clean
from flowdesk.replies import TrialDoc
from flowdesk.show.paint import Paint
from flowdesk.show.trial import trial_lines
from flowdesk.tui import clipboard


class TryResultModal(ModalScreen[None]):
    """Its log lines, how it ended and how long it took, what it was given and what it gave."""

    DEFAULT_CSS = """
    TryResultModal .dialog { width: 100; height: 80%; }
    TryResultModal VerticalScroll { height: 1fr; }
    TryResultModal VerticalScroll Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q", "leave", "Back"),
        Binding("y", "copy", "Copy"),
    ]

    def __init__(self, step_id: str, trial: TrialDoc, source: str) -> None:
        super().__init__()
        self._step_id, self._source = step_id, source
        self.ok = trial["ok"]
        self.lines = trial_lines(trial, Paint())

    def compose(self) -> ComposeResult:
        """Title, everything, keys."""
        with Vertical(classes="dialog"):
            title = f"Test of {self._step_id} with {self._source}"
            yield Static(Text(clean(title), style="bold"), markup=False)
            with VerticalScroll():
                yield Static(Text("\n".join(self.lines)), markup=False, classes="" if self.ok else "problem")
            yield Static(Text("y copies, esc leaves; no run was made"), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Let the arrow keys scroll."""
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        """Copy all of it."""
        clipboard.copy(self.app, "\n".join(self.lines), "the result")

    def action_leave(self) -> None:
        """Back."""
        self.dismiss()
