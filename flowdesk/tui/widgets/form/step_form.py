"""A step as a form: its name, its parameters by the schema of its kind, and how it is retried and limited."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any, ClassVar, Final, TypeVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from engine.errors import Problem
from flowdesk.clean import clean
from flowdesk.replies import StepKind
from flowdesk.tui import keys
from flowdesk.tui.completion import Scope
from flowdesk.tui.draw.paths import GONE, Path, path_text
from flowdesk.tui.draw.previews import Preview, has_templates
from flowdesk.tui.draw.schema_fields import Field, fields_of
from flowdesk.tui.draw.step_fields import limits, step_fields
from flowdesk.tui.widgets.form.boxes import Box, Slot, node, nodes
from flowdesk.tui.widgets.form.draft import PLAIN, PRETTY, Draft, Edited
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.form.fold import Fold
from flowdesk.tui.widgets.saying import say

WidgetT = TypeVar("WidgetT", bound=Widget)
PREVIEW_AFTER_S: Final = 0.3
_PRIORITY: Final = {"form.editor", "form.raw"}
_BINDINGS: Final = [replace(b, priority=True) if b.id in _PRIORITY else b for b in keys.bindings("form")]
_ALL_PARAMS: Final = Field("params", "Params", "json", "The parameters as one JSON object.", required=True)


class StepForm(VerticalScroll, can_focus=True):
    """Load a step, hear Changed. What nobody touched is never written, and what cannot be drawn is kept."""

    DEFAULT_CSS = """
    StepForm { height: 1fr; padding: 0 1; }
    StepForm > .problems { height: auto; display: none; color: $text-error; }
    StepForm > .problems.-some { display: block; }
    StepForm > .about { height: auto; color: $text-muted; margin-bottom: 1; }
    StepForm > .section { height: 1; text-style: bold; margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*_BINDINGS]
    HELP = """\
Every field of the step. `tab` goes to the next one, `esc` leaves the fields so that letters act again.

* `{{` in a text offers what the step can see, with the values of the last run.
* `ctrl+t` shows a field as JSON and back: for a template where a choice is drawn, or a list where a text is.
  On a button of a list or a group it does the same to the whole of it.
* `ctrl+e` opens the field in $EDITOR.
"""

    class Changed(Message):
        """The step has another value at `path`, GONE when it was taken away; `paths.put` does it to a document."""

        def __init__(self, form: StepForm, step_id: str, path: Path, value: Any) -> None:
            super().__init__()
            self.form, self.step_id, self.path, self.value = form, step_id, path, value

        @property
        def control(self) -> StepForm:
            """The form."""
            return self.form

    class PreviewWanted(Message):
        """Typing paused and there are templates: somebody may render these params and call `set_preview`."""

        def __init__(self, form: StepForm, step_id: str, params: Any) -> None:
            super().__init__()
            self.form, self.step_id, self.params = form, step_id, params

        @property
        def control(self) -> StepForm:
            """The form."""
            return self.form

    class EditorWanted(Message):
        """The field is to be edited in $EDITOR; `put_text` takes what comes back."""

        def __init__(self, form: StepForm, path: str, text: str) -> None:
            super().__init__()
            self.form, self.path, self.text = form, path, text

        @property
        def control(self) -> StepForm:
            """The form."""
            return self.form

    def __init__(self, *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002 - named like Widget's
        super().__init__(id=id)
        self.draft = Draft(signs=PLAIN if plain else PRETTY)
        self.step_id = ""
        self._kind: StepKind | None = None
        self._wait: Timer | None = None

    @property
    def step(self) -> dict[str, Any]:
        """The step as edited so far."""
        return deepcopy(self.draft.step)

    @property
    def unreadable(self) -> bool:
        """Whether some field holds text that is no JSON, so that its last change is not in the step."""
        return any(row.unreadable for row in self.query(FieldRow))

    async def load(self, kind: StepKind | None, step: Mapping[str, Any], problems: Sequence[Problem] = ()) -> None:
        """Show this step; `kind` is None for a ref nobody knows. The step the form came to by itself is not redrawn."""
        same = kind == self._kind and step == self.draft.step and bool(self.children)
        self.step_id = str(step.get("id", ""))
        if not same:
            old = self.draft
            focused = self._focused_row()
            self._kind = kind
            self.draft = Draft(deepcopy(dict(step)), old.scope, old.source, signs=old.signs)
            await self._rebuild()
            if focused is not None:
                await self.focus_field(focused.place)
        self.set_problems(problems)
        self._preview_soon()

    def set_problems(self, problems: Sequence[Problem]) -> None:
        """Show each problem at its field, or at the top when it has none here."""
        self.draft.problems.clear()
        places = {shown.place for shown in self._shown()}
        folds = list(self.query(Fold))
        for fold in folds:
            fold.remove_class("-wrong")
        loose: list[str] = []
        for problem in problems:
            said = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
            field = problem.field or ""
            place = max((p for p in places if p and _within(field, p)), key=len, default=None)
            hidden = [fold for fold in folds if fold.covers(field)]
            for fold in hidden:
                fold.add_class("-wrong")
            if place is None and not (hidden and any(not fold.opened for fold in hidden)):
                loose.append(f"{field}: {said}" if field else said)
            self.draft.problems.setdefault(place or field, []).append(said)
        self._say_at_top(loose)
        for shown in self._shown():
            shown.renote()

    def set_scope(self, scope: Scope, source: str = "") -> None:
        """What templates see, and where its values come from (`run #1842`)."""
        self.draft.scope, self.draft.source = scope, source

    def set_preview(self, previews: Mapping[str, Preview]) -> None:
        """What the templates come to, by the path of their field."""
        self.draft.previews = previews
        for row in self.query(FieldRow):
            row.renote()

    async def focus_field(self, path: str) -> bool:
        """Go to the field of this path, or the nearest one around it; False when there is none."""
        for fold in list(self.query(Fold)):
            if fold.covers(path):
                await fold.unfold()
        rows = [row for row in self.query(FieldRow) if _within(path, row.place) or _within(row.place, path)]
        if not rows:
            return False
        rows.sort(key=lambda row: (not _within(path, row.place), -len(row.place) if _within(path, row.place) else 0))
        rows[0].control_widget.focus()
        return True

    def put_text(self, path: str, text: str) -> None:
        """Type this into the field of that path."""
        for row in self.query(FieldRow):
            if row.place == path:
                row.put_text(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """These need a field that is edited."""
        if action == "form_leave":
            return not self.has_focus
        if action == "form_raw" and self._focused(Slot) is not None:
            return True
        return not action.startswith("form_") or self._focused_row() is not None

    def action_form_leave(self) -> None:
        """Leave the field, so that letters act again."""
        self.focus()

    def action_form_editor(self) -> None:
        """Ask for $EDITOR."""
        row = self._focused_row()
        if row is not None:
            self.post_message(self.EditorWanted(self, row.place, row.text))

    async def action_form_raw(self) -> None:
        """The field as JSON, or in its own form again."""
        row, slot = self._focused_row(), self._focused(Slot)
        if row is not None:
            await row.flip()
        elif slot is not None:
            await slot.flip()

    def on_edited(self, event: Edited) -> None:
        """Pass on what was edited."""
        event.stop()
        self.post_message(self.Changed(self, self.step_id, event.path, deepcopy(event.value)))
        self._preview_soon()

    async def _rebuild(self) -> None:
        async with self.batch():
            await self.remove_children()
            await self.mount_all(self._widgets())

    def _widgets(self) -> Iterator[Widget]:
        kind, draft = self._kind, self.draft
        yield Static(classes="problems", markup=False)
        yield Static(self._headline(), classes="about", markup=False)
        fields = step_fields()
        yield FieldRow(draft, ("id",), fields["id"], late=True)
        yield FieldRow(draft, ("name",), fields["name"])
        params = fields_of(kind["params"]) if kind is not None else None
        given = draft.get(("params",))
        if params is None or not (given is GONE or isinstance(given, dict)):
            yield FieldRow(draft, ("params",), _ALL_PARAMS)
        elif params or given not in (GONE, {}):
            yield Static(Content("Params"), classes="section", markup=False)
            yield from nodes(draft, ("params",), params)
        given_limits = any(draft.get(path) is not GONE for path, _field in limits())
        if draft.get(("type",)) != "TRIGGER" or given_limits:
            yield Fold("Retry and limits", self._limits, covers=_is_limit, opened=given_limits, signs=draft.signs)

    def _limits(self) -> list[Widget]:
        retry = self.draft.get(("retry",))
        if retry is GONE or isinstance(retry, dict):
            return [node(self.draft, path, field) for path, field in limits()]
        whole = [FieldRow(self.draft, ("retry",), replace(step_fields()["retry"], kind="json"))]
        return [*whole, *(node(self.draft, path, field) for path, field in limits() if path[0] != "retry")]

    def _headline(self) -> Content:
        ref = clean(str(self.draft.step.get("ref", "")))
        if self._kind is None:
            return Content.assemble(
                (f"{self.draft.signs.problem} ", "$text-error"), f"{ref}: the server does not know this kind of step"
            )
        about = clean(self._kind["description"].split("\n", 1)[0])
        title = Content.assemble((clean(self._kind["title"]), "bold $foreground"))
        return Content.assemble(title, f" · {ref} · {clean(self._kind['effect'])}\n{about}")

    def _say_at_top(self, said: Sequence[str]) -> None:
        for top in self.query(".problems").results(Static):
            top.set_class(bool(said), "-some")
            say(top, Content("\n").join(Content(f"{self.draft.signs.problem} {clean(line)}") for line in said))

    def _shown(self) -> list[FieldRow | Box]:
        return [*self.query(FieldRow), *self.query(Box)]

    def _focused_row(self) -> FieldRow | None:
        return self._focused(FieldRow)

    def _focused(self, kind: type[WidgetT]) -> WidgetT | None:
        """The innermost widget of that kind around what has the focus."""
        focused = self.screen.focused if self.is_attached else None
        if focused is None or self not in focused.ancestors:
            return None
        return next((above for above in focused.ancestors_with_self if isinstance(above, kind)), None)

    def _preview_soon(self) -> None:
        if self._wait is not None:
            self._wait.stop()
        self._wait = self.set_timer(PREVIEW_AFTER_S, self._want_preview)

    def _want_preview(self) -> None:
        params = self.draft.get(("params",))
        if params is not GONE and has_templates(params):
            self.post_message(self.PreviewWanted(self, self.step_id, deepcopy(params)))


def _within(inner: str, outer: str) -> bool:
    """Whether one field is the other, or inside it."""
    return inner == outer or (inner.startswith(outer) and inner[len(outer) : len(outer) + 1] in (".", "["))


def _is_limit(field: str) -> bool:
    return any(_within(field, path_text(path)) for path, _field in limits()) or field == "retry"
