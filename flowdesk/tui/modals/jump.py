"""A letter on each pane; pressing it goes there."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static


class JumpModal(ModalScreen[None]):
    """Shows the letters over the screen it was opened from."""

    DEFAULT_CSS = """
    JumpModal { background: $background 40%; align: left top; }
    JumpModal Static { width: 3; height: 1; position: absolute; background: $accent; color: $text; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Stay")]

    def __init__(self, under: Screen[Any]) -> None:
        super().__init__()
        self._targets = dict(zip(ascii_lowercase, panes(under), strict=False))

    def compose(self) -> ComposeResult:
        """One letter at the corner of each pane."""
        for letter, widget in self._targets.items():
            label = Static(Text(f" {letter} "), markup=False)
            label.styles.offset = (widget.region.x, widget.region.y)
            yield label

    def on_key(self, event: events.Key) -> None:
        """Go to the pane of that letter; any other key stays."""
        if event.key == "escape":
            return
        event.stop()
        self.dismiss()
        target = self._targets.get(event.key)
        if target is not None:
            target.focus()

    def action_leave(self) -> None:
        """Stay where we are."""
        self.dismiss()


def panes(screen: Screen[Any]) -> list[Widget]:
    """What can have the focus and is to be seen, in reading order."""
    seen = [w for w in screen.focus_chain if w.region.area and not w.disabled]
    return sorted(seen, key=lambda w: (w.region.y, w.region.x))
