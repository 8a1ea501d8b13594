"""What one step of a document would see and be given, without a run: for editors, while somebody types.

The document need not be whole: other steps' parameters and conditions play no part, and what is wrong with the step
itself is told beside what could be rendered all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from engine.checks.faults import faults_of, path_text
from engine.checks.reading import read
from engine.checks.words import worded
from engine.errors import Invalid, Problem
from engine.journal import SECRET_NAMES, mask
from engine.masking import MASK
from engine.models.run import Trigger, TriggerKind
from engine.models.workflow import Edge, Step, Workflow, WorkflowDraft
from engine.plan import Plan, PlanStep, compile_plan
from engine.plan import secret_names as secret_names_of
from engine.registry import Registry
from engine.render.compile import CompiledParams, survey_params
from engine.render.state import State
from engine.sdk import StepDefinition
from engine.state import RunState, StepState, StepStatus, new_state
from engine.visible import View, run_scope

NOT_SAVED: Final = "unsaved"
"""Stands for the id of a workflow that has none."""


@dataclass(slots=True, frozen=True)
class Scene:
    """A step with everything it would see; `problems` are those of its own texts."""

    plan: Plan
    step: PlanStep
    scope: dict[str, Any]
    problems: list[Problem]


@dataclass(slots=True, frozen=True)
class Preview:
    """The parameters as far as they can be rendered, secrets masked, and what is wrong with them."""

    params: Any
    problems: list[Problem]


def set_scene(
    document: Any,
    step_id: str,
    registry: Registry,
    *,
    seen: RunState | None,
    data: Mapping[str, Any],
    timeout_ms: int,
    secrets: Collection[str] = (),
    workspace_id: str = "",
) -> Scene:
    """The step as it would stand in a run like `seen`, or in one whose trigger brought this data.

    `secrets` are the names it may read; a mask stands for each value. `workspace_id` is whose step it is, by which it
    is held to the workspace's limits.

    Raises Invalid when the document has no such step, or is too broken to tell.
    """
    reading = read(document)
    if reading.draft is None:
        raise Invalid(problems=reading.problems, code="invalid_workflow")
    found = next((step for step in reading.draft.steps if step.id == step_id), None)
    if found is None:
        problem = Problem("unknown_step", f"the document has no step {step_id[:64]!r}", field="stepId")
        raise Invalid(problems=[problem], hint=f"steps: {', '.join(reading.ids[:50])}")
    definition = registry.get(found.ref)
    compiled, problems = survey_params(
        found.params,
        expressions=definition.expressions if definition else (),
        url_fields=definition.url_fields if definition else (),
    )
    plan = compile_plan(_skeleton(reading.draft, document, workspace_id), registry, timeout_ms=timeout_ms)
    names = () if plan.steps[step_id].is_trigger else secret_names_of(compiled)
    step = replace(plan.steps[step_id], step=found, params=compiled, reads_steps=True, secrets=names)
    masks = {name: MASK for name in names if name in secrets}
    own = [problem for problem in reading.problems if problem.step_id == step_id]
    told = own + [replace(problem, step_id=step_id) for problem in problems]
    scope = _scope(plan, step, seen, data)
    return Scene(plan, step, {**scope, "secrets": masks} if names else scope, told)


def preview(scene: Scene) -> Preview:
    """What the handler would be given."""
    step = scene.step
    if step.is_trigger:  # nothing renders those
        return Preview(mask(step.step.params), scene.problems)
    values, problems = _each_text(step.params, scene.scope)
    faults = [*scene.problems, *problems]
    if any(problem.code != "missing_name" for problem in faults):
        params = _put_in(step.step.params, "params", values)
    else:
        params = step.params.render(scene.scope)
        faults += _against_model(step.definition, params)
    return Preview(mask(params, secret_names(step)), [replace(problem, step_id=step.id) for problem in faults])


def secret_names(step: PlanStep) -> frozenset[str]:
    """The keys whose values are masked."""
    return SECRET_NAMES | step.definition.secret_fields if step.definition else SECRET_NAMES


def _skeleton(draft: WorkflowDraft, document: Any, workspace_id: str) -> Workflow:
    """The steps and where they lead, without anything that might not compile."""
    workflow_id, version = document.get("id"), document.get("version")
    return Workflow.model_construct(
        name=draft.name,
        entry_step_id=draft.entry_step_id,
        steps=[_bare(step) for step in draft.steps],
        id=workflow_id if isinstance(workflow_id, str) else NOT_SAVED,
        version=version if isinstance(version, int) else 0,
        owner_id=workspace_id,
        created_at=0,
        updated_at=0,
    )


def _bare(step: Step) -> Step:
    edges = [Edge(to=edge.to, label=edge.label) for edge in step.edges()]
    return step.model_copy(update={"params": {}, "next": edges})


def _scope(plan: Plan, step: PlanStep, seen: RunState | None, data: Mapping[str, Any]) -> dict[str, Any]:
    state = new_state(plan.steps, seen.run_id if seen else "preview")
    if seen is not None:
        state.trigger, state.started_at, state.parent_run_id = seen.trigger, seen.started_at, seen.parent_run_id
        state.steps.update((step_id, known) for step_id, known in seen.steps.items() if step_id in state.steps)
    else:
        state.trigger = Trigger(TriggerKind.MANUAL, dict(data))
        for other in plan.steps.values():
            if other.is_trigger:
                state.steps[other.id] = StepState(StepStatus.SUCCESS)
    view = View(plan, state)
    return {"data": view.data(step), "steps": view.outputs(step), **run_scope(plan, state)}


def _each_text(params: CompiledParams, scope: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The value of every text with templates by its field, and what is wrong with those that have none.

    All of them share what one step may spend.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    state = State(scope, None)
    for template in params.templates:
        missing: list[str] = []
        state.missing, state.frames = missing, []
        try:
            values[template.field] = template.evaluate(state)
        except Invalid as error:
            problems += error.problems
        problems += [
            Problem("missing_name", f"the name {name} is missing here", field=template.field) for name in missing
        ]
    return values, problems


def _put_in(value: Any, field: str, values: Mapping[str, Any]) -> Any:
    """The parameters with those texts replaced that have a value."""
    if isinstance(value, Mapping):
        return {key: _put_in(part, f"{field}.{key}", values) for key, part in value.items()}
    if isinstance(value, list):
        return [_put_in(part, f"{field}[{index}]", values) for index, part in enumerate(value)]
    return values.get(field, value) if isinstance(value, str) else value


def _against_model(definition: StepDefinition | None, params: Any) -> list[Problem]:
    """What the kind of step says to these parameters."""
    if definition is None or definition.params is None:
        return []
    try:
        definition.params.model_validate(params)
    except ValidationError as error:
        model = definition.params
        return [
            worded(fault, model, f"params.{path_text(fault.path)}".rstrip("."), None)
            for fault in faults_of(error, params)
        ]
    except Exception as error:  # a plugin's validator that raises something else
        return [Problem("bad_value", f"the params cannot be checked: {error}"[:1000], field="params")]
    return []
