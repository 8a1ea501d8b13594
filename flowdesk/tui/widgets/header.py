"""The first line of every screen: which server, how it is reached, and where in FlowDesk this is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from flowdesk.clean import clean
from flowdesk.tui.live import LinkState

_DOTS: Final[dict[LinkState, tuple[str, str, str]]] = {
    "connecting": ("◌", "?", "connecting"),
    "connected": ("●", "*", "connected"),
    "reconnecting": ("◌", "?", "reconnecting"),
    "offline": ("○", "x", "offline"),
}


class HeaderLine(Widget):
    """One line; `server` names the server, `badge` is its label, `note` stands at the right end."""

    DEFAULT_CSS: ClassVar[str] = """
    HeaderLine { height: 1; dock: top; background: $panel; color: $foreground; padding: 0 1; }
    HeaderLine.-production { background: $error; color: $text; }
    HeaderLine.-away { color: $text-muted; }
    """
    HELP = "The server you talk to, the state of the connection, and where you are."

    link: reactive[LinkState] = reactive("connecting")
    server: reactive[str] = reactive("")
    badge: reactive[str] = reactive("")
    why: reactive[str] = reactive("")
    crumbs: reactive[tuple[str, ...]] = reactive(())
    note: reactive[str] = reactive("")

    def __init__(self, *, ascii_only: bool = False) -> None:
        super().__init__(id="header")
        self._ascii = ascii_only

    def place(self, crumbs: Sequence[str]) -> None:
        """Show where this is, outermost first."""
        self.crumbs = tuple(crumbs)

    def watch_link(self, state: LinkState) -> None:
        """Grey the line while there is no connection."""
        self.set_class(state != "connected", "-away")

    def watch_badge(self, badge: str) -> None:
        """Red for what must not be taken for a playground."""
        self.set_class("production" in badge.split(), "-production")

    def render(self) -> Text:
        """Left: who, how, where; right: the note, cut first when there is no room."""
        fancy, plain, word = _DOTS[self.link]
        left = Text("* FlowDesk" if self._ascii else "◆ FlowDesk", style="bold")
        left.append(f"  {clean(self.server)} ", style="not bold")
        left.append(plain if self._ascii else fancy, style="bold")
        if self.link != "connected":
            left.append(f" {word}{f': {clean(self.why)}' if self.why else ''}", style="not bold")
        if self.badge:
            left.append(f"  {clean(self.badge)}", style="bold")
        left.append("  ")
        for index, crumb in enumerate(self.crumbs):
            left.append((" > " if self._ascii else " › ") if index else "", style="not bold dim")
            left.append(clean(crumb), style="bold" if index == len(self.crumbs) - 1 else "not bold")
        room = self.content_size.width - left.cell_len
        if self.note and room > 2:
            shown = Text(clean(self.note), style="not bold")
            shown.truncate(room - 1, overflow="ellipsis")
            left.append(" " * (room - shown.cell_len))
            left.append_text(shown)
        left.truncate(max(1, self.content_size.width), overflow="ellipsis")
        left.no_wrap = True
        return left
