"""The input of a run that is about to start: the form its workflow's `inputs` give, or a JSON object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from engine.errors import BadJson, Problem
from engine.jsonio import dump_text, parse_json
from flowdesk.clean import clean, escape_json
from flowdesk.tui import toast
from flowdesk.tui.draw.values import text_of
from flowdesk.tui.host import FlowApp
from flowdesk.tui.modals.ask import AskModal
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.input_form import InputForm, form_fields
from flowdesk.tui.modals.samples import SamplesModal, wrong_name
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.text_fields import AreaInput

if TYPE_CHECKING:
    from flowdesk.client_practice import Practice


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
    """Gives the text of a valid JSON object, or None. `workflow` is what runs, `proposal` the text it begins with.

    With `inputs` that name fields it is a form, which can be seen as JSON and back. `refused` is what the server said
    of the proposal. With `practice`, what is kept for the workflow `workflow_id`, samples can be chosen and kept;
    `sample` is the one whose data was chosen and not changed; one that is given is what the proposal was taken from.
    """

    DEFAULT_CSS = """
    RunInputModal .dialog { width: 88; height: auto; }
    RunInputModal TextArea { height: 12; border: none; background: $panel; }
    RunInputModal Static { height: auto; }
    RunInputModal InputForm { display: none; }
    RunInputModal.-form InputForm { display: block; }
    RunInputModal.-form RunInput { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "run", "Run"),
        Binding("f7", "flip", "Form or JSON"),
        Binding("f8", "choose", "Choose a sample"),
        Binding("f9", "keep", "Keep as a sample"),
    ]

    def __init__(
        self,
        workflow: str,
        proposal: str,
        note: str = "",
        *,
        inputs: Mapping[str, Any] | None = None,
        refused: Sequence[Problem] = (),
        plain: bool = False,
        practice: Practice | None = None,
        workflow_id: str = "",
        sample: str | None = None,
    ) -> None:
        super().__init__()
        self.sample = sample
        self._practice, self._workflow_id = practice, workflow_id
        self._sample_text = ""
        self._fields, self._refused, self._plain = form_fields(inputs), refused, plain
        self._workflow = workflow
        self._proposal = proposal
        self._note = note

    def compose(self) -> ComposeResult:
        """What runs, where the proposal is from, the text, and what is wrong with it."""
        with Vertical(classes="dialog"):
            yield Static(Text(f"Run {clean(self._workflow)}", style="bold"), markup=False)
            note = clean(self._note) or "Input, as JSON"
            if self._fields:
                note = note.replace(", as JSON", "", 1)
            yield Static(Text(note), id="note", classes="hint", markup=False)
            yield InputForm(self._fields, plain=self._plain)
            yield RunInput(escape_json(self._proposal), id="input", tab_behavior="focus")
            yield Static("", id="trouble", classes="problem", markup=False)
            hint = "enter runs · shift+enter makes a line · esc leaves"
            if self._fields:
                hint = "ctrl+s runs · f7 shows the form as JSON and back · esc leaves"
            if self._practice is not None:
                keeps = "" if self._read_only else " · f9 keeps this as one"
                hint = f"f8 chooses a kept sample{keeps}\n{hint}"
            yield Static(Text(hint), classes="hint", markup=False)

    async def on_mount(self) -> None:
        """Begin to type at once."""
        if self._fields and not json_trouble(self._proposal):
            await self._to_form()
        else:
            self.query_one(RunInput).focus()
        self._sample_text = self.text
        if self._refused:
            said = [
                f"{problem.field}: {problem.message}" if problem.field else problem.message for problem in self._refused
            ]
            self._say("; ".join(self.form.mark(self._refused) if self.has_class("-form") else said))
            if self.has_class("-form"):
                self.form.focus_first()

    @property
    def _read_only(self) -> bool:
        return isinstance(self.app, FlowApp) and self.app.read_only

    @property
    def form(self) -> InputForm:
        """The fields."""
        return self.query_one(InputForm)

    @property
    def text(self) -> str:
        """The input as typed so far, as JSON."""
        return dump_text(self.form.value, pretty=True) if self.has_class("-form") else self.query_one(RunInput).text

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Without fields there is only JSON; samples belong to a saved workflow."""
        if action in ("choose", "keep"):
            return self._practice is not None and (action == "choose" or not self._read_only)
        return bool(self._fields) if action == "flip" else True

    async def action_flip(self) -> None:
        """Between the form and JSON; what is no JSON object stays in sight."""
        if not self.has_class("-form"):
            if not self.trouble():
                await self._to_form()
            return
        text = escape_json(self.text)
        self.remove_class("-form")
        area = self.query_one(RunInput)
        area.text = text
        area.focus()

    async def _to_form(self) -> None:
        await self.form.fill(input_of(self.query_one(RunInput).text))
        self.add_class("-form")
        self.form.focus_first()

    @on(TextArea.Changed)
    def _typed(self, event: TextArea.Changed) -> None:
        event.stop()
        self.trouble()
        self._look_at_sample()

    @on(RunInput.Submitted)
    def _submitted(self, event: RunInput.Submitted) -> None:
        event.stop()
        self.action_run()

    def action_choose(self) -> None:
        """Take the data of a kept sample."""
        task(self, self._choose(), what="Reading the samples", group="sample", exclusive=True)

    async def _choose(self) -> None:
        if self._practice is None:
            return
        kept = await self._practice.samples(self._workflow_id)
        if not kept:
            toast.say(self, "no sample is kept yet; f9 keeps what is typed here as one")
            return
        chosen = await self.app.push_screen_wait(SamplesModal(kept))
        if chosen is not None:
            await self._use(chosen["name"], escape_json(text_of(chosen["data"])))

    async def _use(self, name: str, text: str) -> None:
        """Show the sample, which is used whole, headers too, as long as its text is not changed."""
        area = self.query_one(RunInput)
        area.text = text
        if self.has_class("-form"):
            await self.form.fill(input_of(text))
        self.sample, self._sample_text = name, self.text
        self.query_one("#note", Static).update(Text(f"Input; the sample {clean(name)}"))

    def action_keep(self) -> None:
        """Keep what is typed as a sample."""
        if not self.trouble():
            task(self, self._keep(), what="Keeping the sample", group="sample", exclusive=True)

    async def _keep(self) -> None:
        if self._practice is None:
            return
        hint = "the name of the sample; one of the same name is replaced"
        name = await self.app.push_screen_wait(AskModal("Keep as a sample", hint=hint, wrong=wrong_name))
        if name is not None and await self._may_write(f"Keep the sample {name}"):
            await self._practice.keep_sample(self._workflow_id, name, input_of(self.text))
            toast.say(self, f"kept as the sample {name}")

    async def _may_write(self, what: str) -> bool:
        """On a server marked `production` every write is asked about first."""
        if not isinstance(self.app, FlowApp) or not self.app.production:
            return True
        modal = ConfirmModal(f"{what} on {self.app.server_name}?", yes="Do it")
        return await self.app.push_screen_wait(modal) is True

    def _look_at_sample(self) -> None:
        if self.sample is not None and self.text != self._sample_text:
            self.sample = None
            self.query_one("#note", Static).update(Text("Input; a changed sample"))

    def trouble(self) -> str:
        """What is wrong with the input; empty when it can be used. Shown as well."""
        found = self.form.check() if self.has_class("-form") else json_trouble(self.text)
        self._say(found)
        return found

    def _say(self, trouble: str) -> None:
        self.query_one("#trouble", Static).update(Text(clean(trouble)))

    def action_run(self) -> None:
        """Give the text when it is right; else the trouble stays in sight."""
        if not self.trouble():
            self._look_at_sample()
            self.dismiss(self.text)
        elif self.has_class("-form"):
            self.form.focus_first()

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
