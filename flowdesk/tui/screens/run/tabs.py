"""The right side of the run view: log, input, output, error and journal of the run and its chosen step."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.widget import AwaitMount, Widget
from textual.widgets import Static, TabbedContent, TabPane

from engine.errors import BadJson
from engine.jsonio import dump_text
from flowdesk.clean import clean, escape_json
from flowdesk.replies import EventDoc
from flowdesk.tui.draw.log_store import LogView
from flowdesk.tui.draw.logline import LogLine
from flowdesk.tui.screens.run.markdown import error_text
from flowdesk.tui.screens.run.model import RunModel
from flowdesk.tui.tasks import task
from flowdesk.tui.widgets.log_panel import LogPanel
from flowdesk.tui.widgets.step_data import StepData

NAMES: Final = ("log", "input", "output", "error", "journal")
_AT_ONCE: Final = ("log", "error")
_LONGEST: Final = 2_000


class ErrorPane(VerticalScroll, can_focus=True):
    """What went wrong, as text that scrolls."""

    HELP = """\
## Error

Why the chosen attempt of the step failed. `y` copies it with the step, the run and the input as Markdown.
"""
    DEFAULT_CSS = "ErrorPane { padding: 0 1; } ErrorPane Static { height: auto; }"

    def __init__(self) -> None:
        super().__init__(classes="pane")
        self._body = Static("", markup=False)
        self.text = ""

    def compose(self) -> ComposeResult:
        """One text."""
        yield self._body

    def on_show(self) -> None:
        """Measure again: text that changed while the tab was hidden was measured without its width."""
        self._body.refresh(layout=True)

    def show(self, text: Text) -> None:
        """Show this instead; the place stays when it is the same."""
        if text.plain != self.text:
            self.text = text.plain
            self._body.update(text)
            self.scroll_home(animate=False)


class Pane(TabPane):
    """A tab that does not come to the front because something in it was focused: that is told late, when perhaps
    another tab was asked for since."""

    def on_tab_pane_focused(self, event: TabPane.Focused) -> None:
        """Only who sees a tab can focus what is in it, so there is nothing to bring to the front."""
        event.stop()


class RunTabs(Container):
    """Five tabs; `active` is the one that is shown.

    The first one and the error are there at once. The others are mounted one after the other once that was drawn, or
    when they are asked for: all five together would be felt.
    """

    HELP = "`L I O X J` show log, input, output, error and journal; `[` and `]` go from one to the next."
    DEFAULT_CSS: ClassVar[str] = """
    RunTabs, RunTabs TabbedContent, RunTabs ContentSwitcher { height: 1fr; }
    RunTabs TabPane { padding: 0; height: 1fr; }
    """

    def __init__(self, *, view: LogView, plain: bool, clock: Callable[[], datetime]) -> None:
        super().__init__(id="tabs")
        self.log_panel = LogPanel(view=view, ascii=plain, clock=clock, id="run-log")
        self.input = StepData(id="run-input")
        self.output = StepData(id="run-output")
        self.error = ErrorPane()
        raw = LogView(level="debug", times=True)
        self.journal = LogPanel(view=raw, ascii=plain, clock=clock, id="run-journal")
        contents: tuple[Widget, ...] = (self.log_panel, self.input, self.output, self.error, self.journal)
        self._contents = dict(zip(NAMES, contents, strict=True))
        self._mounts: dict[str, AwaitMount] = {}

    def compose(self) -> ComposeResult:
        """The tabs, in the order of their names."""
        with TabbedContent(initial=NAMES[0]):
            for name, content in self._contents.items():
                with Pane(name.title(), id=name):
                    if name in _AT_ONCE:
                        yield content

    def on_mount(self) -> None:
        """The rest a little later."""
        task(self, self._mount_rest(), what="Showing the tabs", group="tabs")

    async def _mount_rest(self) -> None:
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()
        for name in NAMES:
            await self._mounted(name)

    async def _mounted(self, name: str) -> None:
        """Wait until a tab has its content."""
        if name not in _AT_ONCE:
            if name not in self._mounts:
                self._mounts[name] = self.query_one(f"#{name}", TabPane).mount(self._contents[name])
            await self._mounts[name]

    @property
    def active(self) -> str:
        """The name of the tab that is shown."""
        return self.query_one(TabbedContent).active

    def go(self, name: str) -> None:
        """Show a tab and give it the keys."""
        self.query_one(TabbedContent).active = name
        self.call_after_refresh(self._focus_content)

    def show(self, name: str) -> None:
        """Show a tab; the keys stay where they are."""
        self.query_one(TabbedContent).active = name

    def to_attempt(self, step_id: str, number: int) -> None:
        """Stand on the first line of that attempt, in the log and in the journal."""
        for panel in (self.log_panel, self.journal):
            pane, wanted = panel.pane, clean(step_id)
            pane.flush()
            for index, line in enumerate(pane.store.shown):
                if line.step == wanted and line.attempt == number:
                    pane.go_to(index)
                    break

    def step(self, by: int) -> None:
        """Show the next tab, or the one before."""
        self.go(NAMES[(NAMES.index(self.active) + by) % len(NAMES)])

    def show_step(self, model: RunModel, step_id: str | None, number: int | None) -> None:
        """Input, output and error of an attempt of a step."""
        attempt = model.attempt(step_id, number) if step_id else None
        self.error.show(error_text(model, step_id, number))
        if step_id is None or attempt is None:
            step = model.steps.get(step_id or "")
            if step is not None and step["output"] is not None:  # a trigger, or a step taken over: never started here
                self.input.say("it was not started in this run")
                self.output.show(step["output"], f"steps.{clean(step_id)}")
                return
            for pane in (self.input, self.output):
                pane.say("the step has not been started" if step_id else "no step is chosen")
            return
        if attempt.known:
            self.input.show(attempt.input, "input")
        else:
            self.input.say("the input of this attempt is in an older part of the journal")
        if attempt.outcome == "SUCCESS":
            self.output.show(attempt.output, f"steps.{clean(step_id)}")
        else:
            self.output.say("it failed and gave no output" if attempt.outcome == "FAILED" else "it gave no output yet")

    async def _focus_content(self) -> None:
        name = self.active
        if name not in self._contents:
            return
        await self._mounted(name)
        content = self._contents[name]
        if name == self.active:
            (content.pane if isinstance(content, LogPanel) else content).focus()


def raw_lines(events: Iterable[EventDoc]) -> list[LogLine]:
    """The journal tab's lines: each event as it is written down."""
    return [
        LogLine(
            event["seq"],
            event["at"],
            clean(event["stepId"]) if event["stepId"] is not None else None,
            "debug",
            f"{event['seq']} {clean(event['type'])} {_on_one_line(event['data'])}",
            event["attempt"],
            event,
        )
        for event in events
    ]


def _on_one_line(data: dict[str, Any]) -> str:
    try:
        text = dump_text(data)
    except BadJson:  # what an older server may have let in
        text = json.dumps(data)
    return escape_json(text)[:_LONGEST]
