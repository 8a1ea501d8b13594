"""Runs and jobs as tables."""

from __future__ import annotations

from collections.abc import Sequence

from flowdesk.replies import JobDoc, RunSummary
from flowdesk.show.paint import Paint
from flowdesk.show.run import error_text, status_text
from flowdesk.show.table import Column
from flowdesk.show.text import day_time, duration

Rows = tuple[Sequence[Column], Sequence[Sequence[object]]]


def run_table(runs: list[RunSummary], paint: Paint) -> Rows:
    """One row for each run."""
    columns = [
        Column("run"),
        Column("status", style=lambda text: paint.status(text.split(" ")[0], text)),
        Column("workflow", prose=True),
        Column("by"),
        Column("created", style=paint.dim),
        Column("took", right=True),
        Column("error", prose=True),
    ]
    rows = [
        (
            run["id"],
            status_text(run),
            f"{run['workflowName'] or run['workflowId']} v{run['workflowVersion']}",
            run["trigger"]["kind"],
            day_time(run["createdAt"]),
            duration(run["durationMs"]),
            error_text(run["error"]),
        )
        for run in runs
    ]
    return columns, rows


def job_table(jobs: list[JobDoc], paint: Paint) -> Rows:
    """One row for each retry owed to a step."""
    columns = [
        Column("job"),
        Column("status", style=paint.status),
        Column("run"),
        Column("step"),
        Column("attempt", right=True),
        Column("due", style=paint.dim),
        Column("error", prose=True),
    ]
    rows = [
        (
            job["id"],
            job["status"],
            job["runId"],
            job["stepId"],
            job["attempt"],
            day_time(job["runAt"]),
            error_text(job["error"]),
        )
        for job in jobs
    ]
    return columns, rows
