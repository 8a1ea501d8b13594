"""Starts the workflows named by `onFailure`, once for each failure, also when the process dies in between.

The commit that ends a FAILED run puts a mark on its summary; whoever finds the mark starts the handler's run, under an
id that follows from the failed run, and takes the mark away. Doing so twice finds the first.
"""

from __future__ import annotations

import logging
from typing import Any, Final, NamedTuple, Protocol

from engine.accepting import Accepting
from engine.clock import iso
from engine.errors import Conflict, Invalid, Limited, NotFound
from engine.giving_up import NOT_EXECUTABLE
from engine.history import History
from engine.ids import derived_id
from engine.inputs import Begin
from engine.models.run import RunRow, Trigger, TriggerKind
from engine.models.workflow import Workflow
from engine.plans import Plans
from engine.runner.wanted import MANUAL_REF
from engine.store import ANYONE, Owner, Runs
from engine.tracing import span_id, within

BATCH: Final = 100

log = logging.getLogger("flowdesk.engine")


class Around(Protocol):
    """What this needs of the engine around it."""

    runs: Runs
    plans: Plans
    accepting: Accepting

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state."""


class _Failed(NamedTuple):
    """What is known of a failed run besides its summary."""

    workflow: Workflow
    data: dict[str, Any]
    trace: str | None


class Failures:
    """Pays what failed runs are owed."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def start_handlers(self) -> int:
        """Start the handlers of some failed runs; how many runs were looked at."""
        rows = await self._around.runs.owing(limit=BATCH)
        for row in rows:
            try:
                await self.start_one(row)
            except (NotFound, Invalid, Limited, Conflict) as error:
                log.warning("run %s failed, and its onFailure workflow cannot be started: %s", row.id, error)
            await self._around.runs.settle(row.id, seq=row.seq)
        return len(rows)

    async def start_one(self, row: RunRow) -> None:
        """Start the handler of this run's failure, or find that it was started."""
        failed = await self._known(row)
        handler_id = failed.workflow.on_failure
        if handler_id is None:
            return
        plan = await self._around.plans.current(handler_id)
        if plan.workflow.owner_id != failed.workflow.owner_id:
            raise NotFound(f"there is no workflow {handler_id}")
        fired = plan.trigger_step(MANUAL_REF)
        trigger = Trigger(TriggerKind.FAILURE, _told(row, failed), {}, fired.id if fired else None)
        trigger.trace = within(failed.trace, span_id(row.id))
        run_id = derived_id(row.finished_at or row.created_at, row.id, "onFailure", str(row.seq))
        handler = self._around.accepting.new_row(plan, trigger, run_id, None, None, None)
        handler.parent_run_id = row.id
        driver = self._around.accepting.new_driver(plan, handler, Begin(trigger, row.id))
        await self._around.accepting.accept(driver)

    async def _known(self, row: RunRow) -> _Failed:
        if row.error_code == NOT_EXECUTABLE:
            # Neither its version nor its journal need be readable.
            return _Failed((await self._around.plans.current(row.workflow_id)).workflow, {}, None)
        history = await self._around.history(row.id, owner=ANYONE)
        return _Failed(history.plan.workflow, history.data(), history.state.trigger.trace)


def _told(row: RunRow, failed: _Failed) -> dict[str, Any]:
    """The failed run as its handler's data."""
    return {
        "error": row.error,
        "run": {
            "id": row.id,
            "workflowId": row.workflow_id,
            "workflowName": failed.workflow.name,
            "workflowVersion": row.workflow_version,
            "trigger": row.trigger.value,
            "createdAt": iso(row.created_at),
            "finishedAt": None if row.finished_at is None else iso(row.finished_at),
        },
        "data": failed.data,
    }
