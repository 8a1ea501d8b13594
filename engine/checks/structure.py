"""Steps and arrows: does every id exist once, does every arrow lead somewhere, can every step be reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from engine.checks.apart import check_parts
from engine.checks.joins import check_joins
from engine.checks.nearest import nearest
from engine.checks.shape import cycle_in, entry_steps, reachable, targets_of
from engine.errors import Problem
from engine.models.workflow import Edge, Step, StepType, WorkflowDraft

_MOST_CYCLES: Final = 10


def check_structure(draft: WorkflowDraft) -> Iterator[Problem]:
    """Everything about steps and arrows."""
    yield from _duplicates(draft)
    known = {step.id: step for step in draft.steps}
    if draft.entry_step_id is not None and draft.entry_step_id not in known:
        yield _unknown(draft.entry_step_id, known, "entryStepId", None)
    for step in draft.steps:
        yield from _arrows(step, known)
    yield from _cycles(draft)
    yield from _unreachable(draft)
    yield from check_joins(draft)
    yield from check_parts(draft)


def acyclic(draft: WorkflowDraft) -> bool:
    """Whether the arrows are in order, as far as ids are known."""
    return cycle_in(targets_of(draft)) is None


def _duplicates(draft: WorkflowDraft) -> Iterator[Problem]:
    counts = Counter(step.id for step in draft.steps)
    for step_id, count in counts.items():
        if count > 1:
            yield Problem(
                "duplicate_step", f"{count} steps have the id {step_id}", step_id, "id", hint="rename all but one"
            )


def _arrows(step: Step, known: dict[str, Step]) -> Iterator[Problem]:
    single = isinstance(step.next, str)
    edges = step.edges()
    for index, edge in enumerate(edges):
        field = "next" if single else f"next[{index}]"
        yield from _target(step, edge.to, field, known)
        yield from _conditions(step, edge, field)
        if edge in edges[:index]:
            yield Problem(
                "duplicate_arrow", f"a second arrow like this to {edge.to}", step.id, field, hint="remove one"
            )
    if sum(edge.otherwise is True for edge in edges) > 1:
        yield Problem(
            "several_otherwise",
            "more than one arrow with `otherwise`",
            step.id,
            "next",
            hint="use one arrow, and fork after it",
        )
    if step.on_error is not None:
        yield from _target(step, step.on_error, "onError", known)


def _target(step: Step, to: str, field: str, known: dict[str, Step]) -> Iterator[Problem]:
    if to not in known:
        yield _unknown(to, known, field, step.id)
    elif to == step.id:
        yield Problem(
            "self_arrow", "the arrow leads back to its own step", step.id, field, hint="a retry repeats a step"
        )
    elif known[to].type is StepType.TRIGGER:
        yield Problem(
            "arrow_into_trigger",
            f"the arrow leads into the trigger {to}",
            step.id,
            field,
            hint="triggers start runs; lead the arrow to the step after it",
        )


def _conditions(step: Step, edge: Edge, field: str) -> Iterator[Problem]:
    given = [name for name in ("when", "label", "otherwise") if getattr(edge, name) is not None]
    if len(given) > 1:
        yield Problem(
            "arrow_conflict",
            f"an arrow has {' and '.join(given)}, but it can have one of them only",
            step.id,
            field,
            hint="draw one arrow for each",
        )


def _unknown(step_id: str, known: dict[str, Step], field: str, owner: str | None) -> Problem:
    return Problem("unknown_step", f"there is no step {step_id}", owner, field, hint=nearest(step_id, known))


def _cycles(draft: WorkflowDraft) -> Iterator[Problem]:
    targets = {source: tuple(to for to in found if to != source) for source, found in targets_of(draft).items()}
    for _ in range(_MOST_CYCLES):
        cycle = cycle_in(targets)
        if cycle is None:
            return
        yield Problem(
            "cycle",
            f"the arrows go round in a circle: {_told(cycle)}",
            cycle[-2],
            "next",
            hint="a workflow goes forward; take one of these arrows away",
        )
        targets[cycle[-2]] = tuple(to for to in targets[cycle[-2]] if to != cycle[-1])


def _told(cycle: list[str]) -> str:
    shown = cycle if len(cycle) <= 12 else [*cycle[:10], "…", cycle[-1]]
    return " → ".join(shown)


def _unreachable(draft: WorkflowDraft) -> Iterator[Problem]:
    found = reachable(draft)
    if not found:
        return
    for step in draft.steps:
        if step.id not in found:
            yield Problem(
                "unreachable_step",
                "no run can come to this step",
                step.id,
                hint=f"lead an arrow to it; runs start at {', '.join(entry_steps(draft))}",
            )
