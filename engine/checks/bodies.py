"""Steps inside of steps: whether a step may have a body, and what its steps may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from engine.errors import Problem
from engine.models.workflow import MAX_STEPS, Body, Step, StepType, WorkflowDraft
from engine.sdk import StepDefinition

MAX_BODIES: Final = 4
"""How deep loops may lie inside of loops."""


def draft_of(body: Body) -> WorkflowDraft:
    """The steps of a body as a workflow of their own, to be checked like one."""
    return WorkflowDraft.model_construct(name="body", steps=body.steps, entry_step_id=body.entry_step_id)


def within(step_id: str, problem: Problem) -> Problem:
    """A problem of a body as one of the workflow around it: its step is `each/charge`."""
    if problem.step_id is None:
        return replace(problem, step_id=step_id, field=f"body.{problem.field}" if problem.field else "body")
    return replace(problem, step_id=f"{step_id}/{problem.step_id}")


def check_ids(draft: WorkflowDraft) -> Iterator[Problem]:
    """Ids are unique in the whole document; those of one level are checked with its arrows."""
    found = list(_all(draft.steps, ""))
    if len(found) > MAX_STEPS:
        message = f"{len(found):,} steps, those inside of steps included; {MAX_STEPS:,} are allowed"
        yield Problem("too_many_steps", message, field="steps", hint="call workflows of their own with flow.call")
    counts = Counter(step_id for _, step_id in found)
    places: dict[str, set[str]] = {}
    for place, step_id in found:
        places.setdefault(step_id, set()).add(place)
    seen: set[str] = set()
    for place, step_id in found:
        if counts[step_id] > 1 and len(places[step_id]) > 1 and step_id in seen:
            message = f"another step of this workflow has the id {step_id}, too"
            yield Problem("duplicate_step", message, f"{place}{step_id}", "id", hint="rename one of them")
        seen.add(step_id)


def _all(steps: Iterable[Step], place: str) -> Iterator[tuple[str, str]]:
    for step in steps:
        yield place, step.id
        if step.body is not None:
            yield from _all(step.body.steps, f"{place}{step.id}/")


def too_deep(step: Step) -> Problem:
    """A loop inside of too many others."""
    message = f"loops lie inside of loops more than {MAX_BODIES} deep"
    return Problem("body_too_deep", message, step.id, "body", hint="call a workflow of its own with flow.call")


def check_body(step: Step, definition: StepDefinition | None, *, whole: bool) -> Iterator[Problem]:
    """Whether the step may have a body, has something to run, and has only steps in it that can be there."""
    if definition is None:
        return
    named = "workflow" in step.params
    if step.body is None:
        if definition.takes_body and not named and whole:
            hint = "give it a `body` with steps, or name a `workflow` in its params"
            yield Problem("nothing_to_run", f"{step.ref} has nothing to run", step.id, "body", hint=hint)
        return
    if not definition.takes_body:
        hint = "flow.foreach and flow.repeat have one; lead an arrow to the steps instead"
        yield Problem("body_not_allowed", f"{step.ref} has no body", step.id, "body", hint=hint)
    elif named:
        message = "the step has a body and names a workflow"
        yield Problem("body_and_workflow", message, step.id, "params.workflow", hint="keep one of them")
    for inner in step.body.steps:
        if inner.type is StepType.TRIGGER:
            message = "a body has no triggers: each round starts it"
            yield Problem("trigger_in_body", message, f"{step.id}/{inner.id}", "type", hint="take the step away")
