"""The runs: what ran, what runs, and what became of it."""

from __future__ import annotations

from typing import ClassVar, Final, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from flowdesk.replies import EventDoc, Page, RunSummary
from flowdesk.tui import keys
from flowdesk.tui.draw.named_field import named_field
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.screens import deciding
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import error_cell, has_ended, name_cell, waits, workflow_cell
from flowdesk.tui.screens.rerunning import ask_cancel, ask_rerun
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Fetched, Listing

_FILTERS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("", ()),
    ("failed", ("FAILED",)),
    ("waiting", ("WAITING",)),
    ("running", ("RUNNING", "QUEUED")),
    ("succeeded", ("SUCCESS",)),
    ("cancelled", ("CANCELLED",)),
)
_MOST_ALONE: Final = 20
"""Runs beyond the first page that are read again one by one when something happened in them."""


class RunsScreen(AreaScreen):
    """Area 3."""

    area = "Runs"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("runs")]
    HELP = "Your runs, newest first. Enter opens one, `R` runs it again, `v` shows only one status."

    def __init__(self) -> None:
        super().__init__()
        self._filter = 0
        self._touched: set[str] = set()

    def compose_body(self) -> ComposeResult:
        """The list."""
        yield Listing(self.columns(), key=lambda r: r["id"], fetch=self._fetch, empty=self.nothing())

    def nothing(self) -> str:
        """What is told of an empty list."""
        return "No run here. r in Workflows (2) starts one; v shows runs of every status."

    def columns(self) -> list[Column[RunSummary]]:
        """What is told of each run."""
        return [
            Column[RunSummary]("status", "", lambda r: cells.state(self.flow, r["status"])),
            Column[RunSummary]("workflow", "Workflow", workflow_cell, least=16),
            Column[RunSummary]("id", "Run", lambda r: cells.plain(r["id"]), wide=True),
            Column[RunSummary]("trigger", "Trigger", lambda r: name_cell(r["trigger"]["kind"], 10), wide=True),
            Column[RunSummary](
                "started", "Started", lambda r: cells.ago(self.flow, r["createdAt"]), order=lambda r: r["createdAt"]
            ),
            Column[RunSummary]("took", "Took", self._took, order=lambda r: r["durationMs"]),
            Column[RunSummary]("error", "Error", self._error, wide=True, least=20),
        ]

    def crumbs(self) -> list[str]:
        """The area, and which status is shown."""
        name = _FILTERS[self._filter][0]
        return [self.area, name] if name else [self.area]

    def happened(self, events: list[EventDoc]) -> None:
        """Remember in which runs; those beyond the first page are read again one by one."""
        self._touched.update(event["runId"] for event in events if self.concerns(event))
        super().happened(events)

    async def _fetch(self, cursor: str | None) -> Fetched[RunSummary]:
        page = await self.page(_FILTERS[self._filter][1], cursor)
        if cursor is None:
            await self._read_alone({run["id"] for run in page.items})
        return Fetched(page.items, page.next_cursor)

    async def page(self, status: tuple[str, ...], cursor: str | None) -> Page[RunSummary]:
        """Part of the list."""
        return await self.live.client.runs.list(status=status or None, limit=PAGE, cursor=cursor)

    async def _read_alone(self, seen: set[str]) -> None:
        from flowdesk.errors import Missing

        wanted = _FILTERS[self._filter][1]
        touched, self._touched = self._touched, set()
        for run_id in [run["id"] for run in self.listing.items if run["id"] in touched - seen][:_MOST_ALONE]:
            try:
                run = await self.live.client.runs.get(run_id)
            except Missing:
                self.listing.take_out(run_id)
                continue
            if wanted and run["status"] not in wanted:
                self.listing.take_out(run_id)
            else:
                self.listing.upsert(run)

    def _took(self, run: RunSummary) -> Text:
        if has_ended(run) or run["startedAt"] is None:
            return cells.took(run["durationMs"])
        return cells.ago(self.flow, run["startedAt"])

    def _error(self, run: RunSummary) -> Text:
        if run["waitingFor"] is None:
            return error_cell(run["error"])
        return cells.dim(waits(self.flow, run))

    def why_not(self, act_id: str) -> str | None:
        """Most actions need a run; only one that has not ended is cancelled."""
        if act_id == "runs.status":
            return None
        if self.current_as(RunSummary) is None:
            return "there is no run under the cursor"
        if act_id == "runs.cancel" and all(has_ended(run) for run in self.listing.chosen):
            return "it has already ended"
        if act_id == "runs.decide":
            return deciding.why_not(self.current_as(RunSummary))
        return None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter opens."""
        self.flow.open_run(cast(RunSummary, message.item)["id"])

    def action_runs_status(self) -> None:
        """Only the next status, and after the last all again."""
        self._filter = (self._filter + 1) % len(_FILTERS)
        self.listing.loaded = False
        self.listing.put(())
        self.show_place()
        self.reload()

    def action_runs_logs(self) -> None:
        """Its log."""
        current = self.current_as(RunSummary)
        if current is not None:
            self.flow.open_run(current["id"], tab="log")

    def action_runs_edit(self) -> None:
        """Its workflow in the editor, with the values of this run."""
        current = self.current_as(RunSummary)
        if current is not None:
            error = current["error"]
            step = error.get("stepId") if error else None
            field = named_field(error["message"]) if error and step else None
            self.flow.open_editor(current["workflowId"], step=step, field=field, run_id=current["id"])

    def action_runs_rerun(self) -> None:
        """Run it again, after showing what that means."""
        current = self.current_as(RunSummary)
        if current is not None:
            self.background(ask_rerun(self, current["id"]), what="Reading the run", group="ask", exclusive=True)

    def action_runs_decide(self) -> None:
        """Answer what it asks."""
        current = self.current_as(RunSummary)
        if current is not None:
            work = deciding.ask_decide(self, current["id"])
            self.background(work, what="Deciding", group="ask", exclusive=True)

    def action_runs_cancel(self) -> None:
        """Ask the chosen runs to end."""
        chosen: list[RunSummary] = [run for run in self.listing.chosen if not has_ended(run)]
        if chosen:
            named = f"{chosen[0]['workflowName'] or ''} {chosen[0]['id']}".strip()
            self.background(ask_cancel(self, [run["id"] for run in chosen], named), what="Cancelling", group="write")
