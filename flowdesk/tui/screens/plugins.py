"""The plugins: which steps there are, where they come from, and which plugin did not load."""

from __future__ import annotations

import re
from typing import Any, ClassVar, Final, TypedDict

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from flowdesk.clean import clean
from flowdesk.replies import EventDoc, StepKind
from flowdesk.tui import keys
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.modals.step_picker import about
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import name_cell
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import Fetched, Listing

_NOT_IN_IDS: Final = re.compile(r"[^A-Za-z0-9_-]+")


class PluginDoc(TypedDict):
    """A source of steps, and why it did not load."""

    name: str
    source: str
    version: str | None
    refs: list[str]
    error: str | None


class PluginsScreen(AreaScreen):
    """Area 7."""

    area = "Plugins"
    DEFAULT_CSS: ClassVar[str] = """
    PluginsScreen #halves { layout: horizontal; }
    PluginsScreen.-narrow #halves { layout: vertical; }
    PluginsScreen Listing { width: 3fr; }
    PluginsScreen OptionList { width: 24; height: 1fr; padding: 0; }
    PluginsScreen.-narrow OptionList { width: 1fr; }
    PluginsScreen #about { width: 4fr; height: 1fr; padding: 0 1; }
    PluginsScreen.-narrow #about { width: 1fr; }
    PluginsScreen #about Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("plugins")]
    HELP = "Where the steps come from. `tab` goes to its steps, `e` copies an example, `n` begins a workflow with one."

    def __init__(self) -> None:
        super().__init__()
        self._kinds: dict[str, StepKind] = {}

    def compose_body(self) -> ComposeResult:
        """The plugins, the steps of the one under the cursor, and what the chosen step takes."""
        columns = [
            Column[PluginDoc]("state", "", self._state),
            Column[PluginDoc]("name", "Name", lambda p: name_cell(called(p)), least=12),
            Column[PluginDoc]("version", "Version", lambda p: name_cell(p["version"] or "–", 10), wide=True),
            Column[PluginDoc]("steps", "Steps", lambda p: Text(str(len(p["refs"]))), order=lambda p: len(p["refs"])),
            Column[PluginDoc]("source", "Source", lambda p: name_cell(p["source"], 14), wide=True),
            Column[PluginDoc]("error", "Error", _error, wide=True, least=20),
        ]
        with Container(id="halves"):
            yield Listing(columns, key=lambda p: p["name"], fetch=self._fetch, empty="The server has no plugins.")
            steps = OptionList(id="steps", classes="pane", compact=True, markup=False)
            steps.border_title = Text("Steps")
            yield steps
            with VerticalScroll(id="about", classes="pane"):
                yield Static(id="kind", markup=False)

    async def _fetch(self, _cursor: str | None) -> Fetched[Any]:
        self._kinds = {kind["ref"]: kind for kind in await self.live.client.step_kinds()}
        return Fetched(await self.live.client.plugins())

    def concerns(self, event: EventDoc) -> bool:
        """Nothing that happens in a run changes what is installed."""
        return False

    def _state(self, plugin: PluginDoc) -> Text:
        return cells.state(self.flow, "FAILED" if plugin["error"] else "SUCCESS")

    def on_listing_changed(self, message: Listing.Changed) -> None:
        """Show the steps of the plugin under the cursor."""
        plugin = self.current_as(PluginDoc)
        steps = self.query_one("#steps", OptionList)
        refs = plugin["refs"] if plugin is not None else []
        if [option.id for option in steps.options] != refs:
            steps.clear_options()
            steps.add_options(Option(Content(clean(ref)), id=ref) for ref in refs)
            steps.highlighted = 0 if refs else None
        self._show_kind()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show what this step takes."""
        event.stop()
        self._show_kind()
        self.refresh_bindings()

    @property
    def kind(self) -> StepKind | None:
        """The step that is shown."""
        steps = self.query_one("#steps", OptionList)
        if steps.highlighted is None:
            return None
        return self._kinds.get(steps.get_option_at_index(steps.highlighted).id or "")

    def _show_kind(self) -> None:
        kind, plugin = self.kind, self.current_as(PluginDoc)
        shown = self.query_one("#kind", Static)
        if kind is not None:
            shown.update(about(kind))
        elif plugin is not None and plugin["error"]:
            shown.update(Text(f"It did not load: {clean(plugin['error'])}"))
        else:
            shown.update(Text())

    def why_not(self, act_id: str) -> str | None:
        """Errors are shown where there is one; the rest is about a step."""
        plugin = self.current_as(PluginDoc)
        if act_id == "plugins.error":
            return None if plugin is not None and plugin["error"] else "it loaded without an error"
        if act_id in ("plugins.copy", "plugins.new") and self.kind is None:
            return "there is no step chosen"
        return None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter goes to the steps."""
        self.query_one("#steps", OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter on a step goes to what it takes, which may be long."""
        event.stop()
        self.query_one("#about").focus()

    def action_plugins_error(self) -> None:
        """The whole error."""
        plugin = self.current_as(PluginDoc)
        if plugin is not None and plugin["error"]:
            self.app.push_screen(MessageModal(f"{called(plugin)} did not load", plugin["error"]))

    def action_plugins_copy(self) -> None:
        """The step with its example's parameters, as YAML to paste into a workflow."""
        from flowdesk.tui.clipboard import copy
        from flowdesk.yaml_writer import dump_yaml

        if self.kind is not None:
            copy(self.app, dump_yaml({"steps": [example_step(self.kind)]}), f"an example of {self.kind['ref']}")

    def action_plugins_new(self) -> None:
        """A workflow that begins with this step, not yet saved."""
        if self.kind is not None:
            self.flow.open_editor(None, draft=workflow_with(self.kind))


def _error(plugin: PluginDoc) -> Text:
    return name_cell((plugin["error"] or "").split("\n")[0])


def called(plugin: PluginDoc) -> str:
    """Its name for people: what comes with FlowDesk goes by the last part that says something."""
    if plugin["source"] != "built in":
        return plugin["name"]
    return plugin["name"].removeprefix("plugins.").removesuffix(".steps")


def example_step(kind: StepKind) -> dict[str, Any]:
    """A step of this kind, with the parameters of its first example."""
    params = kind["examples"][0].get("params", {}) if kind["examples"] else {}
    name = _NOT_IN_IDS.sub("-", kind["ref"].rpartition(".")[2]).strip("-") or "step"
    return {"id": name, "type": kind["kind"], "ref": kind["ref"], "params": params, "next": []}


def workflow_with(kind: StepKind) -> dict[str, Any]:
    """A draft with this step; an action gets a trigger by hand before it."""
    step = example_step(kind)
    name = f"new {kind['ref']}"
    if kind["kind"] == "TRIGGER":
        return {"name": name, "entryStepId": step["id"], "steps": [step]}
    entry = "start" if step["id"] != "start" else "begin"
    first = {"id": entry, "type": "TRIGGER", "ref": "manual", "params": {}, "next": step["id"]}
    return {"name": name, "entryStepId": entry, "steps": [first, step]}
