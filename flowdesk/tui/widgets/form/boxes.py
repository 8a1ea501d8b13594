"""Groups of fields: objects, lists, free maps, and values that can take several forms."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Select, Static

from flowdesk.clean import clean
from flowdesk.tui.draw.field_values import placeholder
from flowdesk.tui.draw.form_shapes import GROUPS, blank, branch_of, drawable, loose
from flowdesk.tui.draw.paths import GONE, Path, path_text
from flowdesk.tui.draw.schema_fields import Field
from flowdesk.tui.widgets.form.draft import Draft, Edited
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.form.fold import Fold
from flowdesk.tui.widgets.saying import say
from flowdesk.tui.widgets.text_fields import LineInput


def node(draft: Draft, path: Path, field: Field, *, bare: bool = False) -> Widget:
    """What draws this field: a row, or a group of them. `bare` leaves the label out."""
    return Slot(draft, path, field, bare=bare) if field.kind in GROUPS else FieldRow(draft, path, field, bare=bare)


def nodes(draft: Draft, path: Path, fields: Iterable[Field]) -> list[Widget]:
    """The members of an object, then what the object holds besides, which nobody may lose."""
    known = list(fields)
    held = draft.get(path)
    extra = [key for key in held if key not in {field.key for field in known}] if isinstance(held, dict) else []
    known += [Field(key, key, "any", "The step does not know this field.") for key in extra]
    return [node(draft, (*path, field.key), field) for field in known]


class Slot(Vertical):
    """Where a group stands, or the JSON of it."""

    DEFAULT_CSS = "Slot { height: auto; }"

    def __init__(self, draft: Draft, path: Path, field: Field, *, bare: bool = False) -> None:
        super().__init__()
        self.draft, self.path, self.field = draft, path, field
        self._bare = bare
        self._as_json = False

    def compose(self) -> ComposeResult:
        """The group when it can show the value."""
        if self._as_json or not drawable(self.field, self.draft.get(self.path)):
            yield FieldRow(self.draft, self.path, self.field, bare=self._bare)
        elif self.field.kind == "object":
            yield self._object()
        else:
            boxes: dict[str, type[Box]] = {"array": ArrayBox, "map": MapBox, "union": UnionBox}
            yield boxes[self.field.kind](self.draft, self.path, self.field)

    def _object(self) -> Widget:
        build = partial(nodes, self.draft, self.path, self.field.fields)
        if self._bare:
            return Vertical(*build(), classes="group")
        place = path_text(self.path)
        opened = self.field.required or self.draft.get(self.path) not in (GONE, {}, None)
        signs = self.draft.signs
        return Fold(self.field.title, build, covers=lambda p: p.startswith(place), opened=opened, signs=signs)

    async def on_field_row_flip(self, event: FieldRow.Flip) -> None:
        """Draw it as fields again, if it can be."""
        event.stop()
        await self.flip()

    async def flip(self) -> None:
        """Between fields and JSON."""
        self._as_json = not any(isinstance(child, FieldRow) for child in self.children)
        await self.recompose()
        _focus_first(self)


class Box(Vertical):
    """A group with a title line, which also tells what is wrong with the group as a whole."""

    DEFAULT_CSS = """
    Box { height: auto; }
    Box > .title { height: auto; }
    Box .item { height: auto; padding-left: 2; }
    Box .item > .inner { width: 1fr; height: auto; }
    Box .item > .key { width: 18; height: 1; background: $surface; padding: 0 1; margin-right: 1; }
    Box .buttons { width: auto; height: 1; }
    Box Button { min-width: 3; width: auto; }
    Box .group { height: auto; padding-left: 2; }
    Box > Select { width: 30; margin-left: 18; }
    """
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, draft: Draft, path: Path, field: Field) -> None:
        super().__init__()
        self.draft, self.path, self.field = draft, path, field

    @property
    def place(self) -> str:
        """The path as problems name it."""
        return path_text(self.path)

    def title(self) -> Static:
        """The title line."""
        return Static(self._title_text(), classes="title", markup=False)

    def renote(self) -> None:
        """Say what is wrong with the group."""
        for title in self.query(".title").results(Static):
            if title.parent is self:
                say(title, self._title_text())

    def _title_text(self) -> Content:
        problems = self.draft.problems.get(self.place, [])
        said = [(f"  {self.draft.signs.problem} {clean(problem)}", "$text-error") for problem in problems]
        name = clean(self.field.title) + (" *" if self.field.required and self.path else "")
        return Content.assemble(name, *said, ("" if said else f"  {clean(self._about())}", "$text-muted"))

    def _about(self) -> str:
        """The explanation while something inside is edited, else what holds when nothing is given."""
        if self.has_pseudo_class("focus-within"):
            return self.field.description.replace("\n", " ")
        return placeholder(self.field) if self.draft.get(self.path) is GONE else ""

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Explain."""
        self.renote()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """Enough explained."""
        self.renote()

    def keep(self, value: Any) -> None:
        """Put the whole group's value and say so."""
        self.draft.problems.pop(self.place, None)
        self.draft.put(self.path, value)
        self.post_message(Edited(self, self.path, value))


