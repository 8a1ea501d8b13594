"""What a workflow takes, held against what a run of it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import Invalid
from engine.forms import problems_with


def fitting(data: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the defaults of what is missing; Invalid, naming each field, when it does not fit."""
    fields = inputs.get("properties", {})
    defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
    given = {**defaults, **data}
    problems = problems_with(given, inputs)
    if problems:
        raise Invalid(problems=problems, code="invalid_inputs", hint="the workflow's `inputs` say what it takes")
    return given
