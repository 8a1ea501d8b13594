"""One run: its map, its steps with when they worked, and its log, data, errors and journal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer

from flowdesk.replies import EventDoc
from flowdesk.show.telling import started_by
from flowdesk.show.text import duration
from flowdesk.tui import clipboard, keys
from flowdesk.tui.draw.calls import shares
from flowdesk.tui.draw.log_store import LogView
from flowdesk.tui.draw.logline import LEVELS, LogLine
from flowdesk.tui.draw.named_field import named_field
from flowdesk.tui.draw.spans import Span
from flowdesk.tui.draw.status import glyph, step_status, word
from flowdesk.tui.draw.topology import Topology
from flowdesk.tui.modals.asking import Asking
from flowdesk.tui.screens.columns import waits_how
from flowdesk.tui.screens.run import steering
from flowdesk.tui.screens.run.markdown import report
from flowdesk.tui.screens.run.model import RunModel
from flowdesk.tui.screens.run.reading import ReadingScreen
from flowdesk.tui.screens.run.refusals import refusal
from flowdesk.tui.screens.run.tabs import NAMES, RunTabs, raw_lines
from flowdesk.tui.widgets.flow_view import FlowView
from flowdesk.tui.widgets.log_pane import LogPane
from flowdesk.tui.widgets.step_data import StepData
from flowdesk.tui.widgets.step_list import StepList

TICK_S: Final = 1.0
LOG_VIEW: Final = "run.log"
_ID_END: Final = 8
"""As much of a run's id as a narrow header has room for; the end is what differs between runs of one minute."""
"""Under which name the log's settings are remembered."""


