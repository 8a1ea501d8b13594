"""The input or output of a step: looked into at once, or, when it is kept apart from the journal, on demand."""

from __future__ import annotations

from typing import Any, Final, Self

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from flowdesk.tui.widgets.data_inspector import DataInspector

LARGEST_SHOWN: Final = 1024 * 1024
"""Bytes; a value kept apart that is larger goes to a file instead of the screen."""
_SIZES: Final = ((1024 * 1024, "MB"), (1024, "kB"))


class StepData(Container):
    """Shows one value. Without one it says why."""

    HELP = """\
## Input and output

What the chosen attempt of the step got and gave. Values kept apart from the journal because of their size are loaded
by a button, very large ones only into a file.
"""
    DEFAULT_CSS = """
    StepData { height: 1fr; }
    StepData > Vertical { display: none; padding: 1 2; }
    StepData.-note DataInspector { display: none; }
    StepData.-note > Vertical { display: block; }
    StepData Button { display: none; margin-top: 1; }
    StepData.-apart Button { display: block; }
    """

    class Wanted(Message):
        """The person wants the value that is kept apart: on the screen, or in a file."""

        def __init__(self, data: StepData, ref: str, path: str, *, to_file: bool) -> None:
            super().__init__()
            self.data = data
            self.ref = ref
            self.path = path
            self.to_file = to_file

        @property
        def control(self) -> StepData:
            """Who says it."""
            return self.data

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.inspector = DataInspector()
        self._note = Static("", markup=False)
        self._load = Button("Load", compact=True, variant="primary")
        self._shown: tuple[object, str] | None = None
        self._ref = ""
        self._bytes = 0

    def compose(self) -> ComposeResult:
        """The inspector, or a note with a button in its place."""
        yield self.inspector
        with Vertical():
            yield self._note
            yield self._load

    @property
    def note(self) -> str:
        """What is said instead of a value; empty when there is one."""
        return str(self._note.content) if self.has_class("-note") else ""

    def show(self, value: Any, path: str) -> None:
        """Look into this value, whose name in templates is `path`. The same value again keeps its place."""
        if self._shown is not None and self._shown[0] is value and self._shown[1] == path:
            return
        self._shown = (value, path)
        if is_apart(value):
            self._ref, self._bytes = str(value["$blob"]), int(value["size"])
            large = self._bytes > LARGEST_SHOWN
            self._tell(f"{size_text(self._bytes)}, kept apart from the journal", apart=True)
            self._load.label = Content("Save to a file…" if large else "Load it")
        else:
            self.remove_class("-note", "-apart")
            self.inspector.show(value, path)

    def say(self, why: str) -> None:
        """There is no value, and why."""
        if self._shown is not None or self.note != why:
            self._shown = None
            self._tell(why)

    def focus(self, scroll_visible: bool = True) -> Self:
        """Give the keys to what is shown."""
        if self.has_class("-apart"):
            self._load.focus(scroll_visible)
        elif not self.has_class("-note"):
            self.inspector.focus(scroll_visible)
        return self

    @on(Button.Pressed)
    def _wanted(self, event: Button.Pressed) -> None:
        event.stop()
        if self._shown is not None:
            large = self._bytes > LARGEST_SHOWN
            self.post_message(self.Wanted(self, self._ref, self._shown[1], to_file=large))

    def _tell(self, text: str, *, apart: bool = False) -> None:
        self._note.update(Content(text))
        self.add_class("-note")
        self.set_class(apart, "-apart")


def is_apart(value: object) -> bool:
    """Whether this stands for a value that is kept apart: `{"$blob": ref, "size": bytes}`."""
    return isinstance(value, dict) and value.keys() == {"$blob", "size"} and isinstance(value["size"], int)


def size_text(size: int) -> str:
    """`3.2 MB`."""
    for unit, name in _SIZES:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
