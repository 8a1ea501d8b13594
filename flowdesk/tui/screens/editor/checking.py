"""What is wrong with the draft, and what its templates come to: asked of the server while somebody edits."""

from __future__ import annotations

from typing import Any, Final

from textual.timer import Timer

from engine.errors import Problem
from flowdesk.errors import ClientError, Rejected
from flowdesk.tui.completion import UNKNOWN
from flowdesk.tui.draw.previews import previews_of
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.screens.editor.views import VIEWS, EditorViews
from flowdesk.tui.widgets.form.step_form import StepForm

CHECK_AFTER_S: Final = 0.4
_SECRETS: Final = 200


class EditorChecking(EditorViews):
    """Problems and previews. `run_id` is the run whose values are shown; without one, the newest is taken."""

    def __init__(self, workflow_id: str | None, run_id: str | None) -> None:
        super().__init__(workflow_id)
        self.run_id = run_id
        self.secret_names: list[str] = []
        """What may stand behind `secrets.` in a template."""
        self._soon: Timer | None = None
        self._last_problem = -1
        self._preview_wanted = False
        self._previewing = False

    def after_change(self) -> None:
        """Check again when nothing more changes for a moment."""
        super().after_change()
        self.check_soon()

    def check_soon(self) -> None:
        """Ask the server shortly; what can be seen without it is shown at once."""
        if self._soon is not None:
            self._soon.stop()
        local = self.draft.problem
        if local is not None:
            self.problems = [local]
            self.show_problems()
            return
        if self.problems and self.problems[0].line is not None:
            self.problems = []  # the source parses again
        self._soon = self.set_timer(CHECK_AFTER_S, self.check)

    def check(self) -> None:
        """Ask the server now what is wrong."""
        if self.live.state == "connected":
            self.background(self._check(), what="Checking the workflow", group="check", exclusive=True)
        else:
            document = self.draft.document
            self.problems = list(Topology.of(document["steps"]).problems)
            self.show_problems()

    async def _check(self) -> None:
        self.settle()
        if self.draft.problem is not None:
            return
        document = self.draft.document
        found = await self.live.client.workflows.validate(document)
        if document is self.draft.document:
            self.problems, self.checked = found.problems, True
            self.show_problems()

    def action_editor_problem(self) -> None:
        """Go to the next problem, into its field where it has one."""
        self.settle()
        if not self.problems:
            return
        self._visit((self._last_problem + 1) % len(self.problems))

    def action_editor_problems(self) -> None:
        """List all of them; the one that is chosen is visited."""
        self.settle()
        if self.problems:
            self.background(self._list_problems(), what="Listing the problems", group="dialog")

    async def _list_problems(self) -> None:
        from flowdesk.tui.modals.problems import ProblemsModal

        listed = list(self.problems)
        chosen = await self.app.push_screen_wait(ProblemsModal(listed, max(0, self._last_problem)))
        if chosen is not None and listed[chosen] in self.problems:
            self._visit(self.problems.index(listed[chosen]))

    def _visit(self, number: int) -> None:
        self._last_problem = number
        problem = self.problems[number]
        if problem.step_id is None or self.draft.problem is not None:
            self.go_to_line(problem)
        else:
            self.background(self._go_to(problem), what="Going to the problem", group="problem", exclusive=True)

    def go_to_line(self, problem: Problem) -> None:
        """Stand on the problem in the source."""
        self.look_at("source")
        line = self.draft.reading.line_of(problem)
        if line is not None:
            self.source.goto(line)

    async def _go_to(self, problem: Problem) -> None:
        if problem.step_id != self.chosen and any(s["id"] == problem.step_id for s in self.draft.document["steps"]):
            self.chosen = problem.step_id
            self.map.select(str(problem.step_id))
        await self._show_form()
        self.uncover("form")
        if problem.field is None or not await self.form.focus_field(problem.field):
            self.form.focus()

    def look_at(self, view: str) -> None:
        """Show this pane where only one has room, and give it the keys."""
        self.uncover(view)
        pane = {"map": self.map, "form": self.form, "source": self.source}[view]
        self.call_after_refresh(pane.focus)

    def uncover(self, view: str) -> None:
        """Show this pane where only one has room."""
        for name in VIEWS:
            self.set_class(name == view, f"-pane-{name}")

    # what templates come to

    async def find_run(self) -> None:
        """The newest run of this workflow, unless the editor was opened from one."""
        if self.run_id is None and self.workflow_id is not None:
            page = await self.live.client.runs.list(workflow_id=self.workflow_id, limit=1)
            self.run_id = page.items[0]["id"] if page.items else None

    async def find_secrets(self) -> None:
        """The names of secrets, for completion; none for somebody who may not see them."""
        try:
            self.secret_names = [one["name"] for one in (await self.live.client.secrets.list(limit=_SECRETS)).items]
        except ClientError:
            self.secret_names = []

    def preview(self) -> None:
        """Render the chosen step's parameters with the values of the run, and learn what it sees."""
        self._preview_wanted = True
        if not self._previewing:
            self._previewing = True
            self.background(self._previews(), what="The preview", group="preview")

    async def _previews(self) -> None:
        """One after the other; of those wanted meanwhile only the last."""
        try:
            while self._preview_wanted:
                self._preview_wanted = False
                if self.live.state == "connected" and self.draft.problem is None:
                    await self._preview()
        finally:
            self._previewing = False

    async def _preview(self) -> None:
        step, document = self.step, self.draft.document
        if step is None:
            return
        try:
            reply = await self.live.client.workflows.preview(document, step["id"], run_id=self.run_id)
        except Rejected:
            self.form.set_preview({})  # why is among the problems
            return
        if self.chosen != step["id"]:
            return
        scope: dict[str, Any] = dict(reply.scope)
        outputs = scope.get("steps")
        named = {other["id"]: UNKNOWN for other in document["steps"] if other["id"] in self._before(step["id"])}
        scope["steps"] = {**named, **(outputs if isinstance(outputs, dict) else {})}
        if self.secret_names:
            scope["secrets"] = dict.fromkeys(self.secret_names, UNKNOWN)
        self.form.set_scope(scope, f"run {self.run_id}" if self.run_id else "")
        self.form.set_preview(previews_of(step.get("params"), reply))

    def _before(self, step_id: str) -> set[str]:
        """The steps whose results a step may see."""
        leads: dict[str, set[str]] = {}
        for edge in Topology.of(self.draft.document["steps"]).edges:
            leads.setdefault(edge.target, set()).add(edge.source)
        found: set[str] = set()
        waiting = [step_id]
        while waiting:
            fresh = leads.get(waiting.pop(), set()) - found
            found |= fresh
            waiting += fresh
        return found - {step_id}

    def on_step_form_preview_wanted(self, event: StepForm.PreviewWanted) -> None:
        """Typing paused in a field with templates."""
        event.stop()
        self.preview()
