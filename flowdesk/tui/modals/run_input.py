"""The input of a run that is about to start: a JSON object, checked while it is typed."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.clean import clean, escape_json
from flowdesk.tui.widgets.text_fields import AreaInput


class RunInput(AreaInput):
    """The text; enter runs as in any dialog."""

    class Submitted(Message):
        """Enter was pressed."""

        def __init__(self, sender: RunInput) -> None:
            super().__init__()
            self.sender = sender

        @property
        def control(self) -> RunInput:
            """The text."""
            return self.sender

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Run", priority=True),
        Binding("shift+enter", "line", "New line", show=False),
    ]

    def action_submit(self) -> None:
        """Run."""
        self.post_message(self.Submitted(self))

    def action_line(self) -> None:
        """A new line, where the terminal tells shift and enter apart; JSON needs none."""
        self.insert("\n")


class RunInputModal(ModalScreen[str | None]):
    """Gives the text of a valid JSON object, or None. `name` is what runs, `proposal` the text it begins with."""

    DEFAULT_CSS = """
    RunInputModal .dialog { width: 88; height: auto; }
    RunInputModal TextArea { height: 12; border: none; background: $panel; }
    RunInputModal Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "run", "Run"),
    ]

    def __init__(self, workflow: str, proposal: str, note: str = "") -> None:
        super().__init__()
        self._workflow = workflow
        self._proposal = proposal
        self._note = note

    def compose(self) -> ComposeResult:
        """What runs, where the proposal is from, the text, and what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Static(Text(f"Run {clean(self._workflow)}", style="bold"), markup=False)
            yield Static(Text(clean(self._note) or "Input, as JSON"), classes="hint", markup=False)
            yield RunInput(escape_json(self._proposal), id="input", tab_behavior="focus")
            yield Static("", id="trouble", classes="problem", markup=False)
            hint = "enter runs · shift+enter makes a line · esc leaves"
            yield Static(Text(hint), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Begin to type at once."""
        self.query_one(RunInput).focus()

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.trouble()

    @on(RunInput.Submitted)
    def _submitted(self, event: RunInput.Submitted) -> None:
        event.stop()
        self.action_run()

    def trouble(self) -> str:
        """What is wrong with the text; empty when it can be used. Shown as well."""
        found = json_trouble(self.query_one(RunInput).text)
        self.query_one("#trouble", Static).update(Text(clean(found)))
        return found

    def action_run(self) -> None:
        """Give the text when it is right; else the trouble stays in sight."""
        if not self.trouble():
            self.dismiss(self.query_one(RunInput).text)

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)


def json_trouble(text: str) -> str:
    """Why this text is no input, with line and column; empty when it is one."""
    try:
        input_of(text)
    except BadJson as error:
        return error.message
    return ""


def input_of(text: str) -> dict[str, Any]:
    """The object in the text, nothing being an empty one; BadJson when it is something else."""
    value = parse_json(text.encode("utf-8", "replace")) if text.strip() else {}
    if not isinstance(value, dict):
        raise BadJson("the input must be a JSON object, such as {}")
    return value
