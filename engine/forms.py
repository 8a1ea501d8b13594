"""Forms: the part of JSON Schema that people can be asked by, and whether an answer fits.

Bounded on purpose: no references, no combinations, and no patterns, since a regular expression that somebody else wrote
can hold a process for ever. A schema with anything else is refused when the workflow is saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from engine.errors import Problem

MAX_DEPTH: Final = 10
MAX_FIELDS: Final = 100

_WORDS: Final = frozenset({"$schema", "$comment", "title", "description", "default", "examples", "format", "readOnly"})
_NUMBERS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems")
_KNOWN: Final = (
    _WORDS
    | {*_NUMBERS, *_COUNTS}
    | {
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "items",
    }
)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and value == int(value),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def check_form(schema: Any) -> None:
    """ValueError, saying what and where, unless the schema is one that answers can be checked by."""
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise ValueError('a form describes an object: begin with "type": "object"')
    _check(schema, "", MAX_DEPTH)


def _check(schema: Any, at: str, depth: int) -> None:
    where = f" at {at}" if at else ""
    if not isinstance(schema, dict):
        raise ValueError(f"a schema is an object{where}")
    if depth == 0:
        raise ValueError(f"the form is nested too deeply{where}")
    unknown = [name for name in schema if name not in _KNOWN]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not understood in forms{where}")
    types = _types(schema)
    if any(not isinstance(name, str) or name not in _TYPES for name in types):
        raise ValueError(f"type is one of {', '.join(_TYPES)}{where}")
    if not isinstance(schema.get("enum", []), list) or schema.get("enum") == []:
        raise ValueError(f"enum lists the values there are{where}")
    for name in _NUMBERS:
        if not _is_number(schema.get(name, 0)):
            raise ValueError(f"{name} is a number{where}")
    for name in _COUNTS:
        count = schema.get(name, 0)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise ValueError(f"{name} is a whole number{where}")
    _check_parts(schema, at, depth, where)


def _check_parts(schema: Mapping[str, Any], at: str, depth: int, where: str) -> None:
    fields = schema.get("properties", {})
    if not isinstance(fields, dict) or len(fields) > MAX_FIELDS:
        raise ValueError(f"properties is an object of at most {MAX_FIELDS} fields{where}")
    required = schema.get("required", [])
    if not isinstance(required, list) or any(not isinstance(name, str) for name in required):
        raise ValueError(f"required lists names{where}")
    if not isinstance(schema.get("additionalProperties", True), bool):
        raise ValueError(f"additionalProperties is true or false{where}")
    for name, part in fields.items():
        _check(part, f"{at}.{name}" if at else name, depth - 1)
    if "items" in schema:
        _check(schema["items"], f"{at}[]", depth - 1)


def problems_with(value: Any, schema: Mapping[str, Any], at: str = "data") -> list[Problem]:
    """Everything about an answer that does not fit its form; fields are paths below `at`."""
    return list(_faults(value, schema, at))


def _faults(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[Problem]:
    types = _types(schema)
    if types and not any(_TYPES[name](value) for name in types):
        yield Problem("wrong_type", f"this must be {' or '.join(types)}", field=at)
        return
    if "enum" in schema and value not in schema["enum"]:
        listed = ", ".join(str(option) for option in schema["enum"][:20])
        yield Problem("not_a_choice", "this is not one of the choices", field=at, hint=f"choose one of {listed}")
    if "const" in schema and value != schema["const"]:
        yield Problem("not_a_choice", f"this must be {schema['const']}", field=at)
    if _is_number(value):
        yield from _out_of_bounds(value, schema, at)
    elif isinstance(value, str):
        yield from _wrong_count(len(value), schema, "Length", "characters", at)
    elif isinstance(value, list):
        yield from _wrong_count(len(value), schema, "Items", "items", at)
        for index, item in enumerate(value if "items" in schema else ()):
            yield from _faults(item, schema["items"], f"{at}[{index}]")
    elif isinstance(value, dict):
        yield from _wrong_fields(value, schema, at)


def _wrong_fields(value: Mapping[str, Any], schema: Mapping[str, Any], at: str) -> Iterator[Problem]:
    fields = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield Problem("missing", "this is needed", field=f"{at}.{name}")
    for name, part in value.items():
        if name in fields:
            yield from _faults(part, fields[name], f"{at}.{name}")
        elif schema.get("additionalProperties") is False:
            hint = f"there are {', '.join(fields)}" if fields else None
            yield Problem("unknown_field", "the form has no such field", field=f"{at}.{name}"[:200], hint=hint)


def _out_of_bounds(value: float, schema: Mapping[str, Any], at: str) -> Iterator[Problem]:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is not None and value < low:
        yield Problem("out_of_range", f"this must be at least {low}", field=at)
    if high is not None and value > high:
        yield Problem("out_of_range", f"this must be at most {high}", field=at)
    if above is not None and value <= above:
        yield Problem("out_of_range", f"this must be more than {above}", field=at)
    if below is not None and value >= below:
        yield Problem("out_of_range", f"this must be less than {below}", field=at)


def _wrong_count(count: int, schema: Mapping[str, Any], of: str, what: str, at: str) -> Iterator[Problem]:
    low, high = schema.get(f"min{of}", 0), schema.get(f"max{of}")
    if count < low:
        yield Problem("too_short", f"this needs at least {low} {what}", field=at)
    if high is not None and count > high:
        yield Problem("too_long", f"this may have at most {high} {what}", field=at)


def _types(schema: Mapping[str, Any]) -> list[str]:
    given = schema.get("type")
    if given is None:
        return []
    return given if isinstance(given, list) else [given]
