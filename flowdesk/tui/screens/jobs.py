"""The jobs: retries owed to steps, and failures that are parked until somebody tries them again."""

from __future__ import annotations

from typing import ClassVar, Final, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType

from flowdesk.replies import JobDoc
from flowdesk.tui import keys
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.draw.status import word
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import Names, error_cell, name_cell
from flowdesk.tui.screens.rerunning import ask_cancel
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Fetched, Listing

_FILTERS: Final = (None, "PENDING", "FAILED", "RUNNING")


class JobsScreen(AreaScreen):
    """Area 4."""

    area = "Jobs"
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("jobs")]
    HELP = "Retries owed to steps. Enter opens the run, `r` tries one now, `v` shows only one state."

    def __init__(self) -> None:
        super().__init__()
        self._filter = 0
        self._names = Names()

    def compose_body(self) -> ComposeResult:
        """The list."""
        columns = [
            Column[JobDoc]("state", "State", self._state),
            Column[JobDoc]("workflow", "Workflow", lambda j: name_cell(self._names.of(j["workflowId"])), least=16),
            Column[JobDoc]("step", "Step", lambda j: name_cell(j["stepId"]), least=10),
            Column[JobDoc]("try", "Try", lambda j: Text(f"{j['attempt']}"), order=lambda j: j["attempt"]),
            Column[JobDoc]("next", "Next", self._next, order=lambda j: j["runAt"]),
            Column[JobDoc]("run", "Run", lambda j: cells.plain(j["runId"]), wide=True),
            Column[JobDoc]("error", "Last error", lambda j: error_cell(j["error"]), wide=True, least=20),
        ]
        empty = "No step owes a retry. One that fails and may try again appears here; v shows every state."
        yield Listing(columns, key=lambda j: j["id"], fetch=self._fetch, empty=empty)

    def crumbs(self) -> list[str]:
        """The area, and which state is shown."""
        state = _FILTERS[self._filter]
        return [self.area] if state is None else [self.area, word(state, "job")]

    async def _fetch(self, cursor: str | None) -> Fetched[JobDoc]:
        page = await self.live.client.jobs.list(status=_FILTERS[self._filter], limit=PAGE, cursor=cursor)
        await self._names.learn(self.live.client, [job["workflowId"] for job in page.items])
        return Fetched(page.items, page.next_cursor)

    def _state(self, job: JobDoc) -> Text:
        return cells.state(self.flow, job["status"], "job", word=True)

    def _next(self, job: JobDoc) -> Text:
        return cells.until(self.flow, job["runAt"]) if job["status"] == "PENDING" else cells.dim("–")

    def why_not(self, act_id: str) -> str | None:
        """Only what waits or was given up can be tried by hand."""
        if act_id == "jobs.status":
            return None
        if self.current_as(JobDoc) is None:
            return "there is no job under the cursor"
        if act_id == "jobs.retry" and not self._can_be_tried():
            return "it neither waits nor was given up"
        return None

    def _can_be_tried(self) -> list[JobDoc]:
        return [job for job in self.listing.chosen if job["status"] in ("PENDING", "FAILED")]

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter opens the run, on the step."""
        job = cast(JobDoc, message.item)
        self.flow.open_run(job["runId"], step=job["stepId"])

    def action_jobs_status(self) -> None:
        """Only the next state, and after the last all again."""
        self._filter = (self._filter + 1) % len(_FILTERS)
        self.listing.loaded = False
        self.listing.put(())
        self.show_place()
        self.reload()

    def action_jobs_retry(self) -> None:
        """Try now what waits or was given up."""
        self.background(self._retry(self._can_be_tried()), what="Retrying", group="write")

    async def _retry(self, chosen: list[JobDoc]) -> None:
        if chosen and await self.may_write("Try again"):
            await self.each(chosen, "tried again", lambda job: self.live.client.jobs.retry(job["id"]))

    def action_jobs_cancel(self) -> None:
        """Ask the runs of the chosen jobs to end."""
        runs = list(dict.fromkeys(job["runId"] for job in self.listing.chosen))
        if runs:
            self.background(ask_cancel(self, runs, f"the run {runs[0]}"), what="Cancelling", group="write")
