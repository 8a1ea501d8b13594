"""Looking into a JSON value: a lazy tree on the left, the value under its cursor on the right."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final, Self

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Horizontal
from textual.events import Key, Resize
from textual.message import Message
from textual.widgets import Input, Static

from flowdesk.clean import clean
from flowdesk.tui import keys
from flowdesk.tui.draw.values import Path, matches, template_path, text_of
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.text_fields import LineInput
from flowdesk.tui.widgets.value_text import ValueText
from flowdesk.tui.widgets.value_tree import Entry, ValueTree

MOST_MATCHES: Final = 1000
_SIDE_BY_SIDE: Final = 72
"""Narrower inspectors have the text below the tree."""
_MOVES: Final = frozenset({"inspector.down", "inspector.up", "inspector.expand", "inspector.collapse"})


class DataInspector(Container):
    """Shows a value whose name in templates is `path`: `steps.fetch`. It asks to copy and save."""

    HELP = """\
## Data

The tree shows the value a level at a time, and large lists in pages of 200; the text beside it is the value
under the cursor.

`y` copies that value, `Y` its path as a template like `{{steps.fetch.body}}`, `s` saves it to a file. `/` finds
keys and values, `n` and `N` go to the next and previous place. `h` and `l` close and open.
"""
    DEFAULT_CSS = """
    DataInspector { height: 1fr; layout: vertical; }
    DataInspector Horizontal { height: 1fr; }
    DataInspector ValueTree { width: 2fr; height: 1fr; }
    DataInspector ValueText { width: 3fr; height: 1fr; border-left: solid $border-blurred; padding-left: 1; }
    DataInspector.-narrow Horizontal { layout: vertical; }
    DataInspector.-narrow ValueTree, DataInspector.-narrow ValueText { width: 1fr; }
    DataInspector.-narrow ValueText { border-left: none; padding-left: 0; border-top: solid $border-blurred; }
    DataInspector .path { height: 1; color: $text-muted; padding: 0 1; }
    DataInspector Input { display: none; height: 1; border: none; padding: 0 1; background: $surface; }
    DataInspector.-finding Input { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [b for b in keys.bindings("inspector") if b.id not in _MOVES]

    class Copy(Message):
        """The person wants this on the clipboard; `what` names it: "the value of steps.fetch.body"."""

        def __init__(self, inspector: DataInspector, text: str, what: str) -> None:
            super().__init__()
            self.inspector = inspector
            self.text = text
            self.what = what

        @property
        def control(self) -> DataInspector:
            """Who says it."""
            return self.inspector

    class SaveWanted(Message):
        """The person wants this value in a file; `path` is its template path without braces."""

        def __init__(self, inspector: DataInspector, value: Any, path: str) -> None:
            super().__init__()
            self.inspector = inspector
            self.value = value
            self.path = path

        @property
        def control(self) -> DataInspector:
            """Who says it."""
            return self.inspector

    def __init__(self, *, plain: bool = False, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._tree = ValueTree(plain=plain)
        self._text = ValueText()
        self._where = Static("", classes="path", markup=False)
        self._words = LineInput(placeholder="find a key or value")
        self._value: Any = None
        self._root = ""
        self._found: list[Path] = []
        self._at_match = 0
        self._ready = False

    def compose(self) -> ComposeResult:
        """The path, the tree with its value, and the line to find with."""
        yield self._where
        with Horizontal():
            yield self._tree
            yield self._text
        yield self._words

    @property
    def path(self) -> Path:
        """Where the cursor is, below the root."""
        chosen = self._tree.chosen
        return chosen.path if chosen else ()

    @property
    def found(self) -> list[Path]:
        """Where the last search found something."""
        return self._found

    def show(self, value: Any, path: str = "data") -> None:
        """Look into this value; at once, however large it is."""
        self._value, self._root, self._found = value, path, []
        if self._ready:
            self._tree.show(path, value)
            self._text.show(value)
            self._tell("")

    def on_mount(self) -> None:
        """Show what was given before."""
        self._ready = True  # `is_mounted` comes true a moment later, and what is given in between would be lost
        self.show(self._value, self._root)

    def on_resize(self, event: Resize) -> None:
        """Beside each other where there is room."""
        self.set_class(event.size.width < _SIDE_BY_SIDE, "-narrow")

    def focus(self, scroll_visible: bool = True) -> Self:
        """Give the keys to the tree."""
        self._tree.focus(scroll_visible)
        return self

    def action_inspector_copy(self) -> None:
        """Copy the value under the cursor."""
        chosen = self._tree.chosen
        if chosen is not None:
            self.post_message(self.Copy(self, text_of(chosen.value), f"the value of {self._named(chosen)}"))

    def action_inspector_copy_path(self) -> None:
        """Copy how a template names the value."""
        chosen = self._tree.chosen
        if chosen is not None:
            self.post_message(
                self.Copy(self, template_path(self._root, chosen.path), f"the path {self._named(chosen)}")
            )

    def action_inspector_save(self) -> None:
        """Ask for the value in a file."""
        chosen = self._tree.chosen
        if chosen is not None:
            self.post_message(self.SaveWanted(self, chosen.value, self._named(chosen)))

    def action_inspector_find(self) -> None:
        """Ask what to find."""
        self.add_class("-finding")
        self._words.focus()

    def action_inspector_next(self) -> None:
        """The next place."""
        self._go(1)

    def action_inspector_previous(self) -> None:
        """The place before."""
        self._go(-1)

    def on_key(self, event: Key) -> None:
        """Escape leaves the line to find with."""
        if event.key == "escape" and self._words.has_focus:
            event.stop()
            self._leave_finding()

    @on(ValueTree.Chosen)
    def _chosen(self, event: ValueTree.Chosen) -> None:
        event.stop()
        if event.entry is self._tree.chosen:  # not of a value that was shown before
            self._text.show(event.entry.value)
            self._tell(self._place())

    @on(Input.Submitted)
    def _find(self, event: Input.Submitted) -> None:
        event.stop()
        self._leave_finding()
        if event.value:
            task(self, self._search(event.value), what="Finding", group="find", exclusive=True)

    async def _search(self, words: str) -> None:
        value = self._value
        found = await asyncio.to_thread(matches, value, words, MOST_MATCHES)
        if value is self._value:
            self._found, self._at_match = found, 0
            if found:
                self._tree.reveal(found[0])
            self._tell(self._place() if found else f"nothing contains {clean(words)}")

    def _leave_finding(self) -> None:
        self.remove_class("-finding")
        self._tree.focus()

    def _go(self, by: int) -> None:
        if self._found:
            self._at_match = (self._at_match + by) % len(self._found)
            self._tree.reveal(self._found[self._at_match])
            self._tell(self._place())

    def _place(self) -> str:
        if not self._found:
            return ""
        many = f"{len(self._found):,}" + ("+" if len(self._found) == MOST_MATCHES else "")
        return f"match {self._at_match + 1:,} of {many}"

    def _tell(self, remark: str) -> None:
        chosen = self._tree.chosen
        where = self._named(chosen) if chosen else self._root
        self._where.update(clean(f"{where}  {remark}".rstrip()))

    def _named(self, entry: Entry) -> str:
        return template_path(self._root, entry.path)[2:-2]
