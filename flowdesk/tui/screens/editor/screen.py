"""The workflow editor: one draft as map, form and source."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

from flowdesk.errors import ClientError
from flowdesk.tui import keys, toast
from flowdesk.tui.document.arrows import set_value, set_workflow_value
from flowdesk.tui.document.basics import EditRefused
from flowdesk.tui.document.draft import Draft
from flowdesk.tui.editor_handoff import EditorFailed, edit_outside
from flowdesk.tui.modals.workflow_settings import WorkflowSettingsModal, with_settings
from flowdesk.tui.screens.editor.practising import EditorPractising
from flowdesk.tui.screens.editor.views import VIEWS, View
from flowdesk.tui.widgets.flow_view import FlowView
from flowdesk.tui.widgets.form.step_form import StepForm

if TYPE_CHECKING:
    from flowdesk.tui.live import LinkState

_NEED_A_STEP: Final = {
    "editor.add_before",
    "editor.remove",
    "editor.duplicate",
    "editor.branch",
    "editor.connect",
    "editor.rename",
    "editor.copy",
    "editor.test",
    "editor.run_to",
    "editor.pin",
    "editor.unpin",
}
_NEED_A_DOCUMENT: Final = _NEED_A_STEP | {
    "editor.add",
    "editor.paste",
    "editor.format",
    "editor.settings",
    "editor.save",
    "editor.run",
    "editor.capture",
}
_ALWAYS: Final = {"editor.leave", *(f"editor.{view}" for view in VIEWS)}
_EXTERNAL: Final = "editor.external"


class EditorScreen(EditorPractising):
    """Edit a workflow, None: a new one.

    `step` is stood on, in its `field` if there is one like that; `run_id` gives the values shown beside templates.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *(replace(b, key=b.key.split(",")[0]) if b.id == _EXTERNAL else b for b in keys.bindings("editor")),
        # From a field or the source too, where it would move the cursor.
        Binding("ctrl+e", "editor_external", "$EDITOR", show=False, priority=True),
    ]
    HELP = """\
## Editor

Map, form and source are one workflow: what you change in one shows in the others. `1` `2` `3` go to them, `esc`
leaves a field so that letters act. `a` adds a step behind the chosen one, `C` connects it, `x` removes it, and `u`
undoes anything.

`!` goes to the next problem, `L` lists all. `t` executes the chosen step alone, `r` runs the workflow. `R` rehearses
it up to the chosen step: a step with a pinned output (`p` pins that of the last test or run, `P` unpins) gives this
instead of running. `W` keeps the next webhook as a sample for the input of runs, and starts no run for it.

`ctrl+s` saves a new version; until then your changes are kept as a draft, also when you leave.
"""

    def __init__(
        self,
        workflow_id: str | None,
        *,
        step: str | None = None,
        field: str | None = None,
        run_id: str | None = None,
        draft: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(workflow_id, run_id)
        self.chosen = step
        self._field = field
        self._begin_with = draft
        if workflow_id is None and draft is not None:
            self.slot = f"new {draft.get('name', '')}"

    def on_mount(self) -> None:
        """Read the workflow, then show it."""
        self.set_class(True, "-pane-map")
        self.live.link.subscribe(self, self._link_changed)
        self.show_state()
        self.background(self._open(), what="Opening the workflow", group="open")

    def on_unmount(self) -> None:
        """Whatever ends the screen, nothing typed is lost."""
        self.keep_now()

    async def _open(self) -> None:
        client = self.live.client
        try:
            if self.workflow_id is not None:
                saved = cast(dict[str, Any], await client.workflows.get(self.workflow_id))
                self.draft = Draft.of_saved(saved)
            else:
                self.draft = Draft(self._begin_with or new_workflow())
            await self._learn_kinds()
        except ClientError:
            if not self.restore_draft():
                if self.is_current:
                    self.app.pop_screen()
                raise
            toast.warn(self, "the server does not answer; this is your draft")
        else:
            self.restore_draft()
        self.loaded = True
        self.show()
        self.check()
        if self.workflow_id is None and not self.workflow_name:
            self.query_one("#workflow-name", Input).focus()
        elif self._field is None or not await self._stand_in(self._field):
            self.map.focus()
        await self._look_at_run()

    async def _stand_in(self, field: str) -> bool:
        """Go to that field of the step; False when it has none like that."""
        await self._show_form()
        self.uncover("form")
        if self.step is not None and await self.form.focus_field(field):
            return True
        self.uncover("map")
        return False

    async def _learn_kinds(self) -> None:
        self.kinds = {kind["ref"]: kind for kind in await self.live.client.step_kinds()}

    async def _look_at_run(self) -> None:
        if self.live.state == "connected":
            await self.find_run()
            await self.find_secrets()
            self.preview()
            await self.read_practice()

    def _link_changed(self, state: LinkState) -> None:
        if state == "connected" and self.loaded:
            self.background(self._catch_up(), what="Reading from the server again", group="open")

    async def _catch_up(self) -> None:
        if not self.kinds:
            await self._learn_kinds()
            self.show("form")
        self.check()
        await self._look_at_run()

    def why_not(self, act_id: str) -> str | None:
        """What can be done depends on the draft, and on whether its source can be read."""
        if not act_id.startswith("editor.") or act_id in _ALWAYS:
            return None
        if not self.loaded:
            return "the workflow is still being read"
        if act_id in _NEED_A_DOCUMENT and self.draft.problem is not None:
            line = self.draft.problem.line
            return f"the source cannot be read{f' (line {line})' if line else ''}; ! goes there"
        if act_id in _NEED_A_STEP and self.step is None:
            return "no step is chosen"
        return self._why_not(act_id)

    def _why_not(self, act_id: str) -> str | None:
        match act_id:
            case "editor.save" | "editor.discard" if not self.draft.changed:
                return "nothing has changed"
            case "editor.run" | "editor.run_to" if (self.draft.base or {}).get("enabled") is False:
                return "it is disabled; w enables it"
            case "editor.undo" if self.draft.undo_what is None:
                return "there is nothing to undo"
            case "editor.redo" if self.draft.redo_what is None:
                return "there is nothing to do again"
            case "editor.paste" if not self.can_paste():
                return "no step was copied; c copies one"
            case "editor.problem" | "editor.problems" if not self.problems:
                return "there is no problem"
            case "editor.pin" | "editor.unpin" | "editor.capture" if self.workflow_id is None:
                return "the workflow was never saved"
            case "editor.unpin" if self.chosen not in self.pins:
                return "no output is pinned to it; p pins one"
            case "editor.capture" if not self.has_webhook:
                return "it has no webhook"
            case "editor.versions" if self.workflow_id is None:
                return "the workflow was never saved"
            case "editor.versions" if self.live.state != "connected":
                return "there is no connection to the server"
        return None

    # what the views say

    def on_flow_view_highlighted(self, event: FlowView.Highlighted) -> None:
        """Another step under the cursor of the map."""
        event.stop()
        if self.map.has_focus_within or self.chosen is None:
            self.choose(event.step_id, but="map")

    def on_flow_view_opened(self, event: FlowView.Opened) -> None:
        """Enter goes on into the form."""
        event.stop()
        self.choose(event.step_id, but="map")
        self.action_editor_form()

    def choose(self, step_id: str | None, *, but: View | None = None) -> None:
        """Stand on another step, and see what its templates come to."""
        before = self.chosen
        super().choose(step_id, but=but)
        if self.chosen != before:
            self.preview()

    @on(TextArea.SelectionChanged)
    def _moved_in_source(self, event: TextArea.SelectionChanged) -> None:
        if self.source not in event.text_area.ancestors:
            return
        event.stop()
        if self.source.has_focus_within and self._typed is None and self.draft.source_ready:
            self.choose(self.draft.reading.step_at(self.source.line), but="source")

    def on_step_form_changed(self, event: StepForm.Changed) -> None:
        """A field of the step; its id is renamed everywhere."""
        event.stop()
        if event.path == ("id",):
            if not self.rename(event.step_id, str(event.value)):
                self.show("form")
            return
        self.settle()
        try:
            self.draft.type((event.step_id, event.path), set_value, event.step_id, event.path, event.value)
        except EditRefused as error:
            toast.warn(self, toast.reason(error))
            self.show("form")
        else:
            self.changed("map", "source")

    @on(Input.Changed, "#workflow-name")
    def _named(self, event: Input.Changed) -> None:
        event.stop()
        self.settle()
        try:
            self.draft.type("name", set_workflow_value, ("name",), event.value)
        except EditRefused as error:
            toast.warn(self, toast.reason(error))
        else:
            self.changed("source")

    @on(Input.Submitted, "#workflow-name")
    def _name_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_editor_map()

    # panes

    def action_editor_map(self) -> None:
        """The map."""
        self.look_at("map")

    def action_editor_form(self) -> None:
        """The form."""
        self.look_at("form")

    def action_editor_source(self) -> None:
        """The source."""
        self.look_at("source")

    def action_editor_leave(self) -> None:
        """Back to the map; from there out, with the changes kept as a draft."""
        if self.map.has_focus_within or self.focused is None:
            self.app.pop_screen()
        else:
            self.action_editor_map()

    # the whole document

    def action_editor_undo(self) -> None:
        """Take the last edit back, wherever it was made."""
        self.settle()
        what = self.draft.undo()
        if what is not None:
            self.changed()
            toast.say(self, f"undone: {what}")

    def action_editor_redo(self) -> None:
        """Do it again."""
        self.settle()
        what = self.draft.redo()
        if what is not None:
            self.changed()
            toast.say(self, f"done again: {what}")

    def action_editor_format(self) -> None:
        """The source in the other language."""
        self.settle()
        try:
            self.draft.show_as("json" if self.draft.form == "yaml" else "yaml")
        except EditRefused as error:
            toast.warn(self, toast.reason(error))
        else:
            self.changed("source")

    def action_editor_settings(self) -> None:
        """Name, schedule, limits, tags."""
        self.background(self._settings(), what="Changing the settings", group="dialog")

    async def _settings(self) -> None:
        self.settle()
        values = await self.app.push_screen_wait(WorkflowSettingsModal(self.draft.document))
        if values:
            self.edit(with_settings, values)

    def action_editor_external(self) -> None:
        """The field that is edited, or the whole source, in $EDITOR."""
        if self.form.has_focus_within and not self.form.has_focus:
            self.form.action_form_editor()
        else:
            self.background(self._edit_outside(), what="Editing in $EDITOR", group="dialog")

    async def _edit_outside(self) -> None:
        self.settle()
        draft = self.draft
        suffix = f".{draft.form}"
        try:
            edited = await edit_outside(self.app, draft.source, suffix, self.flow.options.environ)
        except EditorFailed as error:
            toast.warn(self, toast.reason(error))
            return
        if edited is not None:
            draft.checkpoint()
            draft.replace_source(edited)
            self.changed()

    def on_step_form_editor_wanted(self, event: StepForm.EditorWanted) -> None:
        """A field in $EDITOR."""
        event.stop()
        self.background(self._edit_field(event.path, event.text), what="Editing in $EDITOR", group="dialog")

    async def _edit_field(self, path: str, text: str) -> None:
        try:
            edited = await edit_outside(self.app, text, ".txt", self.flow.options.environ)
        except EditorFailed as error:
            toast.warn(self, toast.reason(error))
            return
        if edited is not None:
            self.form.put_text(path, edited)


def new_workflow() -> dict[str, Any]:
    """What a new workflow begins with."""
    return {
        "name": "",
        "steps": [
            {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "log"},
            {"id": "log", "ref": "core.log", "params": {"message": "hello"}},
        ],
    }
