"""docs/steps.md: every built-in step with its parameters, drawn from the JSON Schemas that validate them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import LiteralScalarString

from engine.registry import Registry
from engine.sdk import Example, StepDefinition
from plugins.builtins import BUILTINS
from plugins.http import failures

Schema = Mapping[str, Any]

_INTRODUCTION: Final = """\
# Steps

<!-- Written by `make docs` from the code; a test fails when it is old. -->

Every kind of step FlowDesk brings along. More can be added: see [writing a step](writing-a-step.md). A running server
shows the same in `GET /api/steps`, with the steps of its plugins.

Texts in parameters may hold `{{templates}}`, except where a parameter holds an expression in CEL; a text that is
exactly one template keeps the type of its value. The output of a step is merged into the run's data when it is an
object, or put under one key with `saveAs`; either way it is `steps.<id>` for the steps after it.

The *effect* of a step says what repeating it after a crash costs. `pure`: nothing leaves the process, repeating it is
free. `idempotent`: it may be repeated, with the same idempotency key.
"""


def render() -> str:
    """The whole page."""
    registry = Registry()
    registry.load(BUILTINS, third_party=False)
    steps = sorted(registry.all(), key=lambda step: (step.kind == "ACTION", step.ref))
    lines = [_INTRODUCTION, "| step | what it does |", "|---|---|"]
    lines += [
        f"| [`{step.ref}`](#{_anchor(step.ref)}) | {_cell(_first_sentence(step.description))} |" for step in steps
    ]
    for step in steps:
        lines += ["", *_step(step)]
    return "\n".join(lines) + "\n"


def _step(step: StepDefinition) -> Iterator[str]:
    yield f"## {step.ref}"
    yield ""
    kind = "Trigger." if step.kind == "TRIGGER" else f"Action, effect `{step.effect}`."
    yield f"**{step.title}.** {kind}"
    yield ""
    yield step.description
    if step.params is not None:
        yield from _tables(step.ref, step.params.model_json_schema())
    if step.ref == "http.request":
        yield from _error_codes()
    for example in step.examples:
        yield from _example(step, example)


def _tables(ref: str, schema: Schema) -> Iterator[str]:
    yield ""
    yield from parameter_table(ref, schema, "parameter")
    for name in _models(schema, schema, []):
        model = schema["$defs"][name]
        yield ""
        yield f'<a id="{_anchor(ref, name)}"></a>**{_words(name)}**: {model["description"]}'
        yield ""
        yield from parameter_table(ref, model, "field")


def _models(schema: Any, root: Schema, seen: list[str]) -> list[str]:
    """The names of nested models in the order a reader meets them."""
    if isinstance(schema, list):
        for item in schema:
            _models(item, root, seen)
    elif isinstance(schema, dict):
        name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
        if name and name not in seen:
            seen.append(name)
            _models(root["$defs"][name], root, seen)
        for key, value in schema.items():
            if key not in ("$defs", "discriminator", "examples", "default"):
                _models(value, root, seen)
    return seen


def parameter_table(ref: str, model: Schema, word: str) -> Iterator[str]:
    """The lines of a table of a model's properties."""
    yield f"| {word} | type | default | meaning |"
    yield "|---|---|---|---|"
    required = model.get("required", ())
    for name, schema in model.get("properties", {}).items():
        default = "required" if name in required else _default(schema)
        yield f"| `{name}` | {_cell(_type(schema, ref))} | {_cell(default)} | {_cell(schema['description'])} |"


def _default(schema: Schema) -> str:
    if schema.get("default") is None:
        return "none"
    return f"`{json.dumps(schema['default'], ensure_ascii=False)}`"


def _type(schema: Schema, ref: str) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{_words(name)}](#{_anchor(ref, name)})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    for choice in ("oneOf", "anyOf"):
        if choice in schema:
            kinds = [_type(one, ref) for one in schema[choice] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(kinds))
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_type(schema['items'], ref)}"
    if kind == "object":
        inner = schema.get("additionalProperties")
        inner = inner if isinstance(inner, dict) else {}
        return f"object of {_type(inner, ref)}" if inner else "object"
    if kind in ("integer", "number"):
        return f"{kind}{_range(schema)}"
    return {"string": "text", "boolean": "true or false", None: "any value"}.get(kind, str(kind))


def _range(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f", {low:,} to {high:,}"
    return f", at least {low:,}" if low is not None else ""


def _error_codes() -> Iterator[str]:
    yield ""
    yield "Its failures, by code:"
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in re.findall(r"^ {4}(http_\S+)\s{2,}(.+)$", failures.__doc__ or "", re.MULTILINE):
        yield f"| `{code}` | {_cell(meaning)} |"


def _example(step: StepDefinition, example: Example) -> Iterator[str]:
    document: dict[str, Any] = {"id": step.ref.rsplit(".", 1)[-1]}
    document |= {"type": "TRIGGER"} if step.kind == "TRIGGER" else {}
    document |= {"ref": step.ref} | ({"params": example.params} if example.params else {})
    yield ""
    yield f"**Example.** {example.title}{'' if example.title.endswith('?') else '.'}"
    yield ""
    yield "```yaml"
    yield _yaml(document).rstrip()
    yield "```"
    if example.output is not None:
        given = (
            f"With the data `{json.dumps(example.data, ensure_ascii=False)}`, its output" if example.data else "Output"
        )
        yield ""
        yield f"{given} is `{json.dumps(example.output, ensure_ascii=False)}`."


def _yaml(value: Any) -> str:
    writer = YAML()
    writer.width = 100
    writer.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    writer.dump(_plain(value), out)
    return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return LiteralScalarString(value) if isinstance(value, str) and "\n" in value else value


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _words(name: str) -> str:
    """`BasicAuth` as `basic auth`."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).lower()


def _anchor(ref: str, model: str | None = None) -> str:
    """Where a heading is found, by the rules of common Markdown viewers."""
    return re.sub(r"[^a-z0-9_-]", "", (ref if model is None else f"{ref}-{model}").lower())
