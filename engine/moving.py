"""Moving a run to another version of its workflow, if what has happened in it fits there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final, Protocol

from engine.errors import Conflict, Fenced, Invalid, Problem
from engine.history import History
from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus
from engine.plan import Plan, PlanStep
from engine.plans import Plans
from engine.runner.ledger import Services
from engine.state import RunState, StepState, StepStatus
from engine.store import Commit, FeedItem, Owner

_SHAPE: Final = ("ref", "params", "next", "on_error", "join", "save_as", "stop_on_failure")
"""What a step that has an outcome stands for; its name, time limit and retries may change."""
_HELD: Final = frozenset({"approval", "signal", "timer", "children"})
"""Waits that were begun by what the step said then."""


class Around(Services, Protocol):
    """What moving needs of the engine around it."""

    plans: Plans

    async def history(self, run_id: str, *, owner: Owner) -> History:
        """A run with its plan, journal and folded state."""


class Moving:
    """Changes the version a run goes on with."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def move(self, run_id: str, *, owner: Owner, by: str | None, version: int | None) -> RunRow:
        """Check and commit; the run's row then. Conflict when it is under way, over, or of this version already."""
        history = await self._around.history(run_id, owner=owner)
        row = history.row
        if row.status in (RunStatus.SUCCESS, RunStatus.CANCELLED):
            raise Conflict(f"the run has finished already ({row.status.value})", code="already_finished")
        if row.owner is not None:
            raise Conflict("a step of the run is under way", code="run_in_progress", hint="move it while it waits")
        plan = await self._plan(row, version)
        if plan.workflow.version == row.workflow_version:
            raise Conflict(f"the run has version {row.workflow_version} already", code="same_version")
        problems = list(differences(history.plan, plan, history.state))
        if problems:
            raise Invalid(problems=problems, code="run_does_not_fit", hint="rerun it with the new version instead")
        return await self._commit(row, plan, by)

    async def _plan(self, row: RunRow, version: int | None) -> Plan:
        if version is None:
            return await self._around.plans.current(row.workflow_id)
        return await self._around.plans.version(row.workflow_id, version)

    async def _commit(self, row: RunRow, plan: Plan, by: str | None) -> RunRow:
        told = {"from": row.workflow_version, "to": plan.workflow.version, "by": by}
        event = Event(row.seq + 1, self._around.clock(), EventType.RUN_MOVED, None, None, told)
        moved = replace(row, seq=event.seq, workflow_version=plan.workflow.version)
        try:
            cursor = await self._around.runs.commit(Commit(moved, [event], row.seq, None))
        except Fenced:
            raise Conflict("somebody else was faster", code="already_moved_on") from None
        self._around.bus.publish(FeedItem(cursor, row.id, row.workflow_id, row.user_id, [event]))
        return moved


def differences(old: Plan, new: Plan, state: RunState) -> Iterator[Problem]:
    """Why a run in this state cannot go on with the new plan: each step that has begun must be there as it was."""
    for step in old.steps.values():
        known = state.steps[step.id]
        if _untouched(known):
            continue
        there = new.steps.get(step.id)
        if there is None:
            yield _differs(step, known, None, "the new version has no such step")
        elif there.step.ref != step.step.ref:
            yield _differs(step, known, "ref", f"it is {there.step.ref} in the new version, and was {step.step.ref}")
        elif _is_settled(step, known) or known.waits_for in _HELD:
            yield from _shape(step, there, known)
    for step_id in sorted(new.steps.keys() - old.steps.keys()):
        after = [other for other in old.steps if other in new.steps and step_id in new.steps[other].ancestors]
        done = [other for other in after if _is_settled(old.steps[other], state.steps[other])]
        if done and not _is_skipped(state.steps[done[0]]):
            yield Problem(
                "new_step_too_early",
                f"it is new and comes before {done[0]}, which has finished",
                step_id,
                hint="put it behind what has finished",
            )


def _untouched(known: StepState) -> bool:
    return known.attempt == 0 and known.status in (StepStatus.PENDING, StepStatus.CANCELLED)


def _is_skipped(known: StepState) -> bool:
    return known.status is StepStatus.SKIPPED


def _is_settled(step: PlanStep, known: StepState) -> bool:
    """Whether the step has the outcome it will keep; a failure that stopped the run is what is to be mended."""
    tolerated = not (step.step.stop_on_failure and step.step.on_error is None)
    settled = known.status in (StepStatus.SUCCESS, StepStatus.SKIPPED)
    return settled or (known.status is StepStatus.FAILED and tolerated)


def _shape(step: PlanStep, there: PlanStep, known: StepState) -> Iterator[Problem]:
    before = step.step.model_dump(mode="json", by_alias=True)
    after = there.step.model_dump(mode="json", by_alias=True)
    for name in _SHAPE:
        field = type(step.step).model_fields[name].alias or name
        if before[field] != after[field]:
            yield _differs(step, known, field, "it differs in the new version")


def _differs(step: PlanStep, known: StepState, field: str | None, message: str) -> Problem:
    return Problem("step_differs", f"{message}; the step is {known.status.value} in this run", step.id, field)
