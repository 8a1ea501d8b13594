"""Whether a workflow holds together, and what its arrows say.

`validate` finds every problem of a document at once, each with a stable code, the step and the field, and what to do
about it. docs/problems.md lists the codes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from engine.checks.bodies import MAX_BODIES, check_body, check_ids, draft_of, too_deep, within
from engine.checks.called import check_called
from engine.checks.interface import check_interface
from engine.checks.lookups import Horizon, check_condition
from engine.checks.nearest import nearest
from engine.checks.params import check_labels, check_params
from engine.checks.parts import visible_before
from engine.checks.reading import read
from engine.checks.schedules import check_schedules
from engine.checks.shape import ancestors, entry_steps, find_cycle
from engine.checks.structure import acyclic, check_structure
from engine.checks.windows import check_windows
from engine.errors import Problem
from engine.limits.rules import check_limits
from engine.models.workflow import Step, StepType, WorkflowDraft
from engine.registry import Registry

__all__ = ["ancestors", "check_draft", "entry_steps", "find_cycle", "validate"]

_WEBHOOK: Final = "http.webhook"


Secrets = Mapping[str, tuple[str, ...]]
"""A tenant's secrets: names, and the hosts each is bound to."""


def validate(
    document: Any, registry: Registry, *, secrets: Secrets | None = None, workflows: Collection[str] | None = None
) -> tuple[WorkflowDraft | None, list[Problem]]:
    """The draft a document holds, and everything wrong with it; no draft when anything is.

    Takes any JSON value. Of a fetched workflow the read-only fields are ignored. Without `secrets` any name of one is
    taken for known; so is any workflow that is named, without `workflows`, the ids there are.
    """
    reading = read(document)
    problems = list(reading.problems)
    if reading.draft is not None:
        problems += _check(reading.draft, registry, secrets, whole=reading.whole)
        if workflows is not None:
            problems += check_called(reading.draft, registry, workflows)
        problems = _in_order(problems, reading.ids)
    return (reading.draft if not problems else None), problems


def check_draft(draft: WorkflowDraft, registry: Registry) -> list[Problem]:
    """Everything wrong with a draft that is one already, in the order of its steps."""
    return _in_order(list(_check(draft, registry, None, whole=True)), [step.id for step in draft.steps])


def _check(
    draft: WorkflowDraft, registry: Registry, secrets: Secrets | None, *, whole: bool, depth: int = 0
) -> Iterator[Problem]:
    """`whole` is false when steps or arrows had to be left out, so that nothing is said about what leads where."""
    if depth == 0:
        yield from check_ids(draft)
    yield from check_schedules(draft)
    yield from _webhooks(draft)
    yield from check_interface(draft)
    yield from check_limits(draft)
    if whole:
        yield from check_structure(draft)
    ordered = whole and acyclic(draft) and len({step.id for step in draft.steps}) == len(draft.steps)
    before = visible_before(draft, ancestors(draft)) if ordered else None
    if ordered:
        yield from check_windows(draft, registry)
    known = [step.id for step in draft.steps]
    for step in draft.steps:
        horizon = Horizon(known if whole else None, before[step.id] if before else None, secrets=secrets)
        yield from _step(step, registry, horizon)
        yield from check_body(step, registry.get(step.ref), whole=whole)
        if step.body is not None and depth < MAX_BODIES:
            inner = _check(draft_of(step.body), registry, secrets, whole=whole, depth=depth + 1)
            yield from (within(step.id, problem) for problem in inner)
        elif step.body is not None:
            yield too_deep(step)


def _step(step: Step, registry: Registry, horizon: Horizon) -> Iterator[Problem]:
    definition = registry.get(step.ref)
    if definition is None:
        yield _unknown_ref(step, registry)
    elif definition.kind != step.type.value:
        yield _wrong_type(step, definition.kind)
    names = definition.names if definition is not None else ()
    bound = definition is None or definition.checks_hosts or definition.kind == "TRIGGER"
    yield from check_params(step, definition, replace(horizon, names=names, bound=bound))
    yield from check_labels(step, definition)
    after = replace(horizon, before=None if horizon.before is None else (*horizon.before, step.id))
    for index, edge in enumerate(step.edges()):
        if edge.when is not None:
            yield from check_condition(edge.when, f"next[{index}].when", step.id, after)


def _unknown_ref(step: Step, registry: Registry) -> Problem:
    hint = nearest(step.ref, [d.ref for d in registry.all()], listed=False)
    return Problem(
        "unknown_ref",
        f"there is no kind of step called {step.ref}",
        step.id,
        "ref",
        hint=hint or "GET /api/steps lists them; a plugin may be missing",
    )


def _wrong_type(step: Step, kind: str) -> Problem:
    if kind == "TRIGGER":
        message = f"{step.ref} starts runs, so it is no ACTION"
    else:
        message = f"{step.ref} works in runs, so it is no TRIGGER"
    return Problem("wrong_step_type", message, step.id, "type", hint=f"write type: {kind}")


def _webhooks(draft: WorkflowDraft) -> Iterator[Problem]:
    hooks = [step for step in draft.steps if step.ref == _WEBHOOK and step.type is StepType.TRIGGER]
    for extra in hooks[1:]:
        yield Problem(
            "several_webhooks",
            f"a workflow has one webhook, and {hooks[0].id} is it already",
            extra.id,
            "ref",
            hint="lead both ways on from one trigger, or make a second workflow",
        )


def _in_order(problems: list[Problem], ids: list[str]) -> list[Problem]:
    """Those of the whole document first, then step by step."""
    place = {step_id: index for index, step_id in enumerate(ids)}
    return sorted(problems, key=lambda p: -1 if p.step_id is None else place.get(p.step_id.split("/")[0], len(place)))
