"""Map, form and source as three views of one draft: whichever is changed, the others follow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, Final, Literal, ParamSpec

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Input

from engine.errors import Problem
from flowdesk.clean import clean
from flowdesk.tui import toast
from flowdesk.tui.document.basics import Change, Document, EditRefused
from flowdesk.tui.document.draft import Draft
from flowdesk.tui.document.source import Reading, read
from flowdesk.tui.draw.status import glyph
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.screens.base import FlowScreen
from flowdesk.tui.widgets.flow_view import FlowView
from flowdesk.tui.widgets.form.step_form import StepForm
from flowdesk.tui.widgets.source_pane import SourcePane
from flowdesk.tui.widgets.text_fields import LineInput

if TYPE_CHECKING:
    from flowdesk.replies import PinDoc, StepKind

P = ParamSpec("P")
View = Literal["map", "form", "source"]
VIEWS: Final[tuple[View, ...]] = ("map", "form", "source")
READ_AFTER_S: Final = 0.15
"""The source is read when typing pauses this long."""
AT_ONCE_LINES: Final = 150
"""A source up to this long is read, and one of some steps written, without a thread: in some 30 ms."""
AT_ONCE_STEPS: Final = 15
_MOST_STOOD: Final = 20


class NameInput(LineInput):
    """The workflow's name, above everything; escape leaves it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave the field", show=False)]

    def action_leave(self) -> None:
        """Letters act again."""
        self.screen.query_one(FlowView).focus()


