"""docs/api.md: the API's description as a page."""

from __future__ import annotations

from collections.abc import Iterator

from server.api_text import Json, Operation, carried, curl, introduction, limits, operations, type_name
from server.description import description


def render() -> str:
    """The whole page."""
    return "\n".join(_lines(description())) + "\n"


def _lines(document: Json) -> Iterator[str]:
    yield "# API"
    yield ""
    yield "This page is generated from the route table and the models that validate; `make docs` writes it again."
    yield "A running server shows the same at `/api/docs`, and as OpenAPI 3.1 at `/api/openapi.json`."
    for heading, text in introduction(document):
        yield ""
        yield f"**{heading}.** {text}"
    for tag, found in operations(document):
        yield ""
        yield f"## {tag.capitalize()}"
        for operation in found:
            yield from _operation(operation)
    yield ""
    yield "## Documents"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield from _schema(name, schema)


def _operation(operation: Operation) -> Iterator[str]:
    described = operation.described
    yield ""
    yield f"### {operation.method} {operation.path}"
    yield ""
    yield f"{described['summary']}.{' Public.' if operation.public else ''}"
    if "description" in described:
        yield ""
        yield described["description"]
    parameters = described.get("parameters", [])
    if parameters:
        yield ""
        yield "| parameter | in | type | |"
        yield "|---|---|---|---|"
        for one in parameters:
            text = _joined(one["description"], limits(one["schema"]))
            yield f"| `{one['name']}` | {one['in']} | {_cell(type_name(one['schema']))} | {_cell(text)} |"
    yield ""
    for content in described.get("requestBody", {}).get("content", {}).values():
        yield f"Body: {type_name(content['schema'])}."
    yield f"Answers: {'; '.join(_answers(described))}."
    yield ""
    yield "```sh"
    yield curl(operation)
    yield "```"


def _answers(described: Json) -> Iterator[str]:
    for status, answer in described["responses"].items():
        if "$ref" not in answer:
            name = carried(answer)
            yield f"{status} {name}" if name else status


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield ""
    yield f"### {name}"
    yield ""
    yield str(schema.get("description", "")).replace("\n", " ")
    if "enum" in schema:
        yield ""
        yield ", ".join(f"`{value}`" for value in schema["enum"])
    properties = schema.get("properties")
    if properties:
        required = schema.get("required", [])
        yield ""
        yield "| field | type | |"
        yield "|---|---|---|"
        for field, described in properties.items():
            mark = "" if field in required else "optional"
            text = _joined(str(described.get("description", "")), limits(described), mark)
            yield f"| `{field}` | {_cell(type_name(described))} | {_cell(text)} |"


def _joined(*texts: str) -> str:
    first, *rest = texts
    more = ", ".join(text for text in rest if text)
    return f"{first} ({more})" if more else first


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