class ArrayBox(Box):
    """A list: each item with buttons that move and remove it, and one below that adds."""

    HELP = "The buttons move an item up and remove it; the one below adds one."

    def compose(self) -> ComposeResult:
        """Title, items, button."""
        yield self.title()
        item = loose(self.field.item or Field("", "", "any", required=True))
        for index in range(len(self._items())):
            with Horizontal(classes="item"):
                with Vertical(classes="inner"):
                    yield node(self.draft, (*self.path, index), item, bare=True)
                with Horizontal(classes="buttons"):
                    yield Button(self.draft.signs.up, compact=True, classes="up", name=str(index), disabled=index == 0)
                    yield Button(self.draft.signs.remove, compact=True, classes="remove", name=str(index))
        with Horizontal(classes="item"):
            yield Button("+ add", compact=True, classes="add")

    def _items(self) -> list[Any]:
        held = self.draft.get(self.path)
        return held if isinstance(held, list) else []

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Add, move or remove."""
        event.stop()
        items, at = list(self._items()), int(event.button.name or 0)
        if event.button.has_class("add"):
            at = len(items)
            items.append(blank(loose(self.field.item)) if self.field.item else "")
        elif event.button.has_class("up"):
            items[at - 1], items[at] = items[at], items[at - 1]
            at -= 1
        else:
            del items[at]
        self.keep(items)
        await self.recompose()
        rows = [child for child in self.children if child.has_class("item")]
        _focus_first(rows[min(at, len(rows) - 1)])


class MapBox(Box):
    """An object with free keys: a row for each, the key left and the value right."""

    HELP = "Left the key, right its value. A row whose key is empty or there twice is not kept."

    def __init__(self, draft: Draft, path: Path, field: Field) -> None:
        super().__init__(draft, path, field)
        self._rows: list[str] = []

    def compose(self) -> ComposeResult:
        """Title, rows, button."""
        yield self.title()
        held = self.draft.get(self.path)
        for key in held if isinstance(held, dict) else ():
            yield self._row(key, GONE)
        with Horizontal(classes="item"):
            yield Button("+ add", compact=True, classes="add")

    def _row(self, key: str, value: Any) -> Widget:
        item = loose(self.field.item or Field("", "", "any", required=True))
        if item.kind in GROUPS:
            item = Field("", "", "any", item.description, required=True)
        row = FieldRow(self.draft, (*self.path, key), item, bare=True, detached=True, start=value)
        row.add_class("inner")
        remove = Button(self.draft.signs.remove, compact=True, classes="remove")
        return Horizontal(LineInput(key, placeholder="key", compact=True, classes="key"), row, remove, classes="item")

    def on_input_changed(self, event: Input.Changed) -> None:
        """A key was typed."""
        event.stop()
        self.gather()

    def on_edited(self, event: Edited) -> None:
        """A value changed."""
        if event.sender is not self:
            event.stop()
            self.gather()

    async def on_button_pressed(self, event: Button.Pressed) -> None:
        """Add or remove a row."""
        event.stop()
        holder = event.button.parent
        if not isinstance(holder, Horizontal):
            return
        if event.button.has_class("add"):
            row = self._row("", "")
            await self.mount(row, before=holder)
            _focus_first(row)
        else:
            await holder.remove()
            self.gather()

    def gather(self) -> None:
        """Make the object of the rows; keys that are empty or there twice keep it as it was."""
        found: dict[str, Any] = {}
        twice: str | None = None
        before = self.draft.get(self.path)
        for holder in self.query(".item").results(Horizontal):
            for row in holder.query(FieldRow):
                key = holder.query_one(".key", LineInput).value
                if key in found:
                    twice = key
                if key or (isinstance(before, dict) and "" in before):
                    row.path = (*self.path, key)
                    found[key] = row.value
        if twice is not None:
            self.draft.problems[self.place] = [f"the key {twice!r} is there twice"]
        elif json.dumps(found) != json.dumps(before if isinstance(before, dict) else {}):
            self.keep(found)
        else:
            self.draft.problems.pop(self.place, None)
        self.renote()


class UnionBox(Box):
    """A value of several forms: which one, and its fields."""

    HELP = "Choose the form; what was typed into another one comes back when that is chosen again."

    def __init__(self, draft: Draft, path: Path, field: Field) -> None:
        super().__init__(draft, path, field)
        self._was: dict[int, Any] = {}

    def compose(self) -> ComposeResult:
        """Title, choice, the fields of what is chosen."""
        yield self.title()
        value = self.draft.get(self.path)
        at = None if value is GONE else branch_of(self.field, value)
        options = [(Content(clean(branch.title)), n) for n, branch in enumerate(self.field.branches)]
        chosen = Select.NULL if at is None else at
        yield Select(options, prompt="not set", allow_blank=True, value=chosen, compact=True)
        if at is not None:
            yield self._form(at)

    def _form(self, at: int) -> Widget:
        branch = self.field.branches[at]
        if branch.kind != "object":
            return Vertical(node(self.draft, self.path, branch, bare=True), classes="group")
        shown = nodes(self.draft, self.path, branch.fields)
        return Vertical(*(inner for inner in shown if not _is_tag(inner, branch)), classes="group")

    async def on_select_changed(self, event: Select.Changed) -> None:
        """Another form was chosen."""
        event.stop()
        value = self.draft.get(self.path)
        before = None if value is GONE else branch_of(self.field, value)
        at = event.value if isinstance(event.value, int) else None
        if at == before:
            return
        if before is not None:
            self._was[before] = value
        self.keep(GONE if at is None else self._was.get(at, blank(self.field.branches[at])))
        for group in self.query(".group"):
            if group.parent is self:
                await group.remove()
        if at is not None:
            await self.mount(self._form(at))


def _is_tag(widget: Widget, branch: Field) -> bool:
    return isinstance(widget, FieldRow) and branch.tag is not None and widget.path[-1] == branch.tag[0]


def _focus_first(widget: Widget) -> None:
    first = next((inner for inner in widget.walk_children(Widget) if inner.can_focus and inner.focusable), None)
    if first is not None:
        first.focus()
