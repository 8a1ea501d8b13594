"""The input of a run drawn as the fields a workflow's `inputs` name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from textual.containers import VerticalScroll

from engine.errors import Problem
from flowdesk.clean import clean
from flowdesk.tui.draw.field_values import fault
from flowdesk.tui.draw.paths import GONE, path_text
from flowdesk.tui.draw.schema_fields import Field, fields_of
from flowdesk.tui.widgets.form.boxes import Box, nodes
from flowdesk.tui.widgets.form.draft import PLAIN, PRETTY, Draft, Edited
from flowdesk.tui.widgets.form.field_row import FieldRow

_DATA: Final = "data"
"""Under which name the server's problems know the input."""


class InputForm(VerticalScroll, can_focus=False):
    """Fill it with an object; `value` is the object as edited so far, with all that the fields do not know."""

    DEFAULT_CSS = """
    InputForm { height: auto; max-height: 16; }
    """

    def __init__(self, fields: Sequence[Field], *, plain: bool = False) -> None:
        super().__init__()
        self._fields = list(fields)
        self._signs = PLAIN if plain else PRETTY
        self._draft = Draft({_DATA: {}}, signs=self._signs)

    @property
    def value(self) -> dict[str, Any]:
        """The object."""
        value = self._draft.get((_DATA,))
        return value if isinstance(value, dict) else {}

    async def fill(self, value: Mapping[str, Any]) -> None:
        """Show this object."""
        self._draft = Draft({_DATA: dict(value)}, signs=self._signs)
        async with self.batch():
            await self.remove_children()
            await self.mount_all(nodes(self._draft, (_DATA,), self._fields))

    def focus_first(self) -> None:
        """Type into the first field that has something wrong, else into the first."""
        rows = list(self.query(FieldRow))
        wrong = [row for row in rows if row.wrong or self._draft.problems.get(row.place)]
        for row in [*wrong, *rows][:1]:
            row.control_widget.focus()

    def mark(self, problems: Iterable[Problem]) -> list[str]:
        """Say each problem at its field; gives those that are about no field in sight."""
        said: dict[str, list[str]] = {}
        for problem in problems:
            said.setdefault(problem.field or "", []).append(problem.message)
        self._draft.problems = said
        rows = list(self.query(FieldRow))
        for row in rows:
            row.renote()
        for box in self.query(Box):
            box.renote()
        places = {row.place for row in rows} | {box.place for box in self.query(Box)}
        return [f"{place}: {text}" if place else text for place in said if place not in places for text in said[place]]

    def on_edited(self, event: Edited) -> None:
        """What was said about the value before goes."""
        event.stop()
        self._draft.problems.pop(path_text(event.path), None)
        if isinstance(event.sender, FieldRow | Box):
            event.sender.renote()

    def check(self) -> str:
        """What this side can tell to be wrong, said at the field as well; empty when nothing is."""
        unreadable = next((row for row in self.query(FieldRow) if row.unreadable), None)
        if unreadable is not None:
            return f"{clean(unreadable.field.title)}: {unreadable.wrong}"
        wrong = [(field, self._wrong(field)) for field in self._fields]
        self.mark(Problem("invalid", text, field=path_text((_DATA, field.key))) for field, text in wrong if text)
        return "; ".join(text for _field, text in wrong if text)

    def _wrong(self, field: Field) -> str:
        value = self._draft.get((_DATA, field.key))
        if value is GONE and field.default is not GONE:
            return ""
        return fault(field, value) or ""


def form_fields(inputs: Mapping[str, Any] | None) -> tuple[Field, ...]:
    """The fields of a workflow's `inputs`; none when they name none, so that only JSON can tell."""
    return fields_of(inputs) or ()
