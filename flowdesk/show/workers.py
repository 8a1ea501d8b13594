"""The processes that execute runs as a table."""

from __future__ import annotations

from collections.abc import Sequence

from flowdesk.replies import WorkerDoc
from flowdesk.show.paint import Paint
from flowdesk.show.table import Column
from flowdesk.show.text import clock_time, day_time

Rows = tuple[Sequence[Column], Sequence[Sequence[object]]]


def worker_table(workers: list[WorkerDoc], paint: Paint) -> Rows:
    """One row for each process; the one that answered is marked."""
    columns = [
        Column("role", style=paint.bold),
        Column("host", prose=True),
        Column("pid", right=True),
        Column("version"),
        Column("executes"),
        Column("runs", right=True),
        Column("since", style=paint.dim),
        Column("last sign", style=paint.dim),
    ]
    rows = [
        (
            f"{worker['role'] or '?'}{' *' if worker['answering'] else ''}",
            worker["host"],
            worker["pid"],
            worker["version"],
            worker["executes"],
            f"{worker['runs']['count']} of {worker['concurrency'] or '?'}",
            day_time(worker["since"]),
            clock_time(worker["lastBeatAt"])[:8],
        )
        for worker in workers
    ]
    return columns, rows
