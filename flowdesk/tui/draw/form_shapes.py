"""Which values a group of fields can show without losing anything, and what a new one begins with."""

from __future__ import annotations

from typing import Any, Final

from flowdesk.tui.draw.paths import GONE
from flowdesk.tui.draw.schema_fields import SCALARS, Field

MOST_ROWS: Final = 60
"""Longer lists and maps are edited as JSON."""
GROUPS: Final = frozenset({"object", "array", "map", "union"})


def drawable(field: Field, value: Any) -> bool:
    """Whether the value can be drawn as the fields of its kind."""
    if value is GONE:
        return field.kind in GROUPS
    if field.kind in ("object", "map"):
        return isinstance(value, dict) and len(value) <= MOST_ROWS and all(key.isprintable() for key in value)
    if field.kind == "array":
        return isinstance(value, list) and len(value) <= MOST_ROWS
    return field.kind == "union" and ((value is None and field.nullable) or branch_of(field, value) is not None)


def branch_of(field: Field, value: Any) -> int | None:
    """Which form of a union the value has."""
    return next((at for at, branch in enumerate(field.branches) if _fits(branch, value)), None)


def blank(field: Field) -> Any:
    """What a new value of this field begins with."""
    if field.kind == "object":
        constants = {f.key: f.choices[0] for f in field.fields if f.kind == "choice" and len(f.choices) == 1}
        return constants if field.tag is None else {**constants, field.tag[0]: field.tag[1]}
    if field.kind == "choice":
        return field.choices[0] if field.choices else ""
    if field.kind in ("integer", "number"):
        return field.least or 0
    if field.kind == "union":
        return blank(field.branches[0])
    return {"array": [], "map": {}, "boolean": False, "json": None}.get(field.kind, "")


def loose(field: Field) -> Field:
    """The field as a row of a list or map draws it: a union in which a text may stand is one line or JSON."""
    if field.kind == "union" and any(branch.kind in SCALARS for branch in field.branches):
        return Field(field.key, field.title, "any", field.description, required=True, nullable=field.nullable)
    return field


def _fits(branch: Field, value: Any) -> bool:
    if branch.kind == "object" and isinstance(value, dict):
        return branch.tag is None or value.get(branch.tag[0]) == branch.tag[1]
    if branch.kind in ("text", "secret", "expression"):
        return isinstance(value, str)
    if branch.kind in ("integer", "number"):
        return isinstance(value, int | float) and not isinstance(value, bool)
    shapes: dict[str, type] = {"map": dict, "array": list, "boolean": bool}
    if branch.kind in shapes:
        return isinstance(value, shapes[branch.kind])
    return branch.kind == "any" or (branch.kind == "choice" and value in branch.choices)
