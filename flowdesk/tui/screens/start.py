"""What is on the screen while the server is found or started, and when there is none to be had."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Middle
from textual.widgets import Static

from flowdesk.clean import clean, clean_lines
from flowdesk.tui.live import LinkState
from flowdesk.tui.screens.base import FlowScreen


class StartScreen(FlowScreen):
    """The first frame; its text is what is going on."""

    DEFAULT_CSS = """
    StartScreen Middle { width: 100%; align: center middle; }
    StartScreen #going-on { width: 100%; max-width: 100; padding: 1 4; }
    StartScreen.-failed #going-on { color: $text-error; }
    """
    HELP = "FlowDesk looks for its server, and starts one on this machine when none was named."

    def compose_body(self) -> ComposeResult:
        """One text in the middle."""
        yield Middle(Static(Text(self._under_way()), id="going-on", markup=False))

    def crumbs(self) -> list[str]:
        """Nowhere yet."""
        return []

    def on_mount(self) -> None:
        """Follow the link."""
        self.live.link.subscribe(self, self._tell)

    def _under_way(self) -> str:
        name = self.flow.server_name
        return f"Connecting to {clean(name)}…" if name else "Starting engine…"

    def _tell(self, state: LinkState) -> None:
        failed = state == "offline"
        self.set_class(failed, "-failed")
        why = "\n".join(clean_lines(self.live.why))
        text = f"{why}\n\nenter tries again, :@ goes to another server, ctrl+q leaves" if failed else self._under_way()
        self.query_one("#going-on", Static).update(Text(text))
