"""The step a form edits, with all that its fields look up while they are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from textual.message import Message
from textual.widget import Widget

from flowdesk.tui.completion import Scope
from flowdesk.tui.draw import paths
from flowdesk.tui.draw.paths import Path
from flowdesk.tui.draw.previews import Preview


@dataclass(slots=True, frozen=True)
class Signs:
    """What the form draws with, one cell each."""

    problem: str = "✖"
    preview: str = "↳"
    opened: str = "▾"
    closed: str = "▸"
    up: str = "↑"
    remove: str = "✕"


PRETTY: Final = Signs()
PLAIN: Final = Signs("x", ">", "v", ">", "^", "x")


@dataclass(slots=True)
class Draft:
    """The document as edited so far. `source` says where the values of `scope` come from: `run #1842`."""

    step: dict[str, Any] = field(default_factory=dict)
    scope: Scope = field(default_factory=dict)
    source: str = ""
    previews: Mapping[str, Preview] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    """What the server says, by the path of the field."""
    signs: Signs = PRETTY

    def get(self, path: Path) -> Any:
        """What stands there, or GONE."""
        return paths.get(self.step, path)

    def put(self, path: Path, value: Any) -> None:
        """Keep what was edited."""
        paths.put(self.step, path, value)


class Edited(Message):
    """A field's value changed; the draft has it already. `value` is GONE when it was taken away."""

    def __init__(self, sender: Widget, path: Path, value: Any) -> None:
        super().__init__()
        self.sender, self.path, self.value = sender, path, value

    @property
    def control(self) -> Widget:
        """Which field it was."""
        return self.sender
