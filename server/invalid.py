"""What pydantic found wrong, in the words and paths of our own problems."""

from __future__ import annotations

import difflib
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from engine.checks.faults import faults_of
from engine.errors import Problem

_CODES: Final = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
}


def problems_of(error: ValidationError, model: type[BaseModel] | None = None, document: Any = None) -> list[Problem]:
    """Every problem at once; with the model, an unknown field names the nearest known one.

    With the document, fields are named as it names them, and of the forms a value may have the nearest one counts.
    """
    if document is not None:
        located = [
            {"type": fault.kind, "loc": fault.path, "msg": fault.message} for fault in faults_of(error, document)
        ]
        return [_problem(found, model) for found in located]
    return [_problem(dict(found), model) for found in error.errors(include_url=False, include_context=False)]


def _problem(found: dict[str, Any], model: type[BaseModel] | None) -> Problem:
    kind: str = found["type"]
    path: tuple[str | int, ...] = found["loc"]
    message: str = found["msg"]
    hint = None
    if kind == "missing":
        message = "is required"
    elif kind == "extra_forbidden":
        message = "is not a known field"
        hint = _nearest(str(path[-1]), model) if len(path) == 1 else None
    elif kind == "value_error":
        message = message.removeprefix("Value error, ")
    return Problem(_CODES.get(kind, kind), message, field=field_path(path) or None, hint=hint)


def field_path(path: tuple[str | int, ...]) -> str:
    """`("steps", 0, "params", "url")` as `steps[0].params.url`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _nearest(name: str, model: type[BaseModel] | None) -> str | None:
    known = [] if model is None else [field.alias or key for key, field in model.model_fields.items()]
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else None
