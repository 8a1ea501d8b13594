"""The workflows a document names: those its steps call, and the one for its failures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from engine.checks.bodies import MAX_BODIES
from engine.errors import Problem
from engine.models.workflow import MAX_STEPS, Step, WorkflowDraft
from engine.registry import Registry


def mentioned_workflows(document: Any) -> set[str]:
    """Whatever any JSON value names as workflows, so that they can be looked up before it is checked.

    No more than a document may have: one with more steps is refused whatever they say.
    """
    if not isinstance(document, Mapping):
        return set()
    named = [document.get("onFailure"), *islice(_named_in(document.get("steps"), 0), MAX_STEPS)]
    return {one for one in named if isinstance(one, str) and one and _is_fixed(one)}


def _named_in(steps: Any, depth: int) -> Iterator[Any]:
    for step in steps if isinstance(steps, list) and depth <= MAX_BODIES else ():
        if isinstance(step, Mapping):
            params, body = step.get("params"), step.get("body")
            yield params.get("workflow") if isinstance(params, Mapping) else None
            if isinstance(body, Mapping):
                yield from _named_in(body.get("steps"), depth + 1)


def _is_fixed(named: str) -> bool:
    return "{{" not in named


def check_called(draft: WorkflowDraft, registry: Registry, known: Collection[str]) -> Iterator[Problem]:
    """Every workflow that is named must be there; ids a template makes are known only when the step runs."""
    if draft.on_failure is not None and draft.on_failure not in known:
        yield _unknown(draft.on_failure, None, "onFailure")
    yield from _in_steps(draft.steps, registry, known, "")


def _in_steps(steps: Iterable[Step], registry: Registry, known: Collection[str], place: str) -> Iterator[Problem]:
    for step in steps:
        definition, named = registry.get(step.ref), step.params.get("workflow")
        calls = definition is not None and definition.calls
        if calls and isinstance(named, str) and named and _is_fixed(named) and named not in known:
            yield _unknown(named, f"{place}{step.id}", "params.workflow")
        if step.body is not None:
            yield from _in_steps(step.body.steps, registry, known, f"{place}{step.id}/")


def _unknown(workflow_id: str, step_id: str | None, field: str) -> Problem:
    message = f"there is no workflow {workflow_id}"
    hint = "name the id of a workflow of this workspace; it has to be saved first"
    return Problem("unknown_workflow", message, step_id, field, hint=hint)
