"""Kinds of values that several families of steps take as parameters."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, StringConstraints

from engine.sdk import Context, Stop

Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
"""A CEL expression, compiled when the workflow is saved."""

WorkflowId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""The id of a workflow. That there is one is checked when the workflow that names it is saved, and at run time."""

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
"""A name a template can say: `{{name}}`."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=64)]
"""The name of a route, as written at an arrow."""


def as_text(value: Any) -> str:
    """How a value reads inside text: texts as they are, null as nothing, the rest as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return orjson.dumps(value).decode()


Text = Annotated[str, BeforeValidator(as_text)]
"""Text; a template that came to a number, an object or null is written out as it would be inside a text."""


def holds(ctx: Context, expression: str) -> bool:
    """Whether a condition is true; anything but true or false stops the step."""
    value = ctx.evaluate(expression)
    if not isinstance(value, bool):
        kind = "null" if value is None else f"a value of type {type(value).__name__}"
        raise Stop(f"the condition must come to true or false, not {kind}: {expression}", code="condition_not_boolean")
    return value
