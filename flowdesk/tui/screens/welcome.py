"""The first start: nothing is there yet, and one key makes something run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Middle, Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.clean import clean
from flowdesk.errors import TimedOut, Unreachable
from flowdesk.tui import toast
from flowdesk.tui.screens.base import FlowScreen
from flowdesk.tui.tasks import ENDLESS

_EMPTY: Final = "empty"
_ALL: Final = "all"
_IMPORT: Final = "import"
LOOK_EACH_S: Final = 2.0
"""The stream of events tells of runs only: workflows that others save are looked for."""
_TOUR: Final = (
    "enter opens an example in the editor; r runs it there, and what happens is shown live. "
    "1 to 7 are the areas, : finds everything, ? tells what can be done where you are."
)


class WelcomeScreen(FlowScreen):
    """The examples that come with FlowDesk, and an empty sheet."""

    DEFAULT_CSS = """
    WelcomeScreen Middle { width: 100%; align: center middle; }
    WelcomeScreen .welcome { width: 90; max-width: 100%; height: auto; max-height: 100%; padding: 0 1; }
    WelcomeScreen .welcome { border: round $border; }
    WelcomeScreen OptionList { height: auto; max-height: 20; border: none; background: $background; }
    WelcomeScreen OptionList { text-wrap: nowrap; text-overflow: ellipsis; }
    WelcomeScreen OptionList:focus { border: none; }
    WelcomeScreen Static { padding: 0 1; }
    WelcomeScreen .hint { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]
    before_area = True
    HELP = "Pick an example to begin with. It is saved as a workflow of your own; change it as you like."

    def __init__(self) -> None:
        super().__init__()
        self._beginning = False
        """Somebody chose, and what was chosen is being saved."""

    def compose_body(self) -> ComposeResult:
        """What is going on, then the list."""
        with Middle(), Vertical(classes="welcome"):
            where = self.live.client.url
            yield Static(Text(f"FlowDesk is running at {clean(where)}; your data stays on that machine."), markup=False)
            yield OptionList(id="examples")
            yield Static(Text(_TOUR), classes="hint", markup=False)

    def crumbs(self) -> list[str]:
        """Where this is."""
        return ["Welcome"]

    def on_mount(self) -> None:
        """Read the examples off the loop; they are few."""
        self.query_one(OptionList).focus()
        self.background(self._list(), what="Reading the examples")
        self.live.events.subscribe(self, lambda _: self._look_soon())
        self.set_interval(LOOK_EACH_S, self._look_soon)

    def on_screen_resume(self) -> None:
        """Much may have been saved while another area was shown."""
        super().on_screen_resume()
        self._look_soon()

    def _look_soon(self) -> None:
        if self.is_current and self.live.state == "connected" and not self._beginning:
            self.background(self._look(), what="Looking for workflows", group=f"{ENDLESS}look", exclusive=True)

    async def _look(self) -> None:
        """Make way when there are workflows: this is no first start any more."""
        try:
            found = (await self.live.client.workflows.list(limit=1)).items
        except (Unreachable, TimedOut):
            return  # the header tells, and it is looked for again
        if found and self.is_current and not self._beginning:
            toast.say(self.app, "there are workflows now, saved elsewhere; 2 shows them")
            self.dismiss()

    async def _list(self) -> None:
        rows = await asyncio.to_thread(_examples)
        options = self.query_one(OptionList)
        for path, name, description, trigger in rows:
            text = Text(f"{clean(name):<18}", style="bold", no_wrap=True, overflow="ellipsis")
            text.append(f" {trigger:<9}", style="not bold dim")
            text.append(f" {clean(description)}", style="not bold")
            options.add_option(Option(text, id=str(path)))
        if rows:
            options.add_option(Option(Text("All of them", style="bold"), id=_ALL))
        options.add_option(
            Option(Text("Import a file      a workflow you have as YAML or JSON", style="bold"), id=_IMPORT)
        )
        options.add_option(Option(Text("Empty              an empty sheet", style="bold"), id=_EMPTY))
        options.highlighted = 0

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter begins."""
        event.stop()
        chosen = event.option_id or _EMPTY
        if chosen == _EMPTY:
            self.dismiss()
            self.flow.open_editor(None)
        elif self._beginning:
            return  # enter again, before the first was answered
        elif chosen == _IMPORT:
            self.background(self._begin(self._import), what="Importing the file", group="write")
        elif chosen == _ALL:
            self.background(self._begin(self._load_all), what="Loading the examples", group="write")
        else:
            self.background(self._begin(partial(self._load, Path(chosen))), what="Loading the example", group="write")

    async def _begin(self, work: Callable[[], Awaitable[None]]) -> None:
        self._beginning = True
        try:
            await work()
        finally:
            self._beginning = False

    async def _load(self, path: Path) -> None:
        from flowdesk.applying import carry_out, intend
        from flowdesk.files import read_workflow_file

        if not await self.may_write("Save an example"):
            return
        client = self.live.client
        file = await asyncio.to_thread(read_workflow_file, path)
        saved = await carry_out(client, await intend(client, file))
        self.dismiss()
        self.flow.open_editor(saved["id"])

    async def _import(self) -> None:
        from flowdesk.tui.screens.workflow_files import ask_for_file

        saved = await ask_for_file(self)
        if saved is not None:
            self.dismiss()
            self.flow.open_editor(saved["id"])

    async def _load_all(self) -> None:
        from flowdesk.examples import load_when_empty

        if not await self.may_write("Save the examples"):
            return
        loaded = await load_when_empty(self.live.client)
        toast.say(self, f"{len(loaded.workflows)} examples are yours now")
        self.dismiss()
        await self.flow.go("workflows")


def _examples() -> list[tuple[Path, str, str, str]]:
    """Each example file with its name, its description and what starts it; the plainest first."""
    from flowdesk.errors import BadFile
    from flowdesk.examples import examples_dir
    from flowdesk.files import SUFFIXES, read_workflow_file

    directory = examples_dir()
    if directory is None:
        return []
    found = []
    for path in sorted(directory.iterdir(), key=lambda p: (p.stem != "hello", p.name)):
        if path.suffix not in SUFFIXES:
            continue
        try:
            document = read_workflow_file(path).document
        except BadFile:
            continue  # the editor is no place to mend an installation; flowdesk validate tells what is wrong
        refs = {str(step.get("ref")) for step in document.get("steps", [])}
        timed = document.get("scheduleCron") or "schedule.cron" in refs
        trigger = "webhook" if "http.webhook" in refs else "cron" if timed else "by hand"
        found.append((path, str(document.get("name")), str(document.get("description", "")), trigger))
    return found
