"""Pydantic's findings in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic_core.core_schema import ErrorType

from engine.checks.faults import Fault, known_names
from engine.checks.nearest import nearest
from engine.errors import Problem
from engine.models.workflow import Step
from engine.render.helpers.base import kind_of

_BUILT_IN: Final = frozenset(get_args(ErrorType))
_KINDS: Final = {
    "string": "a text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "an object",
    "model": "an object",
    "model_attributes": "an object",
    "none": "null",
}
_LIMITS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
    "multiple_of": ("a multiple of", "multiple_of"),
}
_LENGTHS: Final = {
    "string_too_short": ("has fewer than {} characters", "min_length"),
    "string_too_long": ("has more than {} characters", "max_length"),
    "too_short": ("has fewer than {} items", "min_length"),
    "too_long": ("has more than {} items", "max_length"),
}
_NAMES: Final = "letters, digits and _, not starting with a digit, at most 64"
_ID: Final = "letters, digits, - and _, starting with a letter or digit, at most 64"


def worded(fault: Fault, model: type[BaseModel], field: str, step_id: str | None) -> Problem:
    """The problem a fault stands for."""
    code, message, hint = _told(fault, model)
    return Problem(code, message, step_id=step_id, field=field, hint=hint)


def _told(fault: Fault, model: type[BaseModel]) -> tuple[str, str, str | None]:
    name = str(fault.path[-1]) if fault.path else "the document"
    context = fault.context
    if fault.kind == "missing":
        return "missing_field", f"{name} is missing", None
    if fault.kind == "extra_forbidden":
        return "unknown_field", f"there is no field {name}", nearest(name, known_names(model, fault.loc))
    wanted = _wanted(fault)
    if wanted:
        return "wrong_type", f"should be {wanted}, not {_shown(fault.value)}", None
    if fault.kind in ("literal_error", "enum"):
        expected = str(context.get("expected")).replace("True", "true").replace("False", "false")
        choices = re.findall(r"'([^']*)'", expected)
        return "bad_value", f"should be {expected}, not {_shown(fault.value)}", _choice(fault, choices)
    if fault.kind in _LIMITS:
        words, key = _LIMITS[fault.kind]
        return "bad_value", f"should be {words} {context.get(key)}, not {_shown(fault.value)}", None
    if fault.kind in _LENGTHS:
        words, key = _LENGTHS[fault.kind]
        if context.get(key) == 1:
            return "bad_value", "is empty", None
        return "bad_value", words.replace("{}", str(context.get(key))), None
    if fault.kind == "string_pattern_mismatch":
        return "bad_value", f"{_shown(fault.value)} is not a name of the right form", _form(fault, model)
    if fault.kind not in _BUILT_IN:
        return fault.kind, fault.message, None
    return "bad_value", re.sub(r"^(?:Value error|Assertion failed), ", "", fault.message), None


def _wanted(fault: Fault) -> str | None:
    """The types that would do, when the type is what is wrong."""
    if not any(kind.endswith(("_type", "_parsing")) for kind in fault.kinds):
        return None
    names = (re.sub(r"_(?:type|parsing|from_float)$", "", kind) for kind in fault.kinds)
    wanted = list(dict.fromkeys(_KINDS[name] for name in names if name in _KINDS))
    return " or ".join(wanted) or None


def _choice(fault: Fault, choices: list[str]) -> str | None:
    return nearest(fault.value, choices, listed=False) if isinstance(fault.value, str) else None


def _form(fault: Fault, model: type[BaseModel]) -> str:
    pattern = str(fault.context.get("pattern"))
    if pattern == _pattern_of(Step, "id"):
        return _ID
    return _NAMES if pattern == _pattern_of(Step, "save_as") else f"it has to match {pattern}"


def _pattern_of(model: type[BaseModel], field: str) -> str | None:
    for item in model.model_fields[field].metadata:
        pattern = getattr(item, "pattern", None)
        if pattern is not None:
            return str(pattern)
    return None


def _shown(value: Any) -> str:
    """A short value as it is, a long one by its kind."""
    if isinstance(value, str) and len(value) <= 40:
        return f'"{value}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return kind_of(dict(value)) if isinstance(value, Mapping) else kind_of(value)
