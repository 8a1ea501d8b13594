"""Answering what a run asks: an approval with its form, a signal, or whether a step happened whose process died."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, cast, get_args

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.clean import clean
from flowdesk.client_runs import Outcome
from flowdesk.replies import QuestionDoc
from flowdesk.tui.draw.paths import GONE
from flowdesk.tui.draw.schema_fields import fields_of
from flowdesk.tui.widgets.form.boxes import nodes
from flowdesk.tui.widgets.form.draft import PLAIN, PRETTY, Draft
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.text_fields import LineInput

_MEANS: Final[dict[str, str]] = {
    "approve": "go on along approve",
    "reject": "go on along reject; without such an arrow the step fails",
    "send-back": "go on along send-back, with the feedback below",
    "signal": "go on as if the signal had come",
    "done": "it happened; go on with the output below",
    "again": "it did not happen; run it",
    "fail": "it counts as failed",
}
_DATA: Final[dict[str, str]] = {
    "approve": "What goes with the approval, as JSON",
    "signal": "What the signal brings, as JSON",
    "done": "Output of a step that is done, as JSON",
}
"""The outcomes that bring something, and what."""
_FORM: Final = ("data",)


@dataclass(slots=True, frozen=True)
class Answer:
    """What was decided about a step."""

    step_id: str
    outcome: Outcome
    data: Any = None
    reason: str | None = None


@dataclass(slots=True)
class Filled:
    """What was typed so far, so that a refused answer need not be typed again."""

    forms: dict[str, dict[str, Any]] = field(default_factory=dict)
    data: str = ""
    reason: str = ""
    trouble: str = ""
    chosen: tuple[str, str] | None = None


class DecideModal(ModalScreen[Answer | None]):
    """The questions with their answers; enter on one gives it. `filled` holds what was typed, also after it closes."""

    DEFAULT_CSS = """
    DecideModal .dialog { width: 84; height: auto; }
    DecideModal #outcomes { height: auto; max-height: 14; background: $surface; }
    DecideModal #outcomes, DecideModal #outcomes:focus { border: none; }
    DecideModal Static { height: auto; }
    DecideModal .hint { margin-top: 1; }
    DecideModal LineInput { border: none; height: 1; background: $panel; }
    DecideModal .form { height: auto; max-height: 16; margin-top: 1; display: none; }
    DecideModal .form.-shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, questions: Sequence[QuestionDoc], filled: Filled | None = None, *, plain: bool = False) -> None:
        super().__init__()
        self._questions = list(questions)
        self._answers: list[tuple[str, Outcome]] = []
        self._filled = filled or Filled()
        self._plain = plain
        self._forms: dict[str, Draft] = {}

    def compose(self) -> ComposeResult:
        """Each question with its outcomes, then what may go with the answer."""
        with Vertical(classes="dialog"):
            yield Static(Text("The run waits for a decision", style="bold"), markup=False)
            yield OptionList(*self._options(), id="outcomes")
            for number, question in enumerate(self._questions):
                yield from self._form(number, question)
            yield Static("", id="data-label", classes="hint", markup=False)
            yield LineInput(self._filled.data, placeholder="{}", id="data")
            yield Static("", id="reason-label", classes="hint", markup=False)
            yield LineInput(self._filled.reason, id="reason", max_length=500)
            yield Static(Text(clean(self._filled.trouble)), id="problem", classes="problem", markup=False)
            yield Static(
                Text("enter on an answer gives it · tab goes to the fields · esc leaves"), classes="hint", markup=False
            )

    def on_mount(self) -> None:
        """Choose first: what was chosen before, or the first answer."""
        outcomes = self.query_one("#outcomes", OptionList)
        if self._filled.chosen in self._answers:
            outcomes.highlighted = outcomes.get_option_index(str(self._answers.index(self._filled.chosen)))
        outcomes.focus()
        self._show_fields(0)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what goes with this answer."""
        if event.option_list.id == "outcomes" and event.option_id is not None:
            self._show_fields(int(event.option_id))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An answer was chosen: give it, when what goes with it can be used."""
        if event.option_list.id != "outcomes":
            return
        step_id, outcome = self._answers[int(event.option_id or 0)]
        self._keep(step_id, outcome)
        data, trouble = self._data(step_id, outcome)
        if trouble:
            self.query_one("#problem", Static).update(Text(clean(trouble)))
            return
        self.dismiss(Answer(step_id, outcome, data, self._filled.reason or None))

    def on_input_submitted(self) -> None:
        """Back to the answers."""
        self.query_one("#outcomes", OptionList).focus()

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)

    def _keep(self, step_id: str, outcome: Outcome) -> None:
        filled = self._filled
        filled.chosen = (step_id, outcome)
        filled.data = self.query_one("#data", Input).value.strip()
        filled.reason = self.query_one("#reason", Input).value.strip()
        filled.forms = {step: dict(form.step) for step, form in self._forms.items()}

    def _data(self, step_id: str, outcome: Outcome) -> tuple[Any, str]:
        """What goes with the answer, or why it cannot be used."""
        if outcome == "approve" and step_id in self._forms:
            if any(row.unreadable for row in self._shown_form(step_id).query(FieldRow)):
                return None, "a field of the form is no JSON"
            value = self._forms[step_id].get(_FORM)
            return ({} if value is GONE else value), ""
        if outcome not in _DATA or not self._filled.data:
            return None, ""
        try:
            return parse_json(self._filled.data.encode("utf-8", "replace")), ""
        except BadJson as error:
            self.query_one("#data", Input).focus()
            return None, f"{'the output' if outcome == 'done' else 'it'} is {error.message}"

    def _show_fields(self, number: int) -> None:
        """Only those fields that go with this answer."""
        if not self._answers:
            return
        step_id, outcome = self._answers[number]
        filled_in = outcome == "approve" and step_id in self._forms
        for place, question in enumerate(self._questions):
            if question["stepId"] in self._forms:
                self.query_one(f"#form-{place}").set_class(filled_in and question["stepId"] == step_id, "-shown")
        free = outcome in _DATA and not filled_in
        self.query_one("#data-label", Static).update(Text(_DATA.get(outcome, "")))
        self.query_one("#data-label").display = self.query_one("#data").display = free
        approving = outcome in ("approve", "reject", "send-back")
        why = "Feedback, for whoever asked" if approving else "Why, for the journal"
        self.query_one("#reason-label", Static).update(Text(why))

    def _shown_form(self, step_id: str) -> VerticalScroll:
        number = next(place for place, question in enumerate(self._questions) if question["stepId"] == step_id)
        return self.query_one(f"#form-{number}", VerticalScroll)

    def _form(self, number: int, question: QuestionDoc) -> ComposeResult:
        fields = fields_of(question.get("form"))
        if not fields:
            return
        step_id = question["stepId"]
        held = self._filled.forms.get(step_id, {})
        draft = self._forms[step_id] = Draft(dict(held), signs=PLAIN if self._plain else PRETTY)
        with VerticalScroll(id=f"form-{number}", classes="form", can_focus=False):
            yield from nodes(draft, _FORM, fields)

    def _options(self) -> list[Option]:
        options: list[Option] = []
        for question in self._questions:
            options.append(Option(Content(clean(question["message"])), disabled=True))
            for outcome in question["outcomes"]:
                if outcome in get_args(Outcome):
                    label = f"  {clean(question['stepId'])}: {outcome:<9} {_MEANS[outcome]}"
                    options.append(Option(Content(label), id=str(len(self._answers))))
                    self._answers.append((question["stepId"], cast(Outcome, outcome)))
        return options
