"""Ends runs that cannot be executed at all: their version is gone, or their journal cannot be read.

Nothing can be worked out for them, so whoever depends on one is told: the run that called it, the runs it has called,
and the workflow's `onFailure`.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final, Protocol

from engine.errors import Fenced
from engine.models.event import Event, EventType
from engine.models.run import FINISHED, RunRow, RunStatus, TriggerKind
from engine.rows import RunFilter
from engine.runner.ledger import Services
from engine.store import ANYONE, Commit, FeedItem

NOT_EXECUTABLE: Final = "not_executable"
_BATCH: Final = 100
_UNFINISHED: Final = tuple(status for status in RunStatus if status not in FINISHED)

log = logging.getLogger("flowdesk.engine")


class Around(Services, Protocol):
    """What giving up needs of the engine around it."""

    def owe(self) -> None:
        """A run has failed whose workflow may name another for that: start it soon."""


async def give_up(around: Around, row: RunRow, message: str) -> None:
    """Fail a claimed run for good, with `not_executable`."""
    log.error("run %s is given up: %s", row.id, message)
    now = around.clock()
    error = {"code": NOT_EXECUTABLE, "message": message}
    event = Event(row.seq + 1, now, EventType.RUN_FAILED, None, None, {"error": error})
    failed = replace(
        row,
        seq=row.seq + 1,
        status=RunStatus.FAILED,
        finished_at=now,
        owner=None,
        due_at=None,
        waiting_for=None,
        error=error,
        error_code=NOT_EXECUTABLE,
        # Whether anybody wants to know is for the newest version to say: this one may not be readable.
        owed=row.trigger is not TriggerKind.FAILURE,
    )
    pokes = [row.caller_run_id] if row.caller_run_id is not None else []
    try:
        cursor = await around.runs.commit(Commit(failed, [event], row.seq, row.owner, pokes=pokes))
    except Fenced:
        log.info("run %s was moved on by somebody else", row.id)
        return
    around.meter.committed(None, row, failed, [event])
    around.bus.publish(FeedItem(cursor, row.id, row.workflow_id, row.user_id, [event]))
    for run_id in pokes:
        around.poke(run_id, failed)
    if failed.owed:
        around.owe()
    await _let_go(around, row.id)


async def _let_go(around: Services, run_id: str) -> None:
    """Have the runs cancelled that this one has called: nobody waits for them any more."""
    where = RunFilter(ANYONE, caller_run_id=run_id, statuses=_UNFINISHED)
    cursor: str | None = None
    while True:
        page = await around.runs.page(where, limit=_BATCH, cursor=cursor)
        for called in page.items:
            await around.caller.cancel(called.id)
        cursor = page.cursor
        if cursor is None:
            return
