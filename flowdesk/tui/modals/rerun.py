"""Running a run again: says beforehand what will run, what is taken over and what happens twice."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Literal, cast

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Checkbox, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from engine.errors import BadJson
from engine.jsonio import parse_json
from flowdesk.clean import clean, escape_json
from flowdesk.errors import Missing
from flowdesk.replies import RunDoc, WorkflowDoc
from flowdesk.tui import toast
from flowdesk.tui.draw.rerun import Choice, Ran, RerunPlan, choices, plan_choice, summary, warnings
from flowdesk.tui.draw.values import text_of
from flowdesk.tui.host import FlowApp
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.step_data import is_apart
from flowdesk.tui.widgets.text_fields import AreaInput
from flowdesk.tui.widgets.tick import Tick

_MOST_EDITED: Final = 200_000
"""Characters of input that are offered for editing."""


class RerunModal(ModalScreen[str | None]):
    """Starts the new run and opens it; gives its id, or None when it was left. `step` is the one that is chosen."""

    DEFAULT_CSS = """
    RerunModal .dialog { width: 88; height: auto; }
    RerunModal OptionList, RerunModal OptionList:focus { height: auto; border: none; background: $surface; }
    RerunModal Static { height: auto; }
    RerunModal .warning { color: $text-warning; }
    RerunModal .hint { margin-top: 1; }
    RerunModal TextArea { height: 8; border: none; background: $panel; }
    RerunModal Checkbox { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Cancel"),
        Binding("ctrl+s", "rerun", "Rerun"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, run: RunDoc, workflow_latest: WorkflowDoc | None, *, step: str | None = None) -> None:
        super().__init__()
        self._run = run
        self._latest = workflow_latest
        self._choices = choices(run, step)
        self._same: list[dict[str, Any]] = [{"id": s["id"], "type": s["type"], "ref": s["ref"]} for s in run["steps"]]
        self._effects: dict[str, str] = {}
        self._read = False
        self._before = _given(run)
        self.ways = self._choices
        """Those that are offered: the ones that mean something of their own."""
        self.plans: list[RerunPlan] = []

    @property
    def version(self) -> Literal["same", "latest"]:
        """Which definition would run."""
        return "latest" if self._newer and self.query_one(Checkbox).value else "same"

    @property
    def _newer(self) -> bool:
        return self._latest is not None and self._latest["version"] != self._run["workflowVersion"]

    def compose(self) -> ComposeResult:
        """The ways, which definition, what it means, and the input."""
        run = self._run
        with VerticalScroll(classes="dialog", can_focus=False):
            name = clean(run["workflowName"] or run["workflowId"])
            yield Static(Text(f"Rerun {name} {clean(run['id'])}", style="bold"), markup=False)
            yield OptionList(id="ways")
            newest = f"v{self._latest['version']}" if self._latest is not None else ""
            label = f"Use the newest definition, {newest} (the run used v{run['workflowVersion']})"
            box = Tick(Content(label), value=True, id="newest", compact=True)
            box.display = self._newer
            yield box
            yield Static("", id="warnings", classes="warning", markup=False)
            yield Static(Text("Input, as JSON; edit it to run with other data"), classes="hint", markup=False)
            yield AreaInput(self._before or "", id="input", read_only=self._before is None, tab_behavior="focus")
            yield Static("", id="trouble", classes="problem", markup=False)
            yield Static(Text("enter reruns · ctrl+s also from the input · esc leaves"), classes="hint", markup=False)

    def on_mount(self) -> None:
        """Show what is known; how the run was defined and what its steps do is read meanwhile."""
        self._show()
        self.query_one(OptionList).focus()
        if self._before is None:
            self._trouble("the input is kept apart and can only be used as it is")
        task(self, self._learn(), what="Reading what would run", group="learn", exclusive=True)

    async def _learn(self) -> None:
        client = cast(FlowApp, self.app).live.client
        kinds = await client.step_kinds()
        self._effects = {kind["ref"]: kind["effect"] for kind in kinds}
        try:
            found = await client.workflows.version(self._run["workflowId"], self._run["workflowVersion"])
        except Missing:
            toast.warn(self, "the definition this run used is gone")
        else:
            self._same = found["steps"]
        self._read = True
        self._show()

    @on(Checkbox.Changed)
    @on(OptionList.OptionHighlighted)
    def _changed(self, event: Checkbox.Changed | OptionList.OptionHighlighted) -> None:
        event.stop()
        if isinstance(event, Checkbox.Changed):
            self._show()
        self._warn()

    @on(TextArea.Changed)
    def _typed(self) -> None:
        self._data()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_rerun()

    def action_leave(self) -> None:
        """Not now."""
        self.dismiss(None)

    def action_rerun(self) -> None:
        """Do what is chosen, once."""
        at = self.query_one(OptionList).highlighted
        good, data = self._data()
        if at is None or not good or not self._read:
            return
        if self.plans[at].refusal:
            self._trouble(f"not possible: {self.plans[at].refusal}")
            return
        task(self, self._rerun(self.ways[at], data), what="Running it again", group="write")

    async def _rerun(self, way: Choice, data: dict[str, Any] | None) -> None:
        app = cast(FlowApp, self.app)
        if app.production:
            asked = ConfirmModal(f"Run it again on {app.server_name}?", yes="Rerun")
            if not await app.push_screen_wait(asked):
                return
        made = await app.live.client.runs.rerun(
            self._run["id"], from_step=way.from_step, only_failed=way.only_failed, data=data, version=self.version
        )
        self.dismiss(made["id"])
        app.open_run(made["id"])

    def _show(self) -> None:
        """Work out what each way means with the chosen definition."""
        steps = self._latest["steps"] if self._latest is not None and self.version == "latest" else self._same
        ran = Ran(self._run, steps, self._effects)
        ways = self.query_one(OptionList)
        before = self.ways[ways.highlighted or 0]
        planned = {choice: plan_choice(ran, choice) for choice in self._choices}
        first = planned[self._choices[0]]  # two ways that do the same would only make people look for the difference
        self.ways = [c for c in self._choices if not c.only_failed or c is self._choices[0] or planned[c] != first]
        self.plans = [planned[choice] for choice in self.ways]
        wide = max(len(choice.title) for choice in self.ways)
        ways.clear_options()
        for choice, plan in zip(self.ways, self.plans, strict=True):
            ways.add_option(Option(Content(f"{choice.title.ljust(wide)}  {summary(plan)}")))
        ways.highlighted = self.ways.index(before) if before in self.ways else 0
        self._warn()

    def _warn(self) -> None:
        at = self.query_one(OptionList).highlighted
        lines = warnings(self.plans[at]) if at is not None and at < len(self.plans) else []
        text = "\n".join(lines) if self._read else "reading what would run…"
        self.query_one("#warnings", Static).update(Text(text))

    def _data(self) -> tuple[bool, dict[str, Any] | None]:
        """Whether the input can be used, and the edited one; None when it is what it was."""
        typed = self.query_one(TextArea).text
        if self._before is None:
            return True, None
        try:
            value = parse_json(typed.encode("utf-8", "replace"))
        except BadJson as error:
            self._trouble(error.message)
            return False, None
        if not isinstance(value, dict):
            self._trouble("the input must be a JSON object")
            return False, None
        self._trouble("")
        return True, None if typed == self._before else value

    def _trouble(self, words: str) -> None:
        self.query_one("#trouble", Static).update(Text(clean(words)))


def _given(run: RunDoc) -> str | None:
    """The input as text to edit; None when it is kept apart or too large for that."""
    data = run["trigger"].get("data")
    if is_apart(data):
        return None
    text = escape_json(text_of(data if data is not None else {}))
    return text if len(text) <= _MOST_EDITED else None