class EditorViews(FlowScreen):
    """The draft and what shows it. `chosen` is the step that all three stand on."""

    CSS_PATH = "../../styles/editor.tcss"

    def __init__(self, workflow_id: str | None) -> None:
        super().__init__()
        self.workflow_id = workflow_id
        self.draft = Draft({"name": "", "steps": []})
        self.loaded = False
        self.chosen: str | None = None
        self._stood: list[str] = []
        """The steps that were chosen before, for when the chosen one is gone."""
        self.kinds: dict[str, StepKind] = {}
        self.pins: dict[str, PinDoc] = {}
        """What steps give in rehearsals, by step."""
        self.problems: list[Problem] = []
        self.checked = False
        """Whether `problems` are those of the document as it is now."""
        self._stale: set[View] = set()
        self._showing = False
        self._typed: str | None = None
        self._reading: Timer | None = None

    def compose_body(self) -> ComposeResult:
        """Name and map above, form and source below."""
        yield NameInput(placeholder="name of the workflow", id="workflow-name", compact=True)
        with Vertical(id="editor"):
            view = FlowView(plain=self.flow.ascii, id="map", classes="pane")
            view.border_title = Content("Map (1)")
            yield view
            with Horizontal():
                form = StepForm(plain=self.flow.ascii, id="step")
                form.add_class("pane").border_title = Content("Step (2)")
                yield form
                source = SourcePane(id="source")
                source.add_class("pane").border_title = Content("Source (3)")
                yield source

    @property
    def map(self) -> FlowView:
        """The steps, drawn."""
        return self.query_one(FlowView)

    @property
    def form(self) -> StepForm:
        """The chosen step."""
        return self.query_one(StepForm)

    @property
    def source(self) -> SourcePane:
        """The whole workflow as text."""
        return self.query_one(SourcePane)

    @property
    def step(self) -> dict[str, Any] | None:
        """The chosen step as it is in the draft."""
        return next((s for s in self.draft.document["steps"] if s["id"] == self.chosen), None)

    @property
    def workflow_name(self) -> str:
        """What the workflow is called now."""
        found = self.draft.document.get("name")
        return found if isinstance(found, str) else ""

    # showing

    def show(self, *views: View) -> None:
        """Draw these views anew, all of them without any; calls while that is under way are taken together."""
        self._stale |= set(views or VIEWS)
        if not self._showing:
            self._showing = True
            self.background(self._show(), what="Showing the workflow", group="show")

    async def _show(self) -> None:
        try:
            while self._stale:
                stale, self._stale = self._stale, set()
                self._stand()
                if "map" in stale:
                    self._show_map()
                if "form" in stale:
                    await self._show_form()
                if "source" in stale:
                    await self._show_source()
                self.show_problems()
        finally:
            self._showing = False

    def _stand(self) -> None:
        """On a step that there is."""
        steps = [step["id"] for step in self.draft.document["steps"]]
        if self.chosen not in steps:
            wanted = [self.draft.selected, *reversed(self._stood)]
            self.chosen = next((step for step in wanted if step in steps), next(iter(steps), None))
        if self.chosen is not None and self._stood[-1:] != [self.chosen]:
            self._stood = [*self._stood[-_MOST_STOOD:], self.chosen]

    def _show_map(self) -> None:
        document = self.draft.document
        entry = document.get("entryStepId")
        self.map.show(
            Topology.of(document["steps"], entry if isinstance(entry, str) else None, document.get("finally"))
        )
        if self.chosen is not None:
            self.map.select(self.chosen)
        box = self.query_one("#workflow-name", Input)
        if box.value != clean(self.workflow_name):
            with box.prevent(Input.Changed):
                box.value = clean(self.workflow_name)

    async def _show_form(self) -> None:
        step = self.step
        self.form.set_class(step is None, "-empty")
        self.form.disabled = self.draft.problem is not None
        if step is not None:
            await self.form.load(self.kinds.get(str(step.get("ref"))), step, self.problems_of(self.chosen))
            dash = "-" if self.flow.ascii else "─"
            title = f"Step (2) {dash} {clean(str(step['id']))}"
            if step["id"] in self.pins:
                title += f" {dash} pinned"
            self.form.border_title = Content(title)

    async def _show_source(self) -> None:
        if self._typed is not None:
            return
        draft = self.draft
        if not draft.source_ready and len(draft.document["steps"]) > AT_ONCE_STEPS:
            self.source.disabled = True  # what is typed into an old text would undo the edit that made it old
            try:
                await asyncio.to_thread(lambda: draft.reading)
            finally:
                self.source.disabled = False
        if draft is self.draft and "source" not in self._stale and self._typed is None:
            self.source.show(draft.source, draft.form)
            self._show_line()

    def _show_line(self) -> None:
        """The source stands where the step is, unless somebody writes there."""
        if self.chosen is None or self.source.has_focus_within or not self.draft.source_ready:
            return
        line = self.draft.reading.step_lines().get(self.chosen)
        if line is not None:
            self.source.goto(line)

    # choosing

    def choose(self, step_id: str | None, *, but: View | None = None) -> None:
        """Stand on another step in every view but the one that was used to choose it."""
        if step_id is None or step_id == self.chosen:
            return
        self.chosen = step_id
        self.draft.checkpoint()
        if but != "map":
            self.map.select(step_id)
        if but != "source":
            self._show_line()
        self.show("form")
        self.refresh_bindings()

    # changing

    def settle(self) -> None:
        """Take over what was typed into the source and not read yet: every other edit goes on from there."""
        if self._reading is not None:
            self._reading.stop()
            self._reading = None
        if self._typed is not None:
            text, self._typed = self._typed, None
            self._take_source(text, read(text, self.draft.form))

    def edit(self, make: Callable[Concatenate[Document, P], Change], *args: P.args, **kwargs: P.kwargs) -> bool:
        """Do an edit of the document and show it everywhere; False when it makes no sense, which is said."""
        self.settle()
        try:
            step = self.draft.edit(make, *args, **kwargs)
        except EditRefused as error:
            toast.warn(self, toast.reason(error))
            self.show("form")
            return False
        self.chosen = step or self.chosen
        self.changed()
        return True

    def changed(self, *views: View) -> None:
        """The draft changed: show it, and let everybody who checks or keeps it know."""
        self.checked = False
        self.show(*views)
        self.show_state()
        self.after_change()

    def after_change(self) -> None:
        """What else a change leads to; other parts of the editor add to it."""

    def on_source_pane_edited(self, event: SourcePane.Edited) -> None:
        """Somebody types in the source: read it when typing pauses."""
        event.stop()
        self._typed = event.text
        if self._reading is not None:
            self._reading.stop()
        self._reading = self.set_timer(READ_AFTER_S, self._read_typed)

    def _read_typed(self) -> None:
        text = self._typed
        if text is None:
            return
        if text.count("\n") <= AT_ONCE_LINES:
            self.settle()
        else:
            self.background(self._read_beside(text), what="Reading the source", group="read", exclusive=True)

    async def _read_beside(self, text: str) -> None:
        found = await asyncio.to_thread(read, text, self.draft.form)
        if self._typed == text:
            self._typed = None
            self._take_source(text, found)

    def _take_source(self, text: str, reading: Reading) -> None:
        self.draft.replace_source(text, reading)
        self.choose(reading.step_at(self.source.line) if reading.document is not None else None, but="source")
        self.changed("map", "form")

    # what is known about it

    def problems_of(self, step_id: str | None) -> list[Problem]:
        """The problems of a step; of the workflow itself with None."""
        return [problem for problem in self.problems if problem.step_id == step_id]

    def show_problems(self) -> None:
        """At their fields, on their boxes, beside their lines, and counted in the header."""
        self.map.set_problems({problem.step_id for problem in self.problems if problem.step_id is not None})
        if self.step is not None:
            self.form.set_problems(self.problems_of(self.chosen))
        lines: set[int] = set()
        if self.draft.source_ready:
            reading = self.draft.reading
            lines = {line for line in map(reading.line_of, self.problems) if line is not None}
        self.source.mark(lines)
        self.source.border_subtitle = Content(_why_unread(self.draft.problem))
        self.show_state()

    def show_state(self) -> None:
        """`v14 ● draft, 2 changes   ✔ valid` at the right end of the header."""
        if not self.loaded:
            self.show_place("reading")
            return
        plain = self.flow.ascii
        parts = [f"v{self.draft.version}" if self.draft.version is not None else "new"]
        if self.draft.changed:
            count = len(self.draft.changes())
            parts.append(f"{'*' if plain else '●'} draft, {count} change{'' if count == 1 else 's'}")
        if self.problems:
            count = len(self.problems)
            parts.append(f" {glyph('FAILED', plain)} {count} problem{'' if count == 1 else 's'}")
        elif self.checked:
            parts.append(f" {glyph('SUCCESS', plain)} valid")
        parts += self.notes()
        self.show_place(" ".join(parts))
        self.refresh_bindings()

    def notes(self) -> list[str]:
        """What else the header tells; other parts of the editor add to it."""
        return []

    def crumbs(self) -> list[str]:
        """The area and the workflow."""
        if not self.loaded and self.workflow_id is not None:
            return ["Workflows"]
        return ["Workflows", self.workflow_name or "new workflow"]


def _why_unread(problem: Problem | None) -> str:
    """`line 7: expected ',' or ']'`, in one line; empty for a source that can be read."""
    if problem is None:
        return ""
    where = f"line {problem.line}: " if problem.line else ""
    return clean(" ".join(f"{where}{problem.message}".split()))
