"""The last line of a screen: which keys do what here."""

from __future__ import annotations

from typing import Final

from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Footer

_FIRST: Final = ("app_palette", "app_help")
"""What leads to everything else is seen in any width."""


class KeyLine(Footer):
    """Palette and help first, then the keys of the focused pane and of the screen, as far as there is room."""

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)

    def compose(self) -> ComposeResult:
        """The same keys, in another order."""
        yield from sorted(super().compose(), key=_place)


def _place(shown: Widget) -> int:
    action = getattr(shown, "action", None)
    return _FIRST.index(action) if action in _FIRST else len(_FIRST)
