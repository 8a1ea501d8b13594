"""The application as its screens, dialogs and controllers see it; FlowDeskApp is the one implementation.

Kept apart from it because the application imports them all, and nothing imports in a circle.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textual.app import App

from flowdesk.tui.quick_styles import QuickStylesheet

if TYPE_CHECKING:
    from flowdesk.launch import Connection
    from flowdesk.replies import CallCounts
    from flowdesk.tui.deferred import Deferred
    from flowdesk.tui.live import Live
    from flowdesk.tui.memory import Memory
    from flowdesk.tui.servers import KnownServer


def _now() -> datetime:
    return datetime.now(UTC).astimezone()


def _nothing() -> None:
    return


@dataclass(slots=True)
class Options:
    """How the terminal UI was called, and what tests put in place of the world."""

    read_only: bool = False
    ascii: bool = False
    state_dir: Path | None = None
    """Where drafts, memory and the log are; None keeps nothing."""
    environ: Mapping[str, str] = field(default_factory=dict)
    clock: Callable[[], datetime] = _now
    settled: Callable[[], None] = _nothing
    """Called once the first area is on the screen, and what it takes is loaded."""


class FlowApp(App[int]):
    """What the rest of the terminal UI may ask of the application."""

    VERTICAL_BREAKPOINTS = [(0, "-tiny"), (24, "-low"), (36, "-tall")]  # noqa: RUF012 - no ClassVar in textual
    """Classes of screens and dialogs by their height: lists in a dialog must leave room for what stands below them."""

    options: Options
    live: Live
    memory: Memory
    deferred: Deferred
    server_name: str
    """What the header calls the server."""
    badge: str
    """The server's label, and `read-only` for such a session."""

    def __init__(self) -> None:
        super().__init__()
        self.stylesheet = QuickStylesheet(variables=self.get_css_variables())

    @property
    def read_only(self) -> bool:
        """Whether nothing may be changed in this session."""
        return self.options.read_only

    @property
    def ascii(self) -> bool:
        """Whether only ASCII glyphs are drawn."""
        return self.options.ascii

    @property
    def production(self) -> bool:
        """Whether every write must be confirmed: the server is marked `production`, or the settings ask for it."""
        return "production" in self.badge.split() or self.memory.get("confirm") is True

    def clock(self) -> datetime:
        """The time now, in the zone of this terminal."""
        return self.options.clock()

    @property
    @abstractmethod
    def connection(self) -> Connection | None:
        """The server and how it was found; None until there is one."""

    @abstractmethod
    async def leave(self, code: int = 0) -> None:
        """End well: what was promised is done, what is remembered is written, the server we started is ended."""

    @abstractmethod
    async def clear_areas(self) -> None:
        """Take every screen away that shows something of the server."""

    @abstractmethod
    def change_server(self, server: KnownServer) -> None:
        """Leave this server and open another in the same window."""

    @abstractmethod
    async def go(self, area: str) -> None:
        """Show an area, as it was left."""

    @abstractmethod
    def open_run(self, run_id: str, *, step: str | None = None, tab: str | None = None) -> None:
        """Show a run, standing on that step and tab."""

    @abstractmethod
    def open_called(self, run_id: str, step_id: str, *, named: str, counts: Callable[[], CallCounts | None]) -> None:
        """List the runs that a step of a run has called; `counts` tells how far they have come."""

    @abstractmethod
    def open_editor(
        self,
        workflow_id: str | None,
        *,
        step: str | None = None,
        field: str | None = None,
        run_id: str | None = None,
        draft: dict[str, Any] | None = None,
    ) -> None:
        """Edit a workflow (None: a new one, perhaps beginning as `draft`), with the values of a run beside it.

        `step` is stood on, in its `field` when there is one like that.
        """
