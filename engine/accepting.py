"""Accepting runs: on disk first, then started here or left to whoever has room, then perhaps waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

from engine.doorbell import Doorbell, Execute
from engine.errors import Conflict, Fenced, KeyReused, NotFound, Unavailable
from engine.executor import Executor
from engine.history import History
from engine.ids import new_id
from engine.inputs import Begin
from engine.interface import fitting
from engine.limits.gate import Gate
from engine.limits.rules import Limits
from engine.models.run import FINISHED, RunRow, RunStatus, Trigger
from engine.plan import Plan
from engine.runner.driver import Driver
from engine.runner.ledger import Services
from engine.state import RunState, StepStatus
from engine.store import ANYONE, Owner, Store
from engine.visible import View, run_scope
from engine.watching import until_answered


@dataclass(slots=True, frozen=True)
class Accepted:
    """A run that is on disk; `duplicate` when it was accepted before under the same key."""

    run: RunRow
    duplicate: bool = False


@dataclass(slots=True, frozen=True)
class Outcome:
    """What somebody who waited gets: the run, the answer a step gave, and the data once the run has finished."""

    run: RunRow
    reply: dict[str, Any] | None = None
    data: dict[str, Any] | None = None
    duplicate: bool = False


class Options(Protocol):
    """The settings accepting reads."""

    @property
    def execute(self) -> Execute: ...


class Around(Services, Protocol):
    """What accepting needs of the engine around it."""

    store: Store
    executor: Executor
    doorbell: Doorbell
    gate: Gate
    begun: Callable[[str], None]
    """Told whose run is about to be accepted."""

    @property
    def options(self) -> Options: ...

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state."""

    def owe(self) -> None:
        """A run has failed whose workflow names another for that."""

    async def supersede(self, run_id: str) -> None:
        """Cancel a run that has not begun, since a newer one takes its place."""


