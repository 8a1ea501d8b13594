"""Everything that can be done and everywhere one can go, in one list that narrows while you type."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.clean import clean
from flowdesk.errors import BadContext, ClientError
from flowdesk.show.text import shorten
from flowdesk.tui.actions import Doable, do, doable, score
from flowdesk.tui.draw.status import word
from flowdesk.tui.servers import KnownServer, by_address, known_servers, workspaces_of
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.text_fields import LineInput

if TYPE_CHECKING:
    from flowdesk.replies import StepKind
    from flowdesk.tui.host import FlowApp

_SEARCH_S: Final = 0.15
_MOST: Final = 60
_FOUND: Final = 8
_NAME: Final = 24
"""A longer name of a run's workflow is cut: what became of the run must be seen in a small terminal, too."""
_CLOSE: Final = 10.0
"""What `score` gives for words that stand in the text as they were typed."""
_LOOKED_AT: Final = 200
"""Runs are found among the newest ones; the list of runs has a filter for older ones."""


@dataclass(slots=True, frozen=True)
class Entry:
    """One line: what it says, the key that does the same, why it is off, and what choosing it does."""

    title: str
    key: str
    why_not: str | None
    run: Callable[[], Awaitable[None]]

    def line(self, columns: int) -> Text:
        """The line as it is drawn."""
        off = self.why_not is not None
        text = Text(clean(self.title), style="dim" if off else "", no_wrap=True)
        if off:
            text.append(f"  – {clean(self.why_not)}", style="dim")
        text.truncate(max(1, columns - len(self.key) - 2), overflow="ellipsis")
        text.append(" " * max(2, columns - text.cell_len - len(self.key)))
        text.append(self.key, style="bold")
        return text


