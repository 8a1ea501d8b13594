"""The rows of the list of workflows: each with how it has been doing and when it starts next."""

from __future__ import annotations

import asyncio
from typing import NotRequired, cast

from rich.text import Text

from flowdesk.figure_replies import WorkflowStatsDoc
from flowdesk.replies import WorkflowDoc
from flowdesk.tui.drafts import store_of, whose
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.draw.sparkline import progress
from flowdesk.tui.host import FlowApp
from flowdesk.tui.screens.columns import name_cell
from flowdesk.tui.widgets import cells
from flowdesk.tui.widgets.listing import PAGE, Fetched


class WorkflowRow(WorkflowDoc):
    """A workflow with what the list tells besides; all of it is missing in one that was just saved."""

    stats: NotRequired[WorkflowStatsDoc | None]
    due: NotRequired[str | None]
    draft: NotRequired[bool]
    """Whether there are changes to it on this machine that were not saved."""


async def fetch(app: FlowApp, cursor: str | None) -> Fetched[WorkflowRow]:
    """A page of workflows with their figures, next times and drafts."""
    client = app.live.client
    page, schedules = await asyncio.gather(client.workflows.list(limit=PAGE, cursor=cursor), client.schedules())
    ids = [workflow["id"] for workflow in page.items]
    stats = await client.workflows.stats(ids)
    drafts = await asyncio.to_thread(store_of(app).among, whose(app), ids)
    times: dict[str, str] = {}
    for schedule in schedules:  # the next to fire comes first
        if schedule["nextAt"]:
            times.setdefault(schedule["workflowId"], schedule["nextAt"])
    rows = [
        {**w, "stats": stats.get(w["id"]), "due": times.get(w["id"]), "draft": w["id"] in drafts} for w in page.items
    ]
    return Fetched(cast(list[WorkflowRow], rows), page.next_cursor)


def columns(app: FlowApp) -> list[Column[WorkflowRow]]:
    """What the list shows of each."""

    def state(workflow: WorkflowRow) -> Text:
        return cells.state(app, "enabled" if workflow["enabled"] else "paused", "schedule")

    def last(workflow: WorkflowRow) -> Text:
        stats = workflow.get("stats")
        run = stats["lastRun"] if stats else None
        if run is None:
            return cells.dim("–")
        shown = cells.state(app, run["status"]).append(" ")
        return shown.append_text(cells.ago(app, run["finishedAt"] or run["createdAt"]))

    def week(workflow: WorkflowRow) -> Text:
        stats = workflow.get("stats")
        if not stats or not stats["runs7d"]:
            return cells.dim("–")
        good, runs = stats["runs7d"] - stats["failed7d"], stats["runs7d"]
        return Text(f"{progress(good, runs, 5, ascii_only=app.ascii)} {good * 100 // runs}%", no_wrap=True)

    def version(workflow: WorkflowRow) -> Text:
        return Text(f"v{workflow['version']}{' + draft' if workflow.get('draft') else ''}")

    def following(workflow: WorkflowRow) -> Text:
        return cells.plain(cells.clock_time(app, workflow.get("due")))

    return [
        Column("state", "", state, order=lambda w: not w["enabled"]),
        Column("name", "Name", lambda w: name_cell(w["name"]), least=16),
        Column("trigger", "Trigger", lambda w: name_cell(trigger_of(w)), least=8),
        Column("last", "Last run", last, order=_last_at),
        Column("week", "ok 7 d", week, order=_share),
        Column("next", "Next", following, order=lambda w: w.get("due")),
        Column("version", "Version", version, order=lambda w: w["version"], wide=True),
        Column("tags", "Tags", lambda w: cells.dim(", ".join(w["tags"])), wide=True, least=12),
    ]


def has_run(workflow: WorkflowRow) -> bool:
    """Whether it has a history, which its deletion leaves without its workflow; unknown counts as yes."""
    stats = workflow.get("stats")
    return stats is None or stats["lastRun"] is not None


def _last_at(workflow: WorkflowRow) -> str | None:
    stats = workflow.get("stats")
    return stats["lastRun"]["createdAt"] if stats and stats["lastRun"] else None


def _share(workflow: WorkflowRow) -> float | None:
    stats = workflow.get("stats")
    return 1 - stats["failed7d"] / stats["runs7d"] if stats and stats["runs7d"] else None


def trigger_of(workflow: WorkflowDoc) -> str:
    """What starts it, in short."""
    refs = {str(step.get("ref")) for step in workflow["steps"] if step.get("type") == "TRIGGER"}
    found = ["webhook"] if "http.webhook" in refs else []
    if workflow.get("scheduleCron"):
        found.append(f"cron {workflow.get('scheduleCron')}")
    elif any(ref.startswith("schedule.") for ref in refs):
        found.append("cron")
    if "manual" in refs and not found:
        found.append("by hand")
    return ", ".join(found) or "by hand"
