"""What a workflow takes and gives: its `inputs` and `outputs`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from engine.checks.lookups import Horizon, check_expression
from engine.errors import Problem
from engine.forms import check_form
from engine.models.workflow import StepType, WorkflowDraft

_CRON_REF: Final = "schedule.cron"


def check_interface(draft: WorkflowDraft) -> Iterator[Problem]:
    """Whether `inputs` is a schema data can be held against, and `outputs` can be worked out."""
    known = [step.id for step in draft.steps]
    for name, source in (draft.outputs or {}).items():
        for problem in check_expression(source, f"outputs.{name}", "", Horizon(known, None)):
            yield replace(problem, step_id=None)
    if draft.inputs is None:
        return
    try:
        check_form(draft.inputs)
    except ValueError as error:
        hint = "write an object with `type: object`, `properties` and `required`"
        yield Problem("bad_inputs", f"inputs: {error}", field="inputs", hint=hint)
        return
    fields = draft.inputs.get("properties", {})
    missing = [name for name in draft.inputs.get("required", []) if "default" not in fields.get(name, {})]
    scheduled = draft.schedule_cron is not None or any(
        step.ref == _CRON_REF and step.type is StepType.TRIGGER for step in draft.steps
    )
    if missing and scheduled:
        message = f"a schedule brings no data, and {', '.join(missing)} must be given"
        yield Problem("inputs_without_default", message, field="inputs", hint="give each a `default`")