class PaletteModal(ModalScreen[None]):
    """Actions of the screen it was opened from, then workflows, kinds of steps and runs by name.

    `#` looks for runs only, `>` for settings only, `@` for servers and workspaces to change to.
    """

    DEFAULT_CSS = """
    PaletteModal { align: center top; }
    PaletteModal .dialog { width: 90; height: auto; margin-top: 1; }
    PaletteModal Input { height: 1; padding: 0; background: $surface; }
    PaletteModal OptionList { height: auto; max-height: 24; border: none; background: $surface; padding: 0; }
    PaletteModal.-low OptionList { max-height: 17; }
    PaletteModal.-tiny OptionList { max-height: 8; }
    PaletteModal .help-text { height: auto; max-height: 8; color: $text-muted; border-top: solid $border-blurred; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Close"),
        Binding("down,ctrl+n", "step(1)", show=False, priority=True),
        Binding("up,ctrl+p", "step(-1)", show=False, priority=True),
    ]
    placeholder = "what do you want to do?  #runs  >settings  @servers"
    with_nouns = True

    def __init__(self, under: Screen[Any]) -> None:
        super().__init__()
        self.under = under
        self._actions: list[Doable] = []
        self._entries: list[Entry] = []
        self._search: asyncio.TimerHandle | None = None

    @property
    def flow(self) -> FlowApp:
        """The application, by its own type."""
        return cast("FlowApp", self.app)

    def compose(self) -> ComposeResult:
        """A line to type in, what fits it, and perhaps an explanation."""
        with Vertical(classes="dialog"):
            yield LineInput(placeholder=self.placeholder, compact=True)
            yield OptionList()
            yield Static(self.explanation(), classes="help-text", markup=False)

    def explanation(self) -> Text:
        """What stands below the list; nothing in the palette."""
        return Text("")

    def on_mount(self) -> None:
        """Show everything."""
        self._actions = doable(self.under)
        self.query_one(".help-text").display = bool(self.explanation().plain)
        self.query_one(Input).focus()
        self._show(self._fitting(""))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow at once; ask the server when the typing pauses."""
        event.stop()
        self._show(self._fitting(event.value))
        if self._search is not None:
            self._search.cancel()
        if self.with_nouns and event.value.startswith("@"):
            task(self, self._find_servers(event.value), what="Reading the contexts", group="search", exclusive=True)
        elif self.with_nouns and event.value.strip() and not event.value.startswith(">"):
            wanted = event.value
            self._search = asyncio.get_running_loop().call_later(_SEARCH_S, lambda: self._ask(wanted))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter does what is highlighted."""
        event.stop()
        highlighted = self.query_one(OptionList).highlighted
        if highlighted is not None:
            self._choose(highlighted)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click does the same."""
        event.stop()
        self._choose(event.option_index)

    def on_unmount(self) -> None:
        """Ask nothing any more."""
        if self._search is not None:
            self._search.cancel()

    def action_leave(self) -> None:
        """Do nothing."""
        self.dismiss()

    def action_step(self, by: int) -> None:
        """Move in the list while the focus stays in the line."""
        options = self.query_one(OptionList)
        if options.option_count:
            options.highlighted = ((options.highlighted or 0) + by) % options.option_count

    def fits(self, action: Doable, typed: str) -> float:
        """How well an action fits; by its words."""
        return score(typed, action.words)

    def _fitting(self, typed: str) -> list[Entry]:
        if typed.startswith("#") or (self.with_nouns and typed.startswith("@")):
            return []
        if typed.startswith(">"):
            fitting = [(score(typed[1:].strip(), entry.title), entry) for entry in self._settings()]
            return [entry for points, entry in sorted(fitting, key=lambda pair: -pair[0]) if points > 0]
        scored = [(self.fits(action, typed.strip()), action) for action in self._actions]
        kept = [(points, action) for points, action in scored if points > 0]
        if typed.strip():
            kept.sort(key=lambda pair: (pair[1].why_not is not None, -pair[0]))
        return [self._entry(action) for _points, action in kept]

    def _entry(self, action: Doable) -> Entry:
        return Entry(action.words, action.key, action.why_not, lambda: do(self.under, action))

    def _show(self, entries: Sequence[Entry]) -> None:
        self._entries = list(entries)[:_MOST]
        options = self.query_one(OptionList)
        columns = max(20, options.scrollable_content_region.width or 84)
        options.clear_options()
        options.add_options([Option(entry.line(columns)) for entry in self._entries])
        options.highlighted = 0 if self._entries else None

    def _choose(self, index: int) -> None:
        entry = self._entries[index]
        if entry.why_not is None:
            self.dismiss()
            self.app.call_later(entry.run)

    def _ask(self, typed: str) -> None:
        if self.flow.live.state == "connected":
            task(self, self._find(typed), what="Searching", group="search", exclusive=True)

    async def _find(self, typed: str) -> None:
        """Add what the server knows under these words."""
        client, wanted = self.flow.live.client, typed.strip().removeprefix("#")
        found: list[Entry] = []
        if not typed.startswith("#"):
            page = await client.workflows.list(text=wanted, limit=_FOUND)
            found += [self._open(f"workflow {w['name']}", self._editor(w["id"])) for w in page.items]
            kinds = [(score(wanted, f"{kind['ref']} {kind['title']}"), kind) for kind in await client.step_kinds()]
            best = sorted((pair for pair in kinds if pair[0] >= _CLOSE), key=lambda pair: -pair[0])[:_FOUND]
            found += [self._open(f"step {kind['ref']}  {kind['title']}", self._kind(kind)) for _points, kind in best]
        runs = (await client.runs.list(limit=_LOOKED_AT)).items
        low = wanted.casefold()
        for run in [r for r in runs if wanted in r["id"] or low in (r["workflowName"] or "").casefold()][:_FOUND]:
            state = word(run["status"], "run")
            name = shorten(clean(run["workflowName"] or run["workflowId"]), _NAME)
            found.append(self._open(f"run {name} {run['id']} {state}", self._run(run["id"])))
        if self.query_one(Input).value == typed:
            self._show([*self._fitting(typed), *found])

    async def _find_servers(self, typed: str) -> None:
        """The servers and workspaces there are; the one that is open is told, and cannot be chosen."""
        known = await asyncio.to_thread(known_servers, self.flow.options.environ)
        known += await self._workspaces()
        wanted, now = typed.removeprefix("@").strip(), self.flow.server_name
        scored = [(score(wanted, f"{server.name} {server.where}"), server) for server in known]
        fitting = sorted((pair for pair in scored if pair[0] > 0), key=lambda pair: -pair[0]) if wanted else scored
        if self.query_one(Input).value == typed:
            lines = [self._server(server, open_now=server.name == now) for _points, server in fitting]
            self._show(lines if wanted and lines else [*lines, self._another(wanted)])

    def _another(self, typed: str) -> Entry:
        """A server that is not known yet, once its address was typed."""
        if "://" not in typed:
            return Entry("@https://…  another server", "", "type its address", self._nothing)
        try:
            return self._server(by_address(typed), open_now=False)
        except BadContext as error:
            return Entry(f"@{typed}", "", error.message, self._nothing)

    async def _nothing(self) -> None:
        """What cannot be chosen does this."""

    async def _workspaces(self) -> list[KnownServer]:
        connection = self.flow.connection
        if connection is None or self.flow.live.state != "connected":
            return []
        try:
            return workspaces_of(connection.target, await connection.client.workspaces.list())
        except ClientError:
            return []  # an older server, or one that is just leaving

    def _server(self, server: KnownServer, *, open_now: bool) -> Entry:
        async def change() -> None:
            self.flow.change_server(server)

        why_not = "this is the one" if open_now and self.flow.live.state == "connected" else None
        return Entry(f"@{server.name}  {server.where}", "", why_not, change)

    def _settings(self) -> list[Entry]:
        """All settings, and every theme by its name."""
        everything = self._open("Settings…", self._all_settings)
        return [
            everything,
            *(self._open(f"Theme: {name}", self._theme(name)) for name in sorted(self.app.available_themes)),
        ]

    async def _all_settings(self) -> None:
        await self.app.run_action("app.app_settings")

    def _theme(self, name: str) -> Callable[[], Awaitable[None]]:
        async def use() -> None:
            self.flow.theme = name
            self.flow.memory.put("theme", name)
            self.flow.memory.save()

        return use

    def _kind(self, kind: StepKind) -> Callable[[], Awaitable[None]]:
        async def show() -> None:
            from flowdesk.tui.modals.step_kind import StepKindModal

            self.flow.push_screen(StepKindModal(kind))

        return show

    def _open(self, title: str, run: Callable[[], Awaitable[None]]) -> Entry:
        return Entry(title, "", None, run)

    def _editor(self, workflow_id: str) -> Callable[[], Awaitable[None]]:
        async def go() -> None:
            self.flow.open_editor(workflow_id)

        return go

    def _run(self, run_id: str) -> Callable[[], Awaitable[None]]:
        async def go() -> None:
            self.flow.open_run(run_id)

        return go
