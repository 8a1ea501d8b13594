"""Waits that end with another step: the step must be there, and must not wait for them in turn."""

from __future__ import annotations

from collections.abc import Iterator

from engine.checks.nearest import nearest
from engine.checks.parts import Part, parts_of
from engine.checks.shape import ancestors
from engine.errors import Problem
from engine.models.workflow import Step, WorkflowDraft
from engine.registry import Registry
from engine.sdk import StepDefinition

_FIELD = "params.untilStep"


def until_step(step: Step, definition: StepDefinition | None) -> str | None:
    """The step whose end also ends what this one waits for."""
    return definition.until_step(step.params) if definition is not None and definition.until_step is not None else None


def check_windows(draft: WorkflowDraft, registry: Registry) -> Iterator[Problem]:
    """Everything about such waits, in a draft whose arrows are in order."""
    named = [(step, until) for step in draft.steps if (until := until_step(step, registry.get(step.ref))) is not None]
    if not named:
        return
    parts, before = parts_of(draft), ancestors(draft)
    for step, until in named:
        if until not in parts:
            hint = nearest(until, list(parts))
            yield Problem("unknown_step", f"there is no step {until}", step.id, _FIELD, hint=hint)
        elif parts[step.id] is not Part.MAIN or parts[until] is not Part.MAIN:
            message = "undo steps and those after `finally` run one after another, so none ends the wait of another"
            yield Problem("bad_window", message, step.id, _FIELD, hint="give it a timeout instead")
        elif until == step.id or step.id in before[until]:
            message = f"{until} comes after this step, so it cannot end before the wait does"
            yield Problem("bad_window", message, step.id, _FIELD, hint="name a step that runs beside this one")
