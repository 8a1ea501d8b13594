"""The parts of a workflow: what does the work, what takes it back, and what comes last however it ended."""

from __future__ import annotations

from enum import StrEnum

from engine.checks.shape import targets_of
from engine.models.workflow import WorkflowDraft


class Part(StrEnum):
    """Which part of a run a step belongs to."""

    MAIN = "main"
    UNDO = "undo"
    FINALLY = "finally"


def parts_of(draft: WorkflowDraft) -> dict[str, Part]:
    """The part of each step: undo steps, those that `finally` leads to, and all others."""
    targets = targets_of(draft)
    parts = dict.fromkeys(targets, Part.MAIN)
    waiting = [step_id for step_id in draft.finally_ if step_id in targets]
    while waiting:
        step_id = waiting.pop()
        if parts[step_id] is not Part.FINALLY:
            parts[step_id] = Part.FINALLY
            waiting.extend(targets[step_id])
    for step in draft.steps:
        if step.undo in parts:
            parts[step.undo] = Part.UNDO
    return parts


def undone_by(draft: WorkflowDraft) -> dict[str, str]:
    """Of each undo step, the step it undoes."""
    return {step.undo: step.id for step in draft.steps if step.undo is not None}


def visible_before(draft: WorkflowDraft, ancestors: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """The steps each one sees the outputs of: an undo step what the undone one saw and its output, `finally` all."""
    parts, undone = parts_of(draft), undone_by(draft)
    if all(part is Part.MAIN for part in parts.values()):
        return ancestors
    ids = list(parts)
    seen = dict(ancestors)
    for step_id, part in parts.items():
        if part is Part.UNDO:
            seen[step_id] = _ordered(ids, {*ancestors.get(undone[step_id], ()), undone[step_id]})
        elif part is Part.FINALLY:
            main = {one for one in ids if parts[one] is Part.MAIN}
            seen[step_id] = _ordered(ids, main | set(ancestors[step_id]))
    return seen


def _ordered(ids: list[str], chosen: set[str]) -> tuple[str, ...]:
    return tuple(one for one in ids if one in chosen)
