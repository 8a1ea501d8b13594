"""What every full screen shares: the header line, the footer, where it is, and why an action is off right now."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from textual import events
from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.screen import Screen

from flowdesk.tui import keys, tasks
from flowdesk.tui.widgets.header import HeaderLine
from flowdesk.tui.widgets.key_line import KeyLine
from flowdesk.tui.widgets.too_small import TooSmall, too_small

if TYPE_CHECKING:
    from textual.worker import Worker

    from flowdesk.tui.host import FlowApp
    from flowdesk.tui.live import LinkState, Live

_BY_ACTION: Final = {act.action: act for act in keys.acts().values()}


class FlowScreen(Screen[None]):
    """A screen of FlowDesk: subclasses give `compose_body`, `crumbs` and, where it matters, `why_not`."""

    DEFAULT_CSS: ClassVar[str] = """
    FlowScreen { layers: default above; }
    FlowScreen.-too-small > TooSmall { display: block; }
    """
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - no ClassVar in textual
    before_area: ClassVar[bool] = False
    """Whether it stands before an area only until somebody asks for the area."""
    AUTO_FOCUS: ClassVar[str | None] = ""  # None would be the first field, and letters typed early would go there

    @property
    def flow(self) -> FlowApp:
        """The application, by its own type."""
        return cast("FlowApp", self.app)

    @property
    def live(self) -> Live:
        """The server as this program knows it."""
        return self.flow.live

    def compose(self) -> ComposeResult:
        """Header, body, footer."""
        yield HeaderLine(ascii_only=self.flow.ascii)
        yield from self.compose_body()
        yield KeyLine(ascii_only=self.flow.ascii)
        yield TooSmall()

    @abstractmethod
    def compose_body(self) -> ComposeResult:
        """What the screen shows."""

    @abstractmethod
    def crumbs(self) -> list[str]:
        """Where this is, outermost first."""

    def why_not(self, act_id: str) -> str | None:
        """Why that action cannot be taken now; None when it can. Say what would have to be different."""
        return None

    def refusal(self, act_id: str) -> str | None:
        """The same, with the reasons that hold on every screen."""
        act = keys.acts().get(act_id)
        if act is not None and act.writes:
            if self.flow.read_only:
                return "this session is read-only"
            if self.live.state != "connected":
                return "there is no connection to the server"
        return self.why_not(act_id)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Dim what cannot be done now; hide what a read-only session never offers."""
        act = _BY_ACTION.get(action)
        if act is None:
            return True
        if act.writes and self.flow.read_only:
            return False
        return None if self.refusal(act.id) else True

    def background(
        self, work: Coroutine[Any, Any, None], *, what: str, group: str = "default", exclusive: bool = False
    ) -> Worker[None]:
        """Background work of this screen; see flowdesk.tui.tasks."""
        return tasks.task(self, work, what=what, group=group, exclusive=exclusive)

    async def confirmed(
        self, question: str, *, yes: str, no: str = "Cancel", detail: str = "", type_this: str | None = None
    ) -> bool:
        """Ask; only inside background work."""
        from flowdesk.tui.modals.confirm import ConfirmModal

        modal = ConfirmModal(question, yes=yes, no=no, detail=detail, type_this=type_this)
        answer: bool | None = await self.app.push_screen_wait(modal)
        return answer is True

    async def may_write(self, what: str) -> bool:
        """On a server marked `production` every write is asked about first; elsewhere none is."""
        return not self.flow.production or await self.confirmed(f"{what} on {self.flow.server_name}?", yes="Do it")

    def on_mount(self) -> None:
        """Show the link's state from the first frame on."""
        self.live.link.subscribe(self, self._show_link)
        self._show_link(self.live.state)

    def on_resize(self, event: events.Resize) -> None:
        """Say so when there is no room."""
        self.set_class(too_small(event.size.width, event.size.height), "-too-small")

    def action_copy_text(self) -> None:
        """Copy what is selected with the mouse, also with the desktop's own tool; else leave the key to the app."""
        from flowdesk.tui.clipboard import copy_selection

        if not copy_selection(self.app):
            raise SkipAction

    def on_screen_resume(self) -> None:
        """Say where we are again: names may have changed while another screen was on top."""
        self.show_place()

    def show_place(self, note: str | None = None) -> None:
        """Write the crumbs, and perhaps a note, into the header."""
        header = self.query_one(HeaderLine)
        header.place(self.crumbs())
        if note is not None:
            header.note = note

    def _show_link(self, _state: LinkState) -> None:
        header = self.query_one(HeaderLine)
        header.link, header.why = self.live.state, self.live.why
        header.server, header.badge = self.flow.server_name, self.flow.badge
        self.set_class(self.live.state != "connected", "-offline")
        self.refresh_bindings()
