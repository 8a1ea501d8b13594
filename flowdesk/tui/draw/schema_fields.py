"""A JSON Schema as the fields of a form. What has no form of its own becomes a field for JSON text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from flowdesk.tui.draw.paths import GONE

Kind = Literal[
    "text",  # one line, or several when the value or the schema says so
    "secret",
    "expression",  # CEL: never a template
    "integer",
    "number",
    "boolean",
    "choice",
    "scalar",  # a text, a number or a boolean
    "any",  # any JSON; a text is written as it is
    "object",
    "array",
    "map",  # an object with free keys
    "union",
    "json",
]
SCALARS: Final = frozenset({"text", "secret", "expression", "integer", "number", "boolean", "choice", "scalar"})
_DEEPEST: Final = 12
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
_CEL: Final = re.compile(r"\bCEL expression\b")
_TYPES: Final[dict[str, Kind]] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}


@dataclass(slots=True, frozen=True)
class Field:
    """One field. `default` is GONE when there is none; bounds and lengths are those of the schema, inclusive."""

    key: str
    title: str
    kind: Kind
    description: str = ""
    required: bool = False
    nullable: bool = False
    default: Any = GONE
    examples: tuple[Any, ...] = ()
    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None
    shortest: int = 0
    longest: int | None = None
    pattern: str | None = None
    multiline: bool = False
    fields: tuple[Field, ...] = ()
    """The members of an object."""
    item: Field | None = None
    """What an array or a map holds."""
    branches: tuple[Field, ...] = ()
    """The forms a union can take."""
    tag: tuple[str, Any] | None = None
    """The member by which this branch of a union is known, and its value."""

    def member(self, key: str) -> Field | None:
        """The member of an object by its key."""
        return next((field for field in self.fields if field.key == key), None)


def words_of(key: str) -> str:
    """`maxBackoffMs` as `Max backoff ms`."""
    return _HUMP.sub(" ", key).strip().capitalize()


def fields_of(schema: Mapping[str, Any] | None) -> tuple[Field, ...] | None:
    """The fields of an object's schema; None when it has no members of its own, so that only JSON can tell."""
    definitions = schema.get("$defs") if schema else None
    reader = _Reader(definitions if isinstance(definitions, Mapping) else {})
    schema = reader.followed(schema or {})  # that of something which may hold its own kind is a reference itself
    return reader.members(schema, 0) if isinstance(schema.get("properties"), Mapping) else None


class _Reader:
    """Reads one schema with its definitions."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def members(self, schema: Mapping[str, Any], depth: int) -> tuple[Field, ...]:
        required = schema.get("required") or ()
        return tuple(
            replace(self.field(str(key), part, depth + 1), required=key in required)
            for key, part in schema["properties"].items()
        )

    def field(self, key: str, schema: Any, depth: int) -> Field:
        schema = self.followed(schema)
        field = Field(
            key=key,
            title=str(schema.get("title") or words_of(key)),
            kind="json",
            description=str(schema.get("description") or ""),
            default=schema.get("default", GONE),
            examples=tuple(schema["examples"]) if isinstance(schema.get("examples"), list) else (),
        )
        return field if depth > _DEEPEST else self._shaped(field, schema, depth)

    def _shaped(self, field: Field, schema: Mapping[str, Any], depth: int) -> Field:
        options = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(options, list):
            return self._chosen(field, options, depth)
        if "const" in schema:
            return replace(field, kind="choice", choices=(schema["const"],))
        if isinstance(schema.get("enum"), list):
            return replace(field, kind="choice", choices=tuple(schema["enum"]))
        kind = _TYPES.get(str(schema.get("type")))
        if kind is None:
            return replace(field, kind="any" if "type" not in schema and "allOf" not in schema else "json")
        if kind == "object":
            return self._object(field, schema, depth)
        if kind == "array":
            item = self.field("", schema.get("items") or {}, depth + 1)
            return replace(
                field,
                kind="array",
                item=replace(item, required=True),
                shortest=schema.get("minItems", 0),
                longest=schema.get("maxItems"),
            )
        return _scalar(field, kind, schema)

    def _object(self, field: Field, schema: Mapping[str, Any], depth: int) -> Field:
        if isinstance(schema.get("properties"), Mapping):
            return replace(field, kind="object", fields=self.members(schema, depth))
        free = schema.get("additionalProperties", True)
        item = self.field("", free if isinstance(free, Mapping) else {}, depth + 1)
        return replace(field, kind="map", item=replace(item, required=True), longest=schema.get("maxProperties"))

    def _chosen(self, field: Field, options: list[Any], depth: int) -> Field:
        flat = self._flat(options)
        forms = [option for option in flat if option.get("type") != "null"]
        field = replace(field, nullable=len(forms) < len(flat))
        if len(forms) == 1:
            return self._shaped(field, forms[0], depth + 1)
        branches = tuple(self._branch(option, depth) for option in forms)
        if all(branch.kind in SCALARS for branch in branches):
            return replace(field, kind="scalar", branches=branches)
        return replace(field, kind="union", branches=branches)

    def _branch(self, schema: Mapping[str, Any], depth: int) -> Field:
        branch = self.field("", schema, depth + 1)
        constants = [(f.key, f.choices[0]) for f in branch.fields if f.kind == "choice" and len(f.choices) == 1]
        title = branch.title
        if constants:
            title = words_of(str(constants[0][1]))
        elif not title:
            title = {"map": "Object", "any": "JSON"}.get(branch.kind, branch.kind.capitalize())
        return replace(branch, title=title, required=True, tag=constants[0] if constants else None)

    def _flat(self, options: list[Any]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for option in map(self.followed, options):
            inner = option.get("anyOf") or option.get("oneOf")
            found += self._flat(inner) if isinstance(inner, list) else [option]
        return found

    def followed(self, schema: Any) -> Mapping[str, Any]:
        """The schema with its reference replaced by what it refers to; what stands beside the reference wins."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, Mapping):
                return {}
            ref = schema.get("$ref")
            if not isinstance(ref, str):
                return schema
            target = self._definitions.get(ref.removeprefix("#/$defs/"))
            if not isinstance(target, Mapping):
                return {"type": "unknown"}
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        return {"type": "unknown"}


def _scalar(field: Field, kind: Kind, schema: Mapping[str, Any]) -> Field:
    if kind == "text":
        if schema.get("format") == "password":
            kind = "secret"
        elif schema.get("format") == "cel" or _CEL.search(field.description):
            kind = "expression"
    return replace(
        field,
        kind=kind,
        least=schema.get("minimum"),
        most=schema.get("maximum"),
        shortest=schema.get("minLength", 0),
        longest=schema.get("maxLength"),
        pattern=schema.get("pattern"),
        multiline=schema.get("format") == "multiline",
    )
