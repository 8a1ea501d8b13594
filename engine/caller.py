"""Starts, finds and cancels runs on behalf of other runs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Protocol

from engine.accepting import Accepting
from engine.conditions import Condition, compile_condition
from engine.errors import Invalid, NotFound
from engine.executor import Executor
from engine.inputs import Begin, Cancel
from engine.models.run import FINISHED, Call, RunRow, Trigger
from engine.plan import Plan
from engine.plans import Plans
from engine.runner.ledger import Made
from engine.store import ANYONE, Runs

GONE: Final = "a deleted workflow"


class Around(Protocol):
    """What calling needs of the engine around it."""

    runs: Runs
    plans: Plans
    executor: Executor
    accepting: Accepting

    def poke(self, run_id: str, ended: RunRow | None = None) -> None:
        """Let this run look at what the store has for it."""


class Caller:
    """What runs ask of the engine about other runs."""

    def __init__(self, around: Around) -> None:
        self._around = around

    @property
    def crowded(self) -> bool:
        """Whether runs wait for room here, so that nobody should keep a place without working."""
        executor = self._around.executor
        return executor.queued > 0 or executor.slots == 0

    async def plan(self, workflow_id: str, version: int | None, caller: RunRow) -> Plan:
        """The workflow to call, as it is now or in this version. Somebody else's is as unknown as none."""
        try:
            if version is not None:
                return await self._around.plans.version(workflow_id, version)
            plan = await self._around.plans.current(workflow_id)
        except NotFound:
            plan = None
        if plan is None or plan.workflow.owner_id != caller.user_id:
            raise Invalid(
                f"there is no workflow {workflow_id}",
                code="unknown_workflow",
                hint="it may have been deleted; name one of yours",
            )
        return plan

    async def start(self, plan: Plan, trigger: Trigger, run_id: str, caller: RunRow, call: Call) -> Made:
        """Make the run, or find it when it was made before. Invalid or Limited when its workflow refuses it."""
        accepting = self._around.accepting
        row = accepting.new_row(plan, trigger, run_id, None, None, None)
        row.caller_run_id, row.call = caller.id, call
        driver = accepting.new_driver(plan, row, Begin(trigger))
        # A run of pure steps is over before this returns, so nobody has to be told.
        driver.ledger.quiet = plan.instant
        accepted = await accepting.accept(driver)
        if accepted.run.id != run_id:
            message = f"the workflow takes this for a repetition of its run {accepted.run.id}"
            raise Invalid(message, code="deduplicated", hint="its `dedupe` says so")
        return Made(accepted.run, driver.state if driver.state.finished and not accepted.duplicate else None)

    async def row(self, run_id: str) -> RunRow | None:
        """A called run's summary, if there is such a run."""
        try:
            return await self._around.runs.get(run_id, owner=ANYONE)
        except NotFound:
            return None

    async def cancel(self, run_id: str) -> None:
        """Have a run cancelled that nobody waits for any more; it ends on its own from here."""
        try:
            row = await self._around.runs.request_cancel(run_id, owner=ANYONE)
        except NotFound:
            return
        driver = self._around.executor.drivers.get(run_id)
        if driver is not None:
            driver.interrupt(Cancel(None, "the run that called it has ended"))
        elif row.status not in FINISHED:
            self._around.poke(run_id)

    async def chain(self, row: RunRow) -> list[str]:
        """The names of the workflows that called each other down to this run, the first caller first."""
        names: list[str] = []
        found: RunRow | None = row
        while found is not None:
            try:
                plan = await self._around.plans.version(found.workflow_id, found.workflow_version)
                names.append(plan.workflow.name)
            except (NotFound, Invalid):
                names.append(GONE)
            found = None if found.caller_run_id is None else await self.row(found.caller_run_id)
        names.reverse()
        return names

    def holds(self, expression: str, scope: Mapping[str, Any]) -> bool:
        """Whether a condition is true of this scope; Invalid when it cannot be worked out."""
        return _compiled(expression).test(scope)


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> Condition:
    return compile_condition(expression)