class Accepting:
    """Takes runs in, for the engine's methods and for whatever else starts runs."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._stopping = False

    def stop(self) -> None:
        """Accept nothing more."""
        self._stopping = True

    async def run_and_wait(self, driver: Driver, timeout_s: float) -> Outcome:
        """Accept and wait until the run ends or a step answers, at most this long."""
        plan = driver.plan
        if plan.instant:
            accepted = await self.accept(driver)
            if accepted.duplicate:
                return await self._known_outcome(accepted.run)
            return outcome(driver.row, driver.plan, driver.state)
        if self._leaves_to_others(plan):
            return await self._wait_elsewhere(driver, timeout_s)
        reply = driver.ledger.reply = asyncio.get_running_loop().create_future()
        accepted = await self.accept(driver)
        if accepted.duplicate:
            return await self._known_outcome(accepted.run)
        await asyncio.wait([reply], timeout=timeout_s)
        return outcome(driver.row, driver.plan, driver.state)

    async def _wait_elsewhere(self, driver: Driver, timeout_s: float) -> Outcome:
        """Wait for a run that another process, or this one later, executes."""
        run_id = driver.row.id
        with self._around.bus.subscribe(owner=ANYONE, run_id=run_id) as heard:
            accepted = await self.accept(driver)
            if accepted.duplicate:
                return await self._known_outcome(accepted.run)
            await until_answered(heard, self._around.runs, driver.plan, run_id, timeout_s)
        history = await self._around.history(run_id, owner=ANYONE)
        return outcome(history.row, history.plan, history.state)

    def _leaves_to_others(self, plan: Plan) -> bool:
        """Whether a run accepted now is left in the store for another process, or for later."""
        foreign = bool(plan.missing_refs) and not self._around.store.exclusive
        limited = plan.limits is not None
        return limited or self._around.options.execute == "none" or foreign or self._around.executor.room <= 0

    async def accept(self, driver: Driver) -> Accepted:
        """Put a run on disk and start it, or leave it to whoever has room."""
        if driver.plan.limits is not None:
            return await self._accept_limited(driver, driver.plan.limits)
        backlog = self._leaves_to_others(driver.plan)
        row = driver.row
        try:
            if driver.plan.instant:
                # Nothing in it waits or leaves the process: it is over sooner than it could be handed on.
                await driver.drive()
            else:
                await driver.ledger.write(backlog=backlog)
        except Fenced:
            return Accepted(await self._known(row), duplicate=True)
        if driver.state.finished:
            if driver.row.owed:
                self._around.owe()
            return Accepted(driver.row)
        if backlog:
            await self._around.doorbell.ring(row.id, "accepted")
        else:
            self._around.executor.add(driver)
        return Accepted(driver.row)

    async def _accept_limited(self, driver: Driver, limits: Limits) -> Accepted:
        """Put a run on disk that starts when its turn has come; Limited when its workflow refuses one more."""
        row = driver.row
        known = await self._known_already(row)
        if known is not None:
            return Accepted(known, duplicate=True)
        scope = {"data": driver.state.trigger.data, "steps": {}, **run_scope(driver.plan, driver.state)}
        admission = await self._around.gate.admit(limits, row, scope)
        if admission.duplicate is not None:
            return Accepted(admission.duplicate, duplicate=True)
        row.limit_key = admission.limit_key
        try:
            await driver.ledger.write(backlog=True, due_at=admission.due_at)
        except Fenced:
            return Accepted(await self._known(row), duplicate=True)
        if admission.supersedes is not None:
            await self._around.supersede(admission.supersedes)
        if admission.due_at is None:
            await self._around.doorbell.ring(row.id, "accepted")
        self._around.poke(row.id)
        return Accepted(driver.row)

    async def _known_already(self, row: RunRow) -> RunRow | None:
        """A run that was accepted before, so that nothing is counted twice for it."""
        if row.dedupe_key is not None and await self._around.runs.by_key(row.workflow_id, row.dedupe_key) is not None:
            return await self._known(row)
        if row.scheduled_at is None:
            return None
        try:
            return await self._around.runs.get(row.id, owner=ANYONE)
        except NotFound:
            return None

    def new_row(
        self,
        plan: Plan,
        trigger: Trigger,
        run_id: str | None,
        key: str | None,
        payload_hash: str | None,
        scheduled_at: int | None,
    ) -> RunRow:
        """The row of a run that is about to be accepted; Invalid when its workflow's `inputs` do not allow the data."""
        if self._stopping:
            raise Unavailable("the server is stopping", hint="send it again in a moment")
        if plan.workflow.inputs is not None:
            trigger.data = fitting(trigger.data, plan.workflow.inputs)
        now = self._around.clock()
        workflow = plan.workflow
        run_id = run_id or new_id(now)
        if trigger.trace is None:
            trigger.trace = self._around.tracing.adopt(run_id)
        self._around.begun(workflow.owner_id)
        return RunRow(
            id=run_id,
            workflow_id=workflow.id,
            workflow_version=workflow.version,
            user_id=workflow.owner_id,
            status=RunStatus.QUEUED,
            seq=0,
            trigger=trigger.kind,
            created_at=now,
            deadline_at=now + workflow.timeout_ms if workflow.timeout_ms else None,
            owner=self._around.owner,
            dedupe_key=key,
            payload_hash=payload_hash,
            scheduled_at=scheduled_at,
        )

    def new_driver(self, plan: Plan, row: RunRow, begin: Begin) -> Driver:
        """The driver of a run that begins like this; nothing of it is on disk."""
        driver = Driver(self._around, plan, row)
        driver.feed(begin)
        return driver

    async def _known(self, row: RunRow) -> RunRow:
        """The run that was there before this one: with the same key, or with the same id."""
        known = None
        if row.dedupe_key is not None:
            known = await self._around.runs.by_key(row.workflow_id, row.dedupe_key)
        if known is None:
            return await self._around.runs.get(row.id, owner=ANYONE)
        if row.payload_hash is not None and known.payload_hash not in (None, row.payload_hash):
            raise KeyReused(hint="send a new key with a new payload")
        return known

    async def _known_outcome(self, row: RunRow) -> Outcome:
        if row.status not in FINISHED:
            raise Conflict(
                f"the run {row.id} with this idempotency key is still under way",
                code="run_in_progress",
                hint="ask again later, or look at the run",
            )
        history = await self._around.history(row.id, owner=ANYONE)
        return replace(outcome(row, history.plan, history.state), duplicate=True)


def outcome(row: RunRow, plan: Plan, state: RunState) -> Outcome:
    """What whoever waits for this run is told."""
    reply = None
    for step in plan.replying:
        known = state.steps[step.id]
        if known.status is StepStatus.SUCCESS:
            reply = known.output
            break
    data = View(plan, state).final() if row.status in FINISHED else None
    return Outcome(row, reply, data)
