"""Undo steps and the part after `finally`: apart from the work, and led to by nothing in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from engine.checks.nearest import nearest
from engine.checks.parts import Part, parts_of
from engine.errors import Problem
from engine.models.workflow import Step, StepType, WorkflowDraft


def check_parts(draft: WorkflowDraft) -> Iterator[Problem]:
    """Everything about `undo` and `finally`."""
    if not draft.finally_ and not any(step.undo for step in draft.steps):
        return
    known = {step.id: step for step in draft.steps}
    parts = parts_of(draft)
    yield from _finally(draft, known)
    uses = Counter(step.undo for step in draft.steps if step.undo is not None)
    for step in draft.steps:
        if step.undo is not None:
            yield from _undo(step, known, parts, uses[step.undo])
        yield from _arrows(step, parts)


def _finally(draft: WorkflowDraft, known: dict[str, Step]) -> Iterator[Problem]:
    for index, step_id in enumerate(draft.finally_):
        field = f"finally[{index}]"
        if step_id not in known:
            yield Problem(
                "unknown_step", f"there is no step {step_id}", field=field, hint=nearest(step_id, list(known))
            )
        elif known[step_id].type is StepType.TRIGGER or step_id == draft.entry_step_id:
            yield Problem(
                "finally_starts_runs",
                f"{step_id} starts runs, so it cannot come at their end",
                field=field,
                hint="name a step that works",
            )
        elif step_id in draft.finally_[:index]:
            yield Problem("duplicate_step", f"{step_id} is named twice", field=field, hint="name it once")


def _undo(step: Step, known: dict[str, Step], parts: dict[str, Part], uses: int) -> Iterator[Problem]:
    undo = step.undo or ""
    if undo not in known:
        hint = nearest(undo, list(known))
        yield Problem("unknown_step", f"there is no step {undo}", step.id, "undo", hint=hint)
        return
    wrong: tuple[str, str] | None = None
    other = known[undo]
    if parts[step.id] is not Part.MAIN:
        wrong = ("an undo step or one after `finally` cannot itself be undone", "take this undo away")
    elif step.type is StepType.TRIGGER:
        wrong = ("a trigger does nothing that could be undone", "name the undo of a step that works")
    elif other.type is StepType.TRIGGER:
        wrong = (f"{undo} starts runs, so it undoes nothing", "name a step that works")
    elif uses > 1:
        wrong = (f"{undo} undoes several steps, but it can run once only", "give each step an undo of its own")
    elif other.edges() or other.on_error:
        wrong = (f"arrows lead on from {undo}, but undo steps run one by one", "take the arrows away")
    if wrong is not None:
        yield Problem("bad_undo", wrong[0], step.id, "undo", hint=wrong[1])


def _arrows(step: Step, parts: dict[str, Part]) -> Iterator[Problem]:
    single = isinstance(step.next, str)
    fields = [(edge.to, "next" if single else f"next[{index}]") for index, edge in enumerate(step.edges())]
    fields += [(step.on_error, "onError")] if step.on_error else []
    for to, field in fields:
        part = parts.get(to, Part.MAIN)
        if part is Part.UNDO:
            yield Problem(
                "arrow_into_undo",
                f"an arrow leads to {to}, which undoes a step",
                step.id,
                field,
                hint="an undo step is reached by nothing else; take the arrow away, or use another step",
            )
        elif part is Part.FINALLY and parts[step.id] is not Part.FINALLY:
            yield Problem(
                "arrow_into_finally",
                f"an arrow leads to {to}, which comes after everything else (`finally`)",
                step.id,
                field,
                hint="take the arrow away: the step starts by itself at the end",
            )