class RunScreen(Asking, ReadingScreen):
    """A run as it is now. `step` and `tab` say where to stand when it is opened; else the failure decides."""

    CSS_PATH = "../../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("run")]
    HELP = """\
## Run

The map shows the way the run took, the list when each step worked; choosing a step in either shows its input, output
and error on the right; enter on a step that calls runs lists them. `<` and `>` choose an earlier or later attempt.
`R` runs it again after saying what that means, `c` cancels, `a` answers what a waiting run asks, `V` lets one that
waits or has failed go on with the newest version, `e` edits the step, `M` copies the failure as Markdown.
"""

    def __init__(self, run_id: str, *, step: str | None = None, tab: str | None = None) -> None:
        super().__init__(run_id)
        self.chosen: str | None = step
        self.attempt: int | None = None
        self._first_tab = tab if tab in NAMES else None
        self._asked_tab: str | None = None
        self._ticking: Timer | None = None
        self._refusals: tuple[str | None, ...] = ()

    def compose_body(self) -> ComposeResult:
        """The map above, the steps on the left, the tabs on the right."""
        plain = self.flow.ascii
        flow = FlowView(plain=plain, id="flow", classes="pane")
        steps = StepList(self.flow.clock, plain=plain, id="steps", classes="pane")
        flow.border_title, steps.border_title = "Map", "Steps"
        with Vertical(id="run"):
            yield flow
            with Horizontal():
                yield steps
                yield RunTabs(view=self._log_view(), plain=plain, clock=self.flow.clock)

    @property
    def tabs(self) -> RunTabs:
        """The right side."""
        return self.query_one(RunTabs)

    @property
    def steps(self) -> StepList:
        """The list of steps."""
        return self.query_one(StepList)

    @property
    def map(self) -> FlowView:
        """The map."""
        return self.query_one(FlowView)

    def crumbs(self) -> list[str]:
        """The workflow, then the run with how it goes."""
        if self.model is None:
            return ["Runs", self.run_id]
        run = self.model.run
        span = Span.of(run)
        took = run["durationMs"]
        if took is None and span is not None:
            took = span.length(self.flow.clock()).total_seconds() * 1000 // 1000 * 1000
        wide = not self.has_class("-narrow")
        called = run["id"] if wide else f"{'~' if self.flow.ascii else '…'}{run['id'][-_ID_END:]}"
        parts = [called, glyph(run["status"], self.flow.ascii, "run")]
        if wide:
            parts.append(word(run["status"], "run"))
        if run["waitingFor"]:
            parts.append(waits_how(run["waitingFor"]))
        if took is not None:
            parts.append(duration(took))
        if wide:
            parts.append(started_by(run["trigger"]["kind"]).removeprefix("started "))
        return [run["workflowName"] or run["workflowId"], " ".join(parts)]

    def why_not(self, act_id: str) -> str | None:
        """What can be done depends on where the run and the chosen step are."""
        if not act_id.startswith("run.") or act_id.removeprefix("run.") in (*NAMES, "next_tab", "previous_tab", "map"):
            return None
        if self.model is None:
            return "the run is still being read"
        return refusal(act_id, self.model, self.chosen, self.attempt_number)

    @property
    def attempt_number(self) -> int:
        """Which attempt of the chosen step is shown; 0 when it has had none."""
        if self.model is None or self.chosen is None:
            return 0
        return self.attempt or self.model.last_attempt(self.chosen)

    def opened(self, model: RunModel, topology: Topology) -> None:
        """Stand where it matters: on the step that failed, else at the end of the log."""
        self.map.show(topology)
        self.steps.show(model.steps.values())
        self.redraw(model, None)
        failed = model.failed_step if model.run["status"] == "FAILED" else None
        self.choose(self.chosen if self.chosen in model.steps else failed or _under_way(model.steps))
        tab = self._asked_tab or self._first_tab or ("error" if failed else "log")
        if self._asked_tab or tab == "log":
            self.tabs.go(tab)
        else:
            self.tabs.show(tab)
            self.steps.focus()

    def redraw(self, model: RunModel, changed: set[str] | None) -> None:
        """Show the steps as they are now."""
        if changed is None:
            self.steps.show(model.steps.values())
        for step_id in changed or ():
            self.steps.update_step(model.steps[step_id])
        self.map.set_counts({s: shares(calls) for s in model.steps if (calls := model.calls(s)) is not None})
        self.map.set_statuses({s["id"]: step_status(s["status"], s["retryAt"]) for s in model.steps.values()})
        if changed is None or self.chosen in changed:
            self.tabs.show_step(model, self.chosen, self.attempt)
        self._tick(not model.ended)
        self._tell_place()
        self._refresh_keys()

    def add_events(self, events: list[EventDoc], lines: list[LogLine], *, older: bool = False) -> None:
        """Put them into the log and the journal."""
        for panel, fresh in ((self.tabs.log_panel, lines), (self.tabs.journal, raw_lines(events))):
            panel.pane.more_before = self.feed.has_older
            if older:
                panel.pane.prepend(fresh)
            else:
                panel.pane.extend(fresh)

    def mark_gap(self, text: str) -> None:
        """A rule in the log and in the journal."""
        self.tabs.log_panel.pane.mark_gap(text)
        self.tabs.journal.pane.mark_gap(text)

    def choose(self, step_id: str | None) -> None:
        """Stand on a step, in the list and on the map, and show its last attempt."""
        if self.model is None or step_id is None or step_id not in self.model.steps:
            return
        if step_id != self.chosen:
            self.chosen, self.attempt = step_id, None
        self.steps.select(step_id)
        self.map.select(step_id)
        self._show_chosen()

    def _show_chosen(self) -> None:
        if self.model is not None:
            self.tabs.show_step(self.model, self.chosen, self.attempt)
        self._tell_place()
        self._refresh_keys()

    def _refresh_keys(self) -> None:
        """Draw the footer again when it may be different; it is not cheap."""
        refused = tuple(self.why_not(act.id) for act in keys.SCOPES["run"])
        if refused != self._refusals:
            self._refusals = refused
            self.refresh_bindings()

    def _tell_place(self) -> None:
        last = self.model.last_attempt(self.chosen) if self.model is not None and self.chosen is not None else 0
        around = "<{}>" if self.flow.ascii else "‹{}›"
        shown = around.replace("{}", f"{self.attempt_number}/{last}")
        self.show_place(f"attempt {shown}" if last > 1 else "")

    def _tick(self, wanted: bool) -> None:
        if wanted and self._ticking is None:
            self._ticking = self.set_interval(TICK_S, self._tell_place)
        elif not wanted and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None

    @property
    def ticks(self) -> bool:
        """Whether its time goes on."""
        return self._ticking is not None

    def _log_view(self) -> LogView:
        """The settings of the log as they were left."""
        kept = self.flow.memory.get(LOG_VIEW)
        view = LogView()
        if isinstance(kept, dict):
            wanted = {name: kept[name] for name, now in asdict(view).items() if type(kept.get(name)) is type(now)}
            view = LogView(**wanted)
        return view if view.level in LEVELS else LogView()

    @on(StepList.Highlighted)
    @on(FlowView.Highlighted)
    def _highlighted(self, event: StepList.Highlighted | FlowView.Highlighted) -> None:
        event.stop()
        moved = event.control.has_focus_within and event.step_id == event.control.cursor
        if moved and event.step_id != self.chosen:
            self.choose(event.step_id)

    @on(StepList.Opened)
    @on(FlowView.Opened)
    def _opened_step(self, event: StepList.Opened | FlowView.Opened) -> None:
        event.stop()
        self.choose(event.step_id)
        model, step_id = self.model, event.step_id
        if model is None:
            return
        if model.calls(step_id) is not None:
            named = model.run["workflowName"] or model.run["workflowId"]
            self.flow.open_called(self.run_id, step_id, named=named, counts=lambda: model.calls(step_id))
        else:
            self.tabs.go("error" if model.steps[step_id]["error"] else "output")

    @on(LogPane.ViewChanged)
    def _view_changed(self, event: LogPane.ViewChanged) -> None:
        if event.pane is self.tabs.log_panel.pane:
            self.flow.memory.put(LOG_VIEW, asdict(event.view))

    @on(LogPane.OlderWanted)
    def _older_wanted(self, event: LogPane.OlderWanted) -> None:
        if type(event) is LogPane.OlderWanted:
            event.stop()
            self.background(self._older(), what="Reading older lines", group="older")

    async def _older(self) -> None:
        await self.older()

    @on(StepData.Wanted)
    def _data_wanted(self, event: StepData.Wanted) -> None:
        event.stop()
        self.background(self._load(event), what="Loading the value", group="blob", exclusive=True)

    async def _load(self, event: StepData.Wanted) -> None:
        value: Any = await self.live.client.runs.blob(self.run_id, event.ref)
        if event.to_file:
            self.save_value(value, event.path)
        else:
            event.data.show(value, event.path)
            event.data.focus()

    async def action_run_rerun(self) -> None:
        """Say what would run, then run it."""
        self.background(steering.rerun(self, self.chosen), what="Running it again", group="write")

    def action_run_cancel(self) -> None:
        """Ask, then cancel."""
        self.background(steering.cancel(self), what="Cancelling", group="write")

    def action_run_move(self) -> None:
        """Let it go on with the newest version."""
        self.background(steering.move(self), what="Moving the run", group="write")

    def action_run_decide(self) -> None:
        """Answer what the run asks."""
        self.background(steering.decide(self), what="Deciding", group="write")

    def action_run_edit(self) -> None:
        """Edit the workflow at this step, in the field its error names, with this run's values beside it."""
        if self.model is None:
            return
        step = next((step for step in self.model.run["steps"] if step["id"] == self.chosen), None)
        error = step["error"] if step is not None else None
        field = named_field(error["message"]) if error else None
        self.flow.open_editor(self.model.run["workflowId"], step=self.chosen, field=field, run_id=self.run_id)

    def _go(self, tab: str) -> None:
        """Show a tab; a key that comes before there is a run, or even a tab, counts once there is."""
        self._asked_tab = tab
        if self.model is not None:
            self.tabs.go(tab)

    def action_run_log(self) -> None:
        """Show the log."""
        self._go("log")

    def action_run_input(self) -> None:
        """Show the input."""
        self._go("input")

    def action_run_output(self) -> None:
        """Show the output."""
        self._go("output")

    def action_run_error(self) -> None:
        """Show the error."""
        self._go("error")

    def action_run_journal(self) -> None:
        """Show every event."""
        self._go("journal")

    def action_run_next_tab(self) -> None:
        """Show the next tab."""
        if self.model is not None:
            self.tabs.step(1)

    def action_run_previous_tab(self) -> None:
        """Show the tab before."""
        if self.model is not None:
            self.tabs.step(-1)

    def action_run_next_error(self) -> None:
        """To the next error in the log."""
        self._go("log")
        if self.model is not None:
            self.tabs.log_panel.pane.action_log_next()

    def action_run_older_attempt(self) -> None:
        """Show the attempt before."""
        self.background(self._show_attempt(self.attempt_number - 1), what="Reading that attempt", group="attempt")

    def action_run_newer_attempt(self) -> None:
        """Show the attempt after."""
        self.background(self._show_attempt(self.attempt_number + 1), what="Reading that attempt", group="attempt")

    async def _show_attempt(self, number: int) -> None:
        """Show it, reading older parts of the journal until it is found, and go to where it begins in the log."""
        model, step_id = self.model, self.chosen
        if model is None or step_id is None or not 1 <= number <= model.last_attempt(step_id):
            return
        while model.attempt(step_id, number) is None and await self.older():
            continue
        if self.chosen == step_id:
            self.attempt = number
            self._show_chosen()
            self.tabs.to_attempt(step_id, number)

    def action_run_map(self) -> None:
        """Show the map, or make its room free for the rest."""
        if self.model is None:
            return
        shown = self.map.display
        self.toggle_class("-map-off" if self.has_class("-wide") else "-map-on")
        if shown and self.map.has_focus_within:
            self.steps.focus()
        elif not shown and self.has_class("-narrow"):
            self.call_after_refresh(self._to_map)

    def _to_map(self) -> None:
        if self.chosen is not None:
            self.map.select(self.chosen)
        self.map.focus()

    def action_run_markdown(self) -> None:
        """Copy the failure, the step, the run and the input."""
        if self.model is not None:
            text = report(self.model, self.chosen, self.attempt)
            clipboard.copy(self.app, text, "the run as Markdown")


def _under_way(steps: dict[str, Any]) -> str | None:
    """The step to stand on when none failed: what works or waits now, else the last that was reached."""
    now = [step_id for step_id, step in steps.items() if step["status"] in ("RUNNING", "WAITING")]
    reached = [step_id for step_id, step in steps.items() if step["startedAt"]]
    return next(iter(now), None) or (reached[-1] if reached else next(iter(steps), None))
