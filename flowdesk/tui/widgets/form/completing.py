"""Suggestions under a field that is typed into: what may stand in a template's tag at the cursor."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final

from textual.binding import BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import OptionList

from flowdesk.tui import keys
from flowdesk.tui.completion import candidates
from flowdesk.tui.draw.field_values import Mode
from flowdesk.tui.draw.schema_fields import Field
from flowdesk.tui.widgets.form.controls import Suggestions
from flowdesk.tui.widgets.form.draft import Draft
from flowdesk.tui.widgets.text_fields import AreaInput, LineInput

_TYPED: Final = ("line", "area", "json")
_PRIORITY: Final = [replace(binding, priority=True) for binding in keys.bindings("completion")]


class Completing(Vertical):
    """A field with suggestions; its keys are only taken while there are some."""

    BINDINGS: ClassVar[list[BindingType]] = [*_PRIORITY]

    draft: Draft
    field: Field
    mode: Mode
    text: str

    @property
    def control_widget(self) -> Widget:
        """What has the focus while the field is edited."""
        return self.query_one("LineInput, AreaInput, Select, Checkbox", Widget)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the suggestions belong to the field while there are none."""
        return not action.startswith("completion_") or bool(self.query(Suggestions))

    def suggest(self, wanted: bool = True) -> None:
        """Offer what fits at the cursor, or nothing any more."""
        if self.mode not in _TYPED or self.field.kind == "expression" or not wanted:
            return
        found = candidates(self.text, self._cursor(), self.draft.scope)
        if self.mode == "json":
            found = [candidate for candidate in found if '"' not in candidate.insert]
        if not found or not self.has_pseudo_class("focus-within"):
            self.close_suggestions()
            return
        if not self.query(Suggestions):
            self.mount(Suggestions(), after=self.control_widget)
        self.query_one(Suggestions).offer(found)

    def _cursor(self) -> int:
        control = self.control_widget
        if isinstance(control, AreaInput):
            row, column = control.cursor_location
            return sum(len(line) + 1 for line in control.document.lines[:row]) + column
        return control.cursor_position if isinstance(control, LineInput) else 0

    def close_suggestions(self) -> None:
        """No suggestion."""
        self.query(Suggestions).remove()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes a suggestion."""
        event.stop()
        self.action_completion_take()

    def action_completion_next(self) -> None:
        """The next suggestion."""
        self.query_one(Suggestions).move(1)

    def action_completion_previous(self) -> None:
        """The one before."""
        self.query_one(Suggestions).move(-1)

    def action_completion_close(self) -> None:
        """No suggestion."""
        self.close_suggestions()

    def action_completion_take(self) -> None:
        """Put in the highlighted one."""
        chosen = self.query_one(Suggestions).chosen
        self.close_suggestions()
        control = self.control_widget
        if chosen is None:
            return
        if isinstance(control, LineInput):
            control.replace(chosen.insert, chosen.start, chosen.end)
            control.cursor_position = chosen.start + len(chosen.insert)
        elif isinstance(control, AreaInput):
            start, end = (_location(self.text, at) for at in (chosen.start, chosen.end))
            control.replace(chosen.insert, start, end, maintain_selection_offset=False)


def _location(text: str, offset: int) -> tuple[int, int]:
    """Row and column of a place in a text."""
    before = text[:offset]
    return before.count("\n"), offset - (before.rfind("\n") + 1)
