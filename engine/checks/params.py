"""A step's parameters against its kind: as far as they are known before a run fills the templates in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from engine.checks.faults import Fault, faults_of, path_text, value_at
from engine.checks.lookups import Horizon, check_expression, check_template
from engine.checks.nearest import nearest
from engine.checks.words import worded
from engine.errors import Problem
from engine.models.workflow import Step
from engine.render.compile import survey_params
from engine.sdk import StepDefinition

_CERTAIN: Final = frozenset({"missing", "extra_forbidden", "too_long", "too_short"})
"""Errors that no rendering can mend, whatever templates stand inside the value."""


def check_params(step: Step, definition: StepDefinition | None, horizon: Horizon) -> Iterator[Problem]:
    """Templates, expressions, what they read, and the params model of this kind of step."""
    compiled, problems = survey_params(
        step.params,
        expressions=definition.expressions if definition else (),
        url_fields=definition.url_fields if definition else (),
    )
    for problem in problems:
        yield replace(problem, step_id=step.id)
    for template in compiled.templates:
        yield from check_template(template, step.id, horizon)
    for field, source in compiled.expressions:
        yield from check_expression(source, field, step.id, horizon)
    if definition is not None and definition.params is not None:
        verbatim = frozenset(field for field, _ in compiled.expressions)
        yield from _model(step, definition, definition.params, verbatim)


def check_labels(step: Step, definition: StepDefinition | None) -> Iterator[Problem]:
    """The labels of the arrows, where the kind of step says which routes there are."""
    if definition is None or definition.routes is None:
        return
    labelled = [(index, edge.label) for index, edge in enumerate(step.edges()) if edge.label is not None]
    try:
        routes = definition.routes(step.params)
    except Exception:  # a plugin's function over params that may be wrong, which is told elsewhere
        routes = tuple(label for _, label in labelled)
    for index, label in labelled:
        if label not in routes and not any(_has_template(route) for route in routes):
            yield Problem(
                "unknown_label",
                f"{step.ref} never chooses the route {label}",
                step.id,
                f"next[{index}].label",
                hint=nearest(label, routes),
            )


def _model(
    step: Step, definition: StepDefinition, model: type[BaseModel], verbatim: frozenset[str]
) -> Iterator[Problem]:
    rendered = definition.kind != "TRIGGER"  # nothing fills in what a trigger says
    try:
        model.model_validate(step.params)
    except ValidationError as error:
        for fault in faults_of(error, step.params):
            if not rendered or _is_certain(fault, step.params, verbatim):
                yield worded(fault, model, f"params.{path_text(fault.path)}".rstrip("."), step.id)
    except Exception as error:  # a plugin's validator that raises something else
        if not rendered or not _has_template(step.params):
            yield Problem("bad_value", f"the params cannot be checked: {error}", step.id, "params")


def _is_certain(fault: Fault, params: Mapping[str, Any], verbatim: frozenset[str]) -> bool:
    """Whether it would still be wrong once templates are filled in."""
    if fault.kind in _CERTAIN:
        return True
    field = f"params.{path_text(fault.path)}"
    if isinstance(fault.value, str):
        return field in verbatim or not _has_template(fault.value)
    if fault.mismatch:
        return True
    if fault.kind == "union_tag_invalid":
        name = str(fault.context.get("discriminator", "")).strip("'")
        return not _has_template(value_at(params, (*fault.path, name)))
    return not _has_template(fault.value)


def _has_template(value: Any) -> bool:
    if isinstance(value, str):
        return "{{" in value
    if isinstance(value, Mapping):
        return any(_has_template(part) for part in value.values())
    return isinstance(value, list | tuple) and any(_has_template(part) for part in value)
