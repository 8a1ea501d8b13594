"""The schedules: which workflows start by the clock, when next, and which are paused."""

from __future__ import annotations

from typing import Any, ClassVar, TypedDict, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from flowdesk.clean import clean
from flowdesk.client import Client
from flowdesk.replies import EventDoc, WorkflowDoc
from flowdesk.show.text import parse_time
from flowdesk.tui import keys
from flowdesk.tui.draw.cron_words import cron_words
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import name_cell
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Fetched, Listing


class ScheduleRow(TypedDict):
    """A schedule; a paused one has no times."""

    workflowId: str
    workflowName: str
    scheduleId: str
    cron: str
    timezone: str
    nextAt: str | None
    upcoming: list[str]


class SchedulesScreen(AreaScreen):
    """Area 5."""

    area = "Schedules"
    DEFAULT_CSS: ClassVar[str] = """
    SchedulesScreen #upcoming { height: 4; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("schedules")]
    HELP = (
        "What starts by the clock; times are in the schedule's own zone. `r` runs it now, `p` pauses it by disabling "
        "its workflow, or goes on."
    )

    def compose_body(self) -> ComposeResult:
        """The list, and the next times of the one under the cursor."""
        columns = [
            Column[ScheduleRow]("state", "", self._state),
            Column[ScheduleRow]("workflow", "Workflow", lambda s: name_cell(s["workflowName"])),
            Column[ScheduleRow]("cron", "Cron", lambda s: name_cell(s["cron"], 24)),
            Column[ScheduleRow]("words", "In words", lambda s: name_cell(cron_words(s["cron"]), 34), wide=True),
            Column[ScheduleRow]("zone", "Zone", lambda s: name_cell(s["timezone"], 20), wide=True),
            Column[ScheduleRow]("next", "Next", self._next, order=lambda s: s["nextAt"]),
        ]
        empty = "No workflow starts by the clock. Add a schedule.cron step to one, or set its scheduleCron."
        yield Listing(columns, key=lambda s: f"{s['workflowId']} {s['scheduleId']}", fetch=self._fetch, empty=empty)
        detail = Static(id="upcoming", classes="pane", markup=False)
        detail.border_title = Text("Next five")
        yield detail

    async def _fetch(self, _cursor: str | None) -> Fetched[ScheduleRow]:
        running = [cast(ScheduleRow, row) for row in await self.live.client.schedules()]
        return Fetched([*running, *await paused(self.live.client)])

    def concerns(self, event: EventDoc) -> bool:
        """A run that began may have been started by a schedule, which then fires later."""
        return event["type"] == "run.started"

    def _state(self, row: ScheduleRow) -> Text:
        return cells.state(self.flow, "enabled" if row["nextAt"] else "paused", "schedule")

    def _next(self, row: ScheduleRow) -> Text:
        if row["nextAt"] is None:
            return cells.dim("paused")
        at = cells.clock_time(self.flow, row["nextAt"], cells.zone(row["timezone"]))
        return cells.plain(f"{at} {cells.until(self.flow, row['nextAt'])}")

    def on_listing_changed(self, message: Listing.Changed) -> None:
        """Show the next times of the schedule under the cursor."""
        row = self.current_as(ScheduleRow)
        self.query_one("#upcoming", Static).update(self._upcoming(row) if row is not None else Text())

    def _upcoming(self, row: ScheduleRow) -> Text:
        """The next times, in the zone its expression is meant in as `Next` is."""
        if row["nextAt"] is None:
            return Text(f"{clean(row['workflowName'])} is disabled, so it does not start by itself. p lets it go on.")
        zone = cells.zone(row["timezone"])
        moments = [moment for moment in map(parse_time, row["upcoming"]) if moment is not None]
        times = " · ".join(f"{m.astimezone(zone or self.flow.clock().tzinfo):%a %d %H:%M}" for m in moments)
        named = clean(row["timezone"]) + ("" if zone else " is not known here; these are this terminal's times")
        return Text(f"{clean(cron_words(row['cron']))}\n{times}  {named}")

    def why_not(self, act_id: str) -> str | None:
        """Everything here is about a schedule."""
        return "there is no schedule under the cursor" if self.listing.current is None else None

    def on_listing_opened(self, message: Listing.Opened) -> None:
        """Enter edits its workflow."""
        self.action_schedules_edit()

    def action_schedules_edit(self) -> None:
        """The step that has the expression, in the editor."""
        row = self.current_as(ScheduleRow)
        if row is not None:
            self.flow.open_editor(row["workflowId"], step=cast("dict[str, Any]", row).get("stepId"))

    def action_schedules_run(self) -> None:
        """Start its workflow now, as a run by hand without data."""
        row = self.current_as(ScheduleRow)
        if row is not None:
            self.background(self._run(row), what="Starting the run", group="write")

    async def _run(self, row: ScheduleRow) -> None:
        if await self.may_write(f"Run {row['workflowName']} now"):
            run = await self.live.client.workflows.execute(row["workflowId"])
            self.flow.open_run(run["id"])

    def action_schedules_pause(self) -> None:
        """Disable its workflow, or enable it again."""
        self.background(self._pause(self.listing.chosen), what="Pausing", group="write")

    async def _pause(self, chosen: list[ScheduleRow]) -> None:
        ids = list(dict.fromkeys(row["workflowId"] for row in chosen))
        if not ids or not await self.may_write("Pause schedules or let them go on"):
            return
        on = chosen[0]["nextAt"] is None
        done = "enabled its workflow, so it goes on" if on else "paused: its workflow is disabled"

        async def switch(workflow_id: str) -> None:
            document = await self.live.client.workflows.get(workflow_id)
            await self.live.client.workflows.save(workflow_id, {**document, "enabled": on})

        await self.each(ids, done, switch)


async def paused(client: Client) -> list[ScheduleRow]:
    """The schedules of disabled workflows, which the server does not plan."""
    rows: list[ScheduleRow] = []
    cursor: str | None = None
    while True:
        page = await client.workflows.list(enabled=False, limit=PAGE, cursor=cursor)
        rows.extend(row for workflow in page.items for row in _written(workflow))
        cursor = page.next_cursor
        if cursor is None:
            return rows


def _written(workflow: WorkflowDoc) -> list[ScheduleRow]:
    """Every expression in a workflow's document."""
    found = [("", workflow.get("scheduleCron"), workflow.get("timezone"))]
    for step in workflow["steps"]:
        params = step.get("params")
        if step.get("ref") == "schedule.cron" and isinstance(params, dict):
            found.append((str(step.get("id")), params.get("cron"), params.get("timezone") or workflow.get("timezone")))
    return [
        ScheduleRow(
            workflowId=workflow["id"],
            workflowName=workflow["name"],
            scheduleId=schedule,
            cron=cron,
            timezone=str(zone or ""),
            nextAt=None,
            upcoming=[],
        )
        for schedule, cron, zone in found
        if isinstance(cron, str)
    ]
