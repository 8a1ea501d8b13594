"""A screen with nothing but the form, which keeps the step as an editor does and remembers what was said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from typing import Any, cast

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from engine.errors import Problem
from flowdesk.replies import StepKind
from flowdesk.tui.draw.paths import put
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.form.step_form import StepForm
from flowdesk.tui.widgets.text_fields import AreaInput, LineInput
from tests.tui.waiting import idle
from tests.tui.world import kinds


def kind_of(ref: str) -> StepKind:
    """A built-in kind of step as the server describes it."""
    return cast(StepKind, next(kind for kind in kinds() if kind["ref"] == ref))


class FormHost(App[None]):
    """The form, and the document it changes."""

    def __init__(self, kind: StepKind | None, step: dict[str, Any], problems: Sequence[Problem] = ()) -> None:
        super().__init__()
        self.kind, self.document, self.problems = kind, deepcopy(step), problems
        self.form = StepForm()
        self.changes: list[tuple[tuple[str | int, ...], Any]] = []
        self.wanted: list[Any] = []
        self.editor: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        """Only the form."""
        yield self.form

    async def on_mount(self) -> None:
        """Show the step."""
        await self.form.load(self.kind, self.document, self.problems)

    def on_step_form_changed(self, event: StepForm.Changed) -> None:
        """Keep the change."""
        self.changes.append((event.path, event.value))
        put(self.document, event.path, event.value)

    def on_step_form_preview_wanted(self, event: StepForm.PreviewWanted) -> None:
        """Remember what was to be rendered."""
        self.wanted.append(event.params)

    def on_step_form_editor_wanted(self, event: StepForm.EditorWanted) -> None:
        """Remember the field."""
        self.editor.append((event.path, event.text))

    def row(self, place: str) -> FieldRow:
        """The field of that path."""
        return next(row for row in self.form.query(FieldRow) if row.place == place)

    def notes(self, place: str) -> str:
        """What stands below the field."""
        return str(self.row(place).query_one(".note").render())

    async def replace(self, pilot: Pilot[None], place: str, text: str) -> None:
        """Type this in the place of what is there."""
        assert await self.form.focus_field(place)
        await pilot.pause()
        control = self.row(place).control_widget
        if isinstance(control, LineInput | AreaInput):
            control.select_all()
        await pilot.press("backspace")
        await pilot.press(*text)
        await settled(self, pilot)


async def settled(host: App[Any], pilot: Pilot[None]) -> None:
    """Return when every message has reached whom it is for."""
    for _ in range(3):
        await pilot.pause()
        await idle(host)


def a_step(ref: str, params: Any, **more: Any) -> dict[str, Any]:
    """A step of that kind."""
    kind = kind_of(ref)
    return {"id": "it", "type": kind["kind"], "ref": ref, "params": params, **more}


@asynccontextmanager
async def shown(
    ref: str, params: Any, problems: Sequence[Problem] = (), **more: Any
) -> AsyncIterator[tuple[FormHost, Pilot[None]]]:
    """The form with a step of that kind."""
    host = FormHost(kind_of(ref), a_step(ref, params, **more), problems)
    async with host.run_test(size=(100, 60)) as pilot:
        await settled(host, pilot)
        yield host, pilot
