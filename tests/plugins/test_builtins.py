"""What is true of every built-in step."""

from __future__ import annotations

import inspect
from typing import Any

import jsonschema
import pytest

from engine.render.compile import compile_params
from engine.sdk import StepDefinition, StepResult
from tests.plugins.support import Recorder, builtin_registry

STEPS = builtin_registry().all()
REFS = [step.ref for step in STEPS]
EXAMPLES = [(step, example) for step in STEPS for example in step.examples]


def test_they_are_all_there() -> None:
    registry = builtin_registry()
    assert [plugin for plugin in registry.plugins if plugin.error] == []
    triggers = [step.ref for step in STEPS if step.kind == "TRIGGER"]
    assert triggers == ["http.webhook", "manual", "schedule.at", "schedule.cron", "schedule.interval"]
    assert [ref for ref in REFS if ref not in triggers] == [
        "core.assert",
        "core.fail",
        "core.log",
        "core.sleep",
        "data.merge",
        "data.pick",
        "data.set",
        "flow.approval",
        "flow.call",
        "flow.foreach",
        "flow.if",
        "flow.repeat",
        "flow.sleep",
        "flow.switch",
        "flow.wait",
        "http.request",
        "http.respond",
        "text.template",
    ]


@pytest.mark.parametrize("step", STEPS, ids=REFS)
def test_each_explains_itself(step: StepDefinition) -> None:
    assert step.title
    assert step.title[0].isupper()
    assert step.description.split("\n")[0].endswith((".", ":"))
    assert step.examples
    assert step.params is not None
    assert step.source == "built in"


def fields(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    models = {"": schema, **schema.get("$defs", {})}
    return [
        (f"{model}.{name}", field)
        for model, found in models.items()
        for name, field in found.get("properties", {}).items()
    ]


@pytest.mark.parametrize("step", STEPS, ids=REFS)
def test_a_form_can_be_drawn_from_its_params(step: StepDefinition) -> None:
    assert step.params is not None
    schema = step.params.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
    for name, field in fields(schema):
        assert field.get("description"), f"{step.ref} {name} has no help text"
        assert field.get("title") or "$ref" in field, f"{step.ref} {name} has no title"
    assert all(model.get("description") for model in [schema, *schema.get("$defs", {}).values()])


@pytest.mark.parametrize("step", STEPS, ids=REFS)
def test_required_fields_come_with_an_example(step: StepDefinition) -> None:
    assert step.params is not None
    schema = step.params.model_json_schema()
    by_name = dict(fields(schema))
    for name in schema.get("required", ()):
        field = by_name[f".{name}"]
        assert field.get("examples") or "$ref" in field.get("items", {}), f"{step.ref} {name}"


@pytest.mark.parametrize("step", [step for step in STEPS if step.instant and step.handler], ids=lambda step: step.ref)
def test_instant_steps_never_wait(step: StepDefinition) -> None:
    assert step.handler is not None
    assert inspect.iscoroutinefunction(step.handler)
    assert "await" not in inspect.getsource(step.handler)
    assert step.effect == "pure"


@pytest.mark.parametrize(("step", "example"), EXAMPLES, ids=[f"{step.ref}: {ex.title}" for step, ex in EXAMPLES])
async def test_examples_work(step: StepDefinition, example: Any) -> None:
    """Rendered, checked and run as the engine does it; those that reach for the network are only checked."""
    ctx = Recorder(data=example.data)
    compiled = compile_params(dict(example.params), expressions=step.expressions, url_fields=step.url_fields)
    missing: list[str] = []
    rendered = compiled.render(ctx.scope, missing)
    assert missing == []
    assert step.params is not None
    jsonschema.validate(rendered, step.params.model_json_schema())
    params = step.params.model_validate(rendered)
    if not example.runnable or step.handler is None:
        return
    result = await step.handler(ctx, params)
    assert isinstance(result, StepResult)
    assert result.ok
    if example.output is not None:
        assert result.data == example.output
