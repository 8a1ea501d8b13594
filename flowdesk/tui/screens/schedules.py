"""The schedules: which workflows start by the clock, when next, and which are paused."""

from __future__ import annotations

from typing import Any, ClassVar, Final, NotRequired, TypedDict, cast

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from flowdesk.clean import clean
from flowdesk.replies import EventDoc
from flowdesk.show.text import parse_time
from flowdesk.tui import keys, toast
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.modals.times import Run, TimesModal
from flowdesk.tui.screens.area import AreaScreen
from flowdesk.tui.screens.columns import name_cell
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import Fetched, Listing

_MOST_TIMES: Final = 100
"""So many times of a window are shown."""
_NO_ROOM: Final = ", since there was no room for it in time"


class ScheduleRow(TypedDict):
    """A schedule; one that does not fire has no times."""

    workflowId: str
    workflowName: str
    scheduleId: str
    cron: str
    words: str
    timezone: str
    state: str
    nextAt: str | None
    upcoming: list[str]
    missed: int
    skipped: int
    missedAt: str | None
    missedWhy: NotRequired[str | None]
    heldAt: NotRequired[str | None]
    waiting: int
    pausedAt: str | None
    pauseReason: str | None


class SchedulesScreen(AreaScreen):
    """Area 5."""

    area = "Schedules"
    DEFAULT_CSS: ClassVar[str] = """
    SchedulesScreen #upcoming { height: 5; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*keys.bindings("schedules")]
    HELP = (
        "What starts by the clock; times are in the schedule's own zone. `r` runs it now, `p` pauses it or lets it go "
        "on: what comes up in a pause is not made up for, but by `b`. `t` shows its times in any window."
    )

    def compose_body(self) -> ComposeResult:
        """The list, and the next times of the one under the cursor."""
        columns = [
            Column[ScheduleRow]("state", "", self._state),
            Column[ScheduleRow]("workflow", "Workflow", lambda s: name_cell(s["workflowName"]), least=18),
            Column[ScheduleRow]("cron", "Cron", lambda s: name_cell(s["cron"], 40), least=11),
            Column[ScheduleRow]("words", "In words", lambda s: name_cell(s["words"]), wide=True, least=16),
            Column[ScheduleRow]("zone", "Zone", lambda s: name_cell(s["timezone"], 32), least=8),
            Column[ScheduleRow]("missed", "Missed", _missed, order=lambda s: s["missed"] + s["skipped"], wide=True),
            Column[ScheduleRow]("next", "Next", self._next, order=lambda s: s["nextAt"]),
        ]
        empty = "No workflow starts by the clock. Add a schedule.cron step to one, or set its scheduleCron."
        yield Listing(columns, key=lambda s: f"{s['workflowId']} {s['scheduleId']}", fetch=self._fetch, empty=empty)
        detail = Static(id="upcoming", classes="pane", markup=False)
        detail.border_title = Text("Next five")
        yield detail

    async def _fetch(self, _cursor: str | None) -> Fetched[ScheduleRow]:
        return Fetched([cast(ScheduleRow, row) for row in await self.live.client.schedules()])

    def concerns(self, event: EventDoc) -> bool:
        """A run that began may have been started by a schedule, which then fires later."""
        return event["type"] == "run.started"

    def _state(self, row: ScheduleRow) -> Text:
        return cells.state(self.flow, "enabled" if row["state"] == "active" else "paused", "schedule")

    def _next(self, row: ScheduleRow) -> Text:
        if row["nextAt"] is None:
            return cells.dim(row["state"])
        at = cells.clock_time(self.flow, row["nextAt"], cells.zone(row["timezone"]))
        return cells.plain(f"{at} {cells.until(self.flow, row['nextAt'])}")

    def on_listing_changed(self, message: Listing.Changed) -> None:
        """Show the next times of the schedule under the cursor."""
        row = self.current_as(ScheduleRow)
        self.query_one("#upcoming", Static).update(self._upcoming(row) if row is not None else Text())

    def _upcoming(self, row: ScheduleRow) -> Text:
        """The next times, in the zone its expression is meant in as `Next` is."""
        if row["state"] != "active":
            return Text(f"{_why(row)}\n{self._history(row)}".rstrip())
        zone = cells.zone(row["timezone"])
        moments = [moment for moment in map(parse_time, row["upcoming"]) if moment is not None]
        times = " · ".join(f"{m.astimezone(zone or self.flow.clock().tzinfo):%a %d %H:%M}" for m in moments)
        named = clean(row["timezone"]) + ("" if zone else " is not known here; these are this terminal's times")
        return Text(f"{clean(row['words'])}\n{times}  {named}\n{self._history(row)}".rstrip())

    def _history(self, row: ScheduleRow) -> str:
        """What was not run, and what waits."""
        last = cells.clock_time(self.flow, row["missedAt"], cells.zone(row["timezone"]))
        parts = [
            f"{row['missed']} missed" if row["missed"] else "",
            f"{row['skipped']} left out because of the run before" if row["skipped"] else "",
            f"the last {last}{_NO_ROOM if row.get('missedWhy') == 'quota' else ''}" if row["missedAt"] else "",
            f"{row['waiting']} waiting" if row["waiting"] else "",
            "held back: the workspace's quota of waiting runs is used up" if row.get("heldAt") else "",
        ]
        return " · ".join(part for part in parts if part)

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

    def action_schedules_times(self) -> None:
        """Its times between any two moments, with what clocks and outages do to them."""
        row = self.current_as(ScheduleRow)
        if row is not None:
            self.app.push_screen(self._dialog(row, f"Times of {row['workflowName']}"))

    def action_schedules_backfill(self) -> None:
        """Run past times that had no run."""
        row = self.current_as(ScheduleRow)
        if row is not None:
            self.background(self._backfill(row), what="Running the times", group="ask", exclusive=True)

    async def _backfill(self, row: ScheduleRow) -> None:
        name = row["workflowName"]
        if not await self.may_write(f"Run past times of {name}"):
            return

        async def run(since: str, until: str) -> str:
            owed = await self.live.client.backfill_schedule(row["workflowId"], row["scheduleId"], since, until)
            return f"{name}: {owed['waiting']} waiting to run"

        done = await self.app.push_screen_wait(self._dialog(row, f"Run past times of {name}", run))
        if done is not None:
            toast.say(self, done)
            self.reload()

    def _dialog(self, row: ScheduleRow, title: str, run: Run | None = None) -> TimesModal:
        client = self.live.client

        async def find(since: str | None, until: str | None) -> dict[str, Any]:
            limit = _MOST_TIMES
            return await client.schedule_times(
                row["workflowId"], row["scheduleId"], since=since, until=until, limit=limit
            )

        given = {"since": "1d ago", "until": "now"} if run is not None else {}
        return TimesModal(title, find, run, now=self.flow.clock, zone=cells.zone(row["timezone"]), **given)

    def action_schedules_pause(self) -> None:
        """Pause the schedules, or let them go on."""
        self.background(self._pause(self.listing.chosen), what="Pausing", group="write")

    async def _pause(self, chosen: list[ScheduleRow]) -> None:
        if not chosen or not await self.may_write("Pause schedules or let them go on"):
            return
        client = self.live.client
        on = chosen[0]["state"] == "paused"
        change, done = (client.resume_schedule, "goes on") if on else (client.pause_schedule, "paused")
        places = {f"{row['workflowId']} {row['scheduleId']}": row for row in chosen if (row["state"] == "paused") is on}

        async def switch(key: str) -> None:
            await change(places[key]["workflowId"], places[key]["scheduleId"])

        await self.each(list(places), done, switch)


def _missed(row: ScheduleRow) -> Text:
    return cells.plain(str(row["missed"] + row["skipped"] or ""))


def _why(row: ScheduleRow) -> str:
    """Why it does not fire."""
    name = clean(row["workflowName"])
    if row["state"] == "disabled":
        return f"{name} is disabled, so it does not start by itself."
    if row["state"] == "over":
        return f"{clean(row['words'])}: no time is left."
    reason = f": {clean(row['pauseReason'])}" if row["pauseReason"] else ""
    return f"{clean(row['words'])} is paused{reason}. p lets it go on."
