"""The dashboard: what needs you, what runs, how the last day went, and what starts next."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container

from flowdesk.replies import EventDoc, RunSummary
from flowdesk.tui import keys
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.draw.sparkline import progress
from flowdesk.tui.screens import deciding
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import name_cell, waits, workflow_cell
from flowdesk.tui.screens.overview import Progress, learn, look
from flowdesk.tui.screens.rerunning import ask_rerun
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.last_day import LastDay
from flowdesk.tui.widgets.listing import Fetched, Listing


class DashboardScreen(AreaScreen):
    """Area 1."""

    area = "Dashboard"
    DEFAULT_CSS: ClassVar[str] = """
    DashboardScreen #panes { layout: grid; grid-size: 2; grid-columns: 3fr 2fr; }
    DashboardScreen.-narrow #panes { grid-size: 1; grid-columns: 1fr; grid-rows: 2fr 5 2fr 1fr; }
    DashboardScreen .pane { height: 1fr; border: round $foreground 30%; border-title-align: left; }
    DashboardScreen .pane:focus-within { border: round $border; }
    DashboardScreen #day { padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("dashboard")]
    HELP = (
        "Failures first, those at the same step in one row with their number; enter opens the newest. `tab` goes from "
        "pane to pane, `R` runs what the cursor is on again, `a` answers what it asks."
    )

    def __init__(self) -> None:
        super().__init__()
        self._progress: dict[str, Progress] = {}
        self._alike: dict[str, int] = {}

    @property
    def listing(self) -> Listing[Any]:
        """The pane that has the focus, else the first."""
        return next((pane for pane in self.query(Listing) if pane.has_focus_within), self.query(Listing).first())

    def compose_body(self) -> ComposeResult:
        """Four panes; on a narrow screen one under the other."""
        with Container(id="panes"):
            yield self._pane("needs", "Needs you", self._needs_columns(), "Nothing failed, nobody is waited for.")
            yield LastDay(id="day")
            idle = "Nothing is running. r in Workflows (2) starts a run."
            yield self._pane("running", "Running now", self._running_columns(), idle)
            never = "No workflow starts by the clock. A schedule.cron step in one makes it."
            yield self._pane("next", "Next", self._next_columns(), never)

    def _pane(self, name: str, title: str, columns: list[Column[Any]], empty: str) -> Listing[Any]:
        key = (lambda s: f"{s['workflowId']} {s['scheduleId']}") if name == "next" else (lambda r: str(r["id"]))
        pane: Listing[Any] = Listing(columns, key=key, fetch=self._nothing, empty=empty, name=name)
        pane.add_class("pane")
        pane.border_title = Text(title)
        return pane

    def _needs_columns(self) -> list[Column[Any]]:
        return [
            Column[RunSummary]("status", "", lambda r: cells.state(self.flow, r["status"])),
            Column[RunSummary]("workflow", "Workflow", workflow_cell, least=16),
            Column[RunSummary]("many", "", lambda r: self._many(r["id"])),
            Column[RunSummary]("since", "Since", lambda r: cells.ago(self.flow, r["finishedAt"] or r["createdAt"])),
            Column[RunSummary]("why", "Why", self._why, least=20),
        ]

    def _running_columns(self) -> list[Column[Any]]:
        return [
            Column[RunSummary]("status", "", lambda r: cells.state(self.flow, r["status"])),
            Column[RunSummary]("workflow", "Workflow", workflow_cell, least=16),
            Column[RunSummary]("far", "Steps", self._far),
            Column[RunSummary]("took", "For", lambda r: cells.ago(self.flow, r["startedAt"])),
            Column[RunSummary]("step", "Step", self._step, least=12),
        ]

    def _next_columns(self) -> list[Column[Any]]:
        return [
            Column[Any]("at", "At", lambda s: cells.plain(cells.clock_time(self.flow, s["nextAt"]))),
            Column[Any]("workflow", "Workflow", lambda s: name_cell(s["workflowName"]), least=12),
            Column[Any]("in", "In", lambda s: cells.until(self.flow, s["nextAt"])),
        ]

    async def _nothing(self, _cursor: str | None) -> Fetched[Any]:
        """The panes are filled together; none of them reads by itself."""
        return Fetched(())

    def on_mount(self) -> None:
        """The columns need no heads."""
        for pane in self.query(Listing):
            pane.table.show_titles = False

    def reload(self) -> None:
        """Read everything again, at one go."""
        self.background(self._read(), what="Reading the dashboard", group="list", exclusive=True)

    async def _read(self) -> None:
        client = self.live.client
        overview = await look(client, self.flow.clock())
        await learn(client, self._progress, [run["id"] for run in overview.running])
        self._alike = overview.alike
        parts: dict[str, list[Any]] = {"needs": overview.needs, "running": overview.running, "next": overview.schedules}
        for pane in self.query(Listing):
            pane.loaded = True
            pane.put(parts[pane.name or ""])
            pane.redraw()
        failed = sum(overview.alike.values())
        count = f" · {failed}{'+' if overview.more else ''} failed" if failed else ""
        self.query(Listing).first().border_title = Text(f"Needs you{count}")
        self.query_one(LastDay).show(overview.stats, overview.workers)

    def happened(self, events: list[EventDoc]) -> None:
        """Progress is known at once; what else changed is read soon."""
        for event in events:
            if event["runId"] in self._progress:
                self._progress[event["runId"]].take(event)
        super().happened(events)

    def concerns(self, event: EventDoc) -> bool:
        """What steps do is known from the events; only runs that begin, wait or end are read again."""
        return event["type"].startswith(("run.", "wait.", "retry."))

    def _why(self, run: RunSummary) -> Text:
        error = run["error"]
        if run["status"] == "FAILED" and error is not None:
            step = error.get("stepId")
            return cells.plain(f"{step}: {error['message']}" if step else error["message"])
        return cells.plain(waits(self.flow, run))

    def _many(self, run_id: str) -> Text:
        many = self._alike.get(run_id, 1)
        return cells.dim(f"{'x' if self.flow.ascii else '×'}{many}" if many > 1 else "")

    def _far(self, run: RunSummary) -> Text:
        far = self._progress.get(run["id"])
        if far is None:
            return cells.dim("–")
        bar = progress(len(far.done), far.of, ascii_only=self.flow.ascii)
        return Text(f"{bar} {len(far.done)}/{far.of}", no_wrap=True)

    def _step(self, run: RunSummary) -> Text:
        far = self._progress.get(run["id"])
        return name_cell(far.now if far is not None and run["status"] == "RUNNING" else waits(self.flow, run))

    def note(self, listing: Listing[Any]) -> str:
        """The panes are short enough to be counted by eye."""
        return ""

    def _current_run(self) -> RunSummary | None:
        return None if self.listing.name == "next" else self.current_as(RunSummary)

    def why_not(self, act_id: str) -> str | None:
        """Logs and reruns need a run under the cursor."""
        if act_id in ("dashboard.rerun", "dashboard.logs") and self._current_run() is None:
            return "there is no run under the cursor"
        return deciding.why_not(self._current_run()) if act_id == "dashboard.decide" else None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter opens the run, or the workflow of a schedule."""
        if message.listing.name == "next":
            self.flow.open_editor(cast("dict[str, str]", message.item)["workflowId"])
        else:
            self.flow.open_run(cast(RunSummary, message.item)["id"])

    def action_dashboard_rerun(self) -> None:
        """Run it again, after showing what that means."""
        run = self._current_run()
        if run is not None:
            self.background(ask_rerun(self, run["id"]), what="Reading the run", group="ask", exclusive=True)

    def action_dashboard_decide(self) -> None:
        """Answer what it asks."""
        run = self._current_run()
        if run is not None:
            self.background(deciding.ask_decide(self, run["id"]), what="Deciding", group="ask", exclusive=True)

    def action_dashboard_logs(self) -> None:
        """Its log."""
        run = self._current_run()
        if run is not None:
            self.flow.open_run(run["id"], tab="log")

    def action_dashboard_new(self) -> None:
        """An empty workflow, saved when it is first saved."""
        self.flow.open_editor(None)
