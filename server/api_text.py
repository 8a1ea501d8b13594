"""The API's description in words: types, examples and curl lines for the two readable forms of the reference."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

BASE: Final = "http://localhost:4000"

Json = dict[str, Any]


@dataclass(slots=True, frozen=True)
class Operation:
    """One endpoint of the description."""

    method: str
    path: str
    described: Json

    @property
    def public(self) -> bool:
        """Whether it works without a token."""
        return self.described.get("security") == []

    @property
    def anchor(self) -> str:
        """Its place on a page."""
        return str(self.described["operationId"])


def operations(document: Json) -> Iterator[tuple[str, list[Operation]]]:
    """Every tag with its operations, in the order of the description."""
    found = [
        Operation(method.upper(), path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    for tag in document["tags"]:
        yield tag["name"], [operation for operation in found if tag["name"] in operation.described["tags"]]


def type_name(schema: Json) -> str:
    """A schema in a few words: `text`, `list of Run`, `whole number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    kinds = schema.get("anyOf") or schema.get("oneOf")
    if kinds:
        return " or ".join(dict.fromkeys(type_name(kind) for kind in kinds))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {type_name(schema.get('items', {}))}"
    if kind == "string" and schema.get("format") == "date-time":
        return "time"
    return _WORDS.get(str(kind), "any value")


_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}


def limits(schema: Json) -> str:
    """What else must hold: range, length, default."""
    said = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    if schema.get("default") not in (None, [], {}, ""):
        said.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(said)


_LIMITS: Final = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "min. length",
    "maxLength": "max. length",
    "minItems": "min. items",
    "maxItems": "max. items",
}


def body_example(operation: Operation) -> Any:
    """The example of the request body, if it has one."""
    for content in operation.described.get("requestBody", {}).get("content", {}).values():
        return content.get("example")
    return None


def carried(answer: Json) -> str:
    """What an answer carries: `Run`, `list of Job`, `text/html`, or nothing."""
    for media, content in answer.get("content", {}).items():
        name = type_name(content.get("schema", {}))
        return name if media == "application/json" else f"{media} ({name})" if "$ref" in str(content) else str(media)
    return ""


def curl(operation: Operation) -> str:
    """A command to try it with."""
    path = operation.path.replace("{", "$").replace("}", "")
    parts = ["curl"]
    if operation.method == "HEAD":
        parts.append("--head")
    elif operation.method != "GET":
        parts.append(f"-X {operation.method}")
    elif "text/event-stream" in str(operation.described["responses"]):
        parts.append("-N")
    parts.append(f'"{BASE}{path}"' if "$" in path else BASE + path)
    if not operation.public:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    example = body_example(operation)
    if example is not None:
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d '{json.dumps(example)}'")
    return " ".join(parts)


def introduction(document: Json) -> list[tuple[str, str]]:
    """What holds for every endpoint: a heading and a text each."""
    return [
        (
            "Tokens",
            (
                "Endpoints ask for a token unless they are marked public: `Authorization: Bearer <token>`, with the "
                "token that `POST /api/auth/login` gives. Somebody else's things and unknown ids are answered alike, "
                "with 404."
            ),
        ),
        (
            "Documents",
            (
                "Everything is JSON in camelCase; unknown fields are refused. Times are `2026-11-23T09:12:00.123Z`. "
                'Large outputs of steps stand as `{"$blob": ref, "size": bytes}` and are read from the run\'s blobs.'
            ),
        ),
        (
            "Lists",
            (
                "Lists are plain arrays, newest first, `limit` long at most. When there is more, the header "
                "`X-Next-Cursor` holds the `cursor` to ask with, and `Link` the whole address."
            ),
        ),
        (
            "Errors",
            (
                "Every error is `application/problem+json`: `type`, `title`, `status`, a stable `code`, `detail`, "
                "`requestId`, often a `hint`, and for documents every problem at once under `problems`."
            ),
        ),
        (
            "Repeating a request",
            (
                "`Idempotency-Key` makes starting a run safe to repeat: the same key answers with the same run. With "
                "another body it is refused with 422 `idempotency_key_reused`."
            ),
        ),
    ]
