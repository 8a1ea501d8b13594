"""Answering what a waiting run asks: mostly whether a step happened whose process died."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, cast, get_args

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.clean import clean
from flowdesk.client_runs import Outcome
from flowdesk.replies import QuestionDoc
from flowdesk.tui.widgets.text_fields import LineInput

_MEANS: Final[dict[str, str]] = {
    "done": "it happened; go on with the output below",
    "again": "it did not happen; run it",
    "fail": "it counts as failed",
}


@dataclass(slots=True, frozen=True)
class Answer:
    """What was decided about a step."""

    step_id: str
    outcome: Outcome
    data: Any = None
    reason: str | None = None


class DecideModal(ModalScreen[Answer | None]):
    """The questions with their answers; enter on one gives it."""

    DEFAULT_CSS = """
    DecideModal .dialog { width: 84; height: auto; }
    DecideModal OptionList { height: auto; max-height: 14; background: $surface; }
    DecideModal OptionList, DecideModal OptionList:focus { border: none; }
    DecideModal Static { height: auto; }
    DecideModal .hint { margin-top: 1; }
    DecideModal Input { border: none; height: 1; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, questions: Sequence[QuestionDoc]) -> None:
        super().__init__()
        self._questions = list(questions)
        self._answers: list[tuple[str, Outcome]] = []

    def compose(self) -> ComposeResult:
        """Each question with its outcomes, then what may go with the answer."""
        with Vertical(classes="dialog"):
            yield Static(Text("The run waits for a decision", style="bold"), markup=False)
            yield OptionList(*self._options(), id="outcomes")
            yield Static(Text("Output of a step that is done, as JSON"), classes="hint", markup=False)
            yield LineInput(placeholder="{}", id="data")
            yield Static(Text("Why, for the journal"), classes="hint", markup=False)
            yield LineInput(id="reason", max_length=500)
            yield Static("", id="problem", classes="problem", markup=False)
            yield Static(
                Text("enter on an answer gives it · tab goes to the fields · esc leaves"), classes="hint", markup=False
            )

    def on_mount(self) -> None:
        """Choose first."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An answer was chosen: give it, when what goes with it can be used."""
        step_id, outcome = self._answers[int(event.option_id or 0)]
        typed = self.query_one("#data", Input).value.strip()
        data = None
        if outcome == "done" and typed:
            try:
                data = parse_json(typed.encode("utf-8", "replace"))
            except BadJson as error:
                self.query_one("#problem", Static).update(Text(clean(f"the output is {error.message}")))
                self.query_one("#data", Input).focus()
                return
        reason = self.query_one("#reason", Input).value.strip()
        self.dismiss(Answer(step_id, outcome, data, reason or None))

    def on_input_submitted(self) -> None:
        """Back to the answers."""
        self.query_one(OptionList).focus()

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)

    def _options(self) -> list[Option]:
        options: list[Option] = []
        for question in self._questions:
            options.append(Option(Content(clean(question["message"])), disabled=True))
            for outcome in question["outcomes"]:
                if outcome in get_args(Outcome):
                    label = f"  {clean(question['stepId'])}: {outcome:<6} {_MEANS[outcome]}"
                    options.append(Option(Content(label), id=str(len(self._answers))))
                    self._answers.append((question["stepId"], cast(Outcome, outcome)))
        return options
