"""What a step sees: the trigger's data merged with the outputs of its finished ancestors, and those outputs by step.

Outputs merge in definition order, so parallel branches give the same data whichever finishes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.conditions import Condition
from engine.errors import Invalid
from engine.plan import Plan, PlanStep
from engine.state import RunState, StepState, StepStatus


class View:
    """Builds the data of one run's steps, remembering what chains of steps share.

    The dictionaries it returns are shared: read them, never change them.
    """

    def __init__(self, plan: Plan, state: RunState) -> None:
        self._plan = plan
        self._state = state
        self._data: dict[str, Mapping[str, Any]] = {}
        self._steps: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        """Drop what is remembered, after steps were opened again."""
        self._data.clear()
        self._steps.clear()

    def data(self, step: PlanStep) -> Mapping[str, Any]:
        """`data` as this step sees it."""
        known = self._data.get(step.id)
        if known is None:
            known = self._data[step.id] = self._merge(step)
        return known

    def _merge(self, step: PlanStep) -> Mapping[str, Any]:
        states = self._state.steps
        if step.chain_parent is not None:
            parent = self._plan.steps[step.chain_parent]
            base = self._data.get(parent.id)
            if base is not None:
                added = contribution(parent, states[parent.id])
                return {**base, **added} if added else base
        merged = dict(self._state.trigger.data)
        for ancestor in step.ancestors:
            merged.update(contribution(self._plan.steps[ancestor], states[ancestor]))
        return merged

    def outputs(self, step: PlanStep) -> dict[str, Any]:
        """`steps` as this step sees it: output of every settled ancestor, or its error."""
        states = self._state.steps
        if step.chain_parent is not None and step.chain_parent in self._steps:
            found = dict(self._steps[step.chain_parent])
            _put(found, self._plan.steps[step.chain_parent], states[step.chain_parent], self._state)
        else:
            found = {}
            for ancestor in step.ancestors:
                _put(found, self._plan.steps[ancestor], states[ancestor], self._state)
        self._steps[step.id] = found
        return found

    def final(self) -> dict[str, Any]:
        """The data a finished run ends with: everything merged."""
        return {**self._state.trigger.data, **self.added()}

    def added(self) -> dict[str, Any]:
        """The same without what the run began with."""
        merged: dict[str, Any] = {}
        for step in self._plan.steps.values():
            merged.update(contribution(step, self._state.steps[step.id]))
        return merged

    def result(self) -> dict[str, Any]:
        """What a run gives to whoever called it: what its workflow's `outputs` say, else everything."""
        data = self.final()
        if not self._plan.outputs:
            return data
        found: dict[str, Any] = {}
        for step in self._plan.steps.values():
            _put(found, step, self._state.steps[step.id], self._state)
        scope = {"data": data, "steps": found, **run_scope(self._plan, self._state)}
        return {name: _worked_out(name, expression, scope) for name, expression in self._plan.outputs.items()}


def _worked_out(name: str, expression: Condition, scope: Mapping[str, Any]) -> Any:
    try:
        return expression.value(scope)
    except Invalid as error:
        raise Invalid(f"outputs.{name}: {error.message}", code="outputs_failed", hint=error.hint) from None


def run_scope(plan: Plan, state: RunState) -> dict[str, Any]:
    """The roots of templates and conditions that are the same for every step of a run."""
    workflow = plan.workflow
    trigger = state.trigger
    ending = state.ending or {}
    return {
        "trigger": {"kind": trigger.kind.value, "stepId": trigger.step_id, "data": trigger.data, **trigger.meta},
        "run": {
            "id": state.run_id,
            "startedAt": state.started_at,
            "parentRunId": state.parent_run_id,
            "status": ending.get("as", "running"),
            "error": ending.get("error"),
        },
        "workflow": {"id": workflow.id, "name": workflow.name, "version": workflow.version},
    }


def contribution(step: PlanStep, state: StepState) -> Mapping[str, Any]:
    """What a step adds to `data`; nothing for triggers, replies and outputs that are not objects."""
    if step.silent or state.status is not StepStatus.SUCCESS:
        return {}
    if step.step.save_as is not None:
        return {step.step.save_as: state.output}
    return state.output if isinstance(state.output, dict) else {}


def _put(found: dict[str, Any], step: PlanStep, state: StepState, run: RunState) -> None:
    if state.status is StepStatus.SUCCESS:
        found[step.id] = run.trigger.data if step.is_trigger else state.output
    elif state.status is StepStatus.FAILED:
        found[step.id] = {"error": state.error}
