"""A quick yes to most values that fit a form.

Looking for faults walks the schema with its value, which for a small webhook took longer than checking its signature.
Here the walk is made once for each schema, and what it leaves behind knows nothing but yes: whoever hears no asks
`engine.forms.problems_with`, which decides, and says what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from engine.forms import problems_with

Fits = Callable[[Any], bool]

_ASKS_MORE: Final = ("enum", "const")


def quick_check(schema: Mapping[str, Any]) -> Fits:
    """Whether a value certainly fits this schema, which `check_form` has found good."""
    kind = None if any(name in schema for name in _ASKS_MORE) else schema.get("type")
    if kind == "object":
        return _object(schema)
    if kind == "string":
        return _string(schema)
    return lambda value: not problems_with(value, schema)


def _string(schema: Mapping[str, Any]) -> Fits:
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    if high is None:
        return lambda value: type(value) is str and len(value) >= low
    return lambda value: type(value) is str and low <= len(value) <= high


def _object(schema: Mapping[str, Any]) -> Fits:
    required = tuple(schema.get("required", ()))
    parts = {name: quick_check(part) for name, part in schema.get("properties", {}).items()}
    closed = schema.get("additionalProperties") is False

    def fits(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for name in required:
            if name not in value:
                return False
        for name, part in value.items():
            check = parts.get(name)
            if closed if check is None else not check(part):
                return False
        return True

    return fits
