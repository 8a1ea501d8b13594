"""The terminal UI as an application: its areas, its connection, its keys. It knows no verb of the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.events import Event
from textual.screen import Screen

from flowdesk.contexts import contexts_path
from flowdesk.tui import keys, toast
from flowdesk.tui.deferred import Deferred
from flowdesk.tui.failing import note_failure
from flowdesk.tui.host import FlowApp, Options
from flowdesk.tui.keymap import NAME as KEYMAP
from flowdesk.tui.keymap import read_keymap
from flowdesk.tui.leaving import Leaving
from flowdesk.tui.live import Live
from flowdesk.tui.memory import Memory
from flowdesk.tui.own_themes import DIRECTORY, OwnThemes
from flowdesk.tui.start import Starter
from flowdesk.tui.tasks import task
from flowdesk.tui.type_ahead import TypeAhead

if TYPE_CHECKING:
    from engine.errors import FlowDeskError
    from flowdesk.launch import Connection
    from flowdesk.replies import CallCounts
    from flowdesk.tui.connecting import Connector
    from flowdesk.tui.servers import KnownServer

START: Final = "start"


def _area(module: str, name: str) -> Callable[[], Screen[Any]]:
    """A screen whose module is imported when it is first shown: the first frame needs none of them."""

    def make() -> Screen[Any]:
        from importlib import import_module

        screen: Screen[Any] = getattr(import_module(f"flowdesk.tui.screens.{module}"), name)()
        return screen

    return make


class FlowDeskApp(FlowApp):
    """FlowDesk in the terminal. `run` gives the exit code."""

    TITLE = "FlowDesk"
    CSS_PATH = "styles/app.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        # Leaving works from every dialog and every text field.
        *(replace(bound, priority=bound.id == "app.quit") for bound in keys.bindings("everywhere")),
        Binding("enter", "connect_again", "Connect again", priority=True),
    ]
    DEFAULT_MODE = START
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        START: _area("start", "StartScreen"),
        "dashboard": _area("dashboard", "DashboardScreen"),
        "workflows": _area("workflows", "WorkflowsScreen"),
        "runs": _area("runs", "RunsScreen"),
        "jobs": _area("jobs", "JobsScreen"),
        "schedules": _area("schedules", "SchedulesScreen"),
        "secrets": _area("secrets", "SecretsScreen"),
        "plugins": _area("plugins", "PluginsScreen"),
    }

    def __init__(self, connector: Connector, options: Options | None = None) -> None:
        self.options = options or Options()
        super().__init__()
        self.live = Live(self)
        place = None if self.read_only or self.options.state_dir is None else self.options.state_dir / "session.json"
        self.memory = Memory(place)
        self.deferred = Deferred(self)
        self.starter = Starter(self, connector)
        self.leaving = Leaving(self)
        self.themes = OwnThemes(self, self._config / DIRECTORY)
        self.farewell = ""
        self.server_name = ""
        self.badge = ""
        self._came_from = ""
        self._settled = False
        self._type_ahead = TypeAhead(self, super().on_event)

    async def on_event(self, event: Event) -> None:
        """Every event of the terminal comes through here; a key waits for the one before it."""
        if not self._type_ahead.takes(event):
            await self._type_ahead.pass_on(event)

    @property
    def _config(self) -> Path:
        return contexts_path(self.options.environ).parent

    @property
    def connection(self) -> Connection | None:
        """The server and how it was found; None until there is one."""
        return self.starter.connection

    def on_mount(self) -> None:
        """Begin to connect; the first frame does not wait for it."""
        if self.memory.trouble:
            toast.warn(self, self.memory.trouble)
        self._use_settings()
        self.live.link.subscribe(self, lambda _state: self.refresh_bindings())
        self.live.refused.subscribe(self, lambda _: self._connect())
        self._connect()

    def _connect(self) -> None:
        task(self, self.starter.connect(), what="Connecting", group="connect", exclusive=True)

    def _use_settings(self) -> None:
        """The person's themes and keys; what is wrong with them is said once."""
        self.themes.begin()
        theme = self.memory.get("theme")
        if theme in self.available_themes:
            self.theme = theme
        used, wrong = read_keymap(self._config / KEYMAP)
        self.set_keymap(used)
        for trouble in wrong:
            toast.warn(self, trouble)

    def _fatal_error(self) -> None:
        """Leave in words after an error in FlowDesk itself; the traceback goes into the log.

        Textual offers no public place for this. Its own way is a traceback with the values of local variables, among
        them tokens and what people typed.
        """
        self.panic(Text(note_failure()))

    def hear_refusal(self, error: FlowDeskError) -> None:
        """An expired token is told where it was used; the login comes over it, and what is typed there stays."""
        from flowdesk.errors import NotAuthorised

        if isinstance(error, NotAuthorised) and error.status == 401:
            self.live.refuse(error.message)

    async def leave(self, code: int = 0) -> None:
        """End well: what was promised is done, what is remembered is written, the server we started is ended."""
        await self._settle()
        self.exit(code)

    async def on_exit_app(self) -> None:
        """The end, also one that nobody asked us about: a closed tab of a browser, or a signal there."""
        await self._settle()

    async def _settle(self) -> None:
        if self._settled:
            return
        self._settled = True
        said = await self.deferred.finish()
        self.memory.save()
        said.append(await self.starter.unfinished())
        self.farewell = "\n".join(filter(None, said))
        self.live.detach()
        await self.starter.close()

    async def clear_areas(self) -> None:
        """Take every screen away that shows something of the server, and show the start."""
        await self.switch_mode(START)
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        for area, make in self.MODES.items():
            if area != START:
                await self.remove_mode(area)
                self.add_mode(area, make)
        self._came_from = ""

    def change_server(self, server: KnownServer) -> None:
        """Leave this server and open another in the same window."""
        task(self, self.starter.change_to(server), what="Changing the server", group="connect", exclusive=True)

    async def go(self, area: str) -> None:
        """Show an area, as it was left."""
        if area == self.current_mode and getattr(self.screen, "before_area", False):
            await self.pop_screen()
            return
        if area != self.current_mode and self.live.attached:
            self._came_from = self.current_mode
            await self.switch_mode(area)
            self.memory.put("area", area)

    def open_run(self, run_id: str, *, step: str | None = None, tab: str | None = None) -> None:
        """Show a run, standing on that step and tab."""
        from flowdesk.tui.screens.run.screen import RunScreen

        self.push_screen(RunScreen(run_id, step=step, tab=tab))

    def open_called(self, run_id: str, step_id: str, *, named: str, counts: Callable[[], CallCounts | None]) -> None:
        """List the runs that a step of a run has called; `counts` tells how far they have come."""
        from flowdesk.tui.screens.called import CalledScreen

        self.push_screen(CalledScreen(run_id, step_id, named, counts))

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
        from flowdesk.tui.screens.editor.screen import EditorScreen

        self.push_screen(EditorScreen(workflow_id, step=step, field=field, run_id=run_id, draft=draft))

    async def action_app_quit(self) -> None:
        """Leave FlowDesk."""
        await self.leave()

    async def action_app_last(self) -> None:
        """Back to the area shown before this one."""
        if self._came_from and self._came_from != START:
            await self.go(self._came_from)

    def action_app_back(self) -> None:
        """Leave the screen on top; areas stay."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_app_undo(self) -> None:
        """Take back the newest deletion that has not happened yet."""
        self.deferred.undo()

    def action_app_restart(self) -> None:
        """Connect again, starting the local engine when it is gone; one that answers is left alone."""
        if self.live.state in ("offline", "reconnecting"):
            self._connect()

    def action_connect_again(self) -> None:
        """The same by enter, which has nothing else to do while nothing can be opened."""
        self._connect()

    def refusal(self, act_id: str) -> str | None:
        """Why what works everywhere has nothing to do just now."""
        match act_id:
            case "app.undo" if not self.deferred.promised:
                return "nothing is about to be deleted"
            case "app.restart" if self.live.state not in ("offline", "reconnecting"):
                return "the server answers"
            case "app.last" if self._came_from in ("", START):
                return "no other area was shown yet"
        return None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Enter connects only while there is no server, and never where it ends what is typed or answers a dialog."""
        if action != "connect_again":
            return None if self.refusal(action.replace("_", ".", 1)) else True
        if self.live.state != "offline" or self.screen.is_modal:
            return False
        from textual.widgets import Input, TextArea  # heavy, and the first frame needs neither

        return not isinstance(self.focused, Input | TextArea)

    def action_app_copy(self) -> None:
        """Copy the selected text; with none, tell how to leave."""
        from flowdesk.tui.clipboard import copy_selection

        if not copy_selection(self):
            self.leaving.pressed()

    def action_app_zoom(self) -> None:
        """Give the focused pane the whole screen, or give it back."""
        if self.screen.maximized is not None:
            self.screen.minimize()
        elif self.focused is not None:
            self.screen.maximize(self.focused)

    def action_app_palette(self) -> None:
        """Everything that can be done, in one list."""
        from flowdesk.tui.modals.palette import PaletteModal

        self.push_screen(PaletteModal(self.screen))

    def action_app_help(self) -> None:
        """What can be done here."""
        from flowdesk.tui.modals.help import HelpModal

        self.push_screen(HelpModal(self.screen))

    def action_app_jump(self) -> None:
        """A letter on each pane; pressing it goes there."""
        from flowdesk.tui.modals.jump import JumpModal

        self.push_screen(JumpModal(self.screen))

    def action_app_settings(self) -> None:
        """Theme, log and mouse settings."""
        from flowdesk.tui.modals.settings import SettingsModal

        self.themes.look()
        self.push_screen(SettingsModal())

    async def action_area_dashboard(self) -> None:
        """Show the dashboard."""
        await self.go("dashboard")

    async def action_area_workflows(self) -> None:
        """Show the workflows."""
        await self.go("workflows")

    async def action_area_runs(self) -> None:
        """Show the runs."""
        await self.go("runs")

    async def action_area_jobs(self) -> None:
        """Show the jobs."""
        await self.go("jobs")

    async def action_area_schedules(self) -> None:
        """Show the schedules."""
        await self.go("schedules")

    async def action_area_secrets(self) -> None:
        """Show the secrets."""
        await self.go("secrets")

    async def action_area_plugins(self) -> None:
        """Show the plugins."""
        await self.go("plugins")
