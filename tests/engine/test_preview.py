"""What one step would see and be given, whatever the rest of the document is like."""

from __future__ import annotations

import time
from typing import Any

import pytest

from engine.errors import Invalid
from engine.models.run import Trigger, TriggerKind
from engine.preview import Preview, Scene, preview, set_scene
from engine.state import RunState, StepState, StepStatus, new_state
from tests.engine.kit import make_registry


def scene(*steps: Any, at: str, seen: RunState | None = None, **data: Any) -> Scene:
    """The step `at` of a document of these steps; `ref` is `t.echo` where one has none."""
    given = [{"ref": "t.echo", **step} if isinstance(step, dict) else step for step in steps]
    document = {"name": "w", "id": "w1", "steps": given}
    return set_scene(document, at, make_registry(), seen=seen, data=data, timeout_ms=1000)


def look(params: Any, **data: Any) -> Preview:
    return preview(scene({"id": "a", "params": params}, at="a", **data))


def finished(trigger: dict[str, Any], **outputs: Any) -> RunState:
    """A run with this trigger data whose steps gave these outputs."""
    state = new_state(outputs, "run1")
    state.trigger = Trigger(TriggerKind.WEBHOOK, trigger, {"method": "POST"}, "hook")
    for step_id, output in outputs.items():
        state.steps[step_id] = StepState(StepStatus.SUCCESS, output=output)
    return state


def test_only_what_comes_before_the_step_is_seen() -> None:
    steps = (
        {"id": "first", "next": ["step"], "saveAs": "kept"},
        {"id": "beside", "next": []},
        {"id": "step", "params": {"all": "{{data}}", "method": "{{trigger.method}}"}},
        {"id": "after"},
    )
    seen = finished({"x": 1}, first={"a": 1}, beside={"b": 2}, step={"c": 3}, after={"d": 4}, removed={"e": 5})
    found = scene(*steps, at="step", seen=seen)
    assert found.scope["data"] == {"x": 1, "kept": {"a": 1}}
    assert found.scope["steps"] == {"first": {"a": 1}}
    assert found.scope["run"]["id"] == "run1"
    assert preview(found).params == {"all": {"x": 1, "kept": {"a": 1}}, "method": "POST"}


@pytest.mark.parametrize(
    "others",
    [
        [{"id": "b", "next": "a"}, {"id": "c", "next": "b"}, {"id": "b", "next": "c"}],
        [{"id": "b", "next": [{"to": "a", "when": "1 +"}, "nowhere"], "params": {"x": "{{#"}}],
        [{"id": "b", "next": "a", "ref": "no.such"}, {"id": 7}, "no step", None],
        [{"id": "a", "next": "a", "params": {"x": "other"}}],
    ],
)
def test_the_other_steps_may_be_of_any_shape(others: list[Any]) -> None:
    found = preview(scene({"id": "a", "next": "b", "params": {"x": "{{n}}"}}, *others, at="a", n=1))
    assert (found.params, found.problems) == ({"x": 1}, [])


@pytest.mark.parametrize(
    "document", [None, 1, [], {}, {"steps": []}, {"name": "w", "steps": [{"id": "b", "ref": "x"}]}]
)
def test_a_document_without_the_step_is_refused(document: Any) -> None:
    with pytest.raises(Invalid):
        set_scene(document, "a", make_registry(), seen=None, data={}, timeout_ms=1000)


def test_one_bad_text_does_not_hide_the_others() -> None:
    found = look({"good": ["{{n}}", {"x": "n is {{n}}"}], "bad": "{{n | nosuch}}", "worse": "{{", "plain": 1}, n=2)
    assert found.params == {"good": [2, {"x": "n is 2"}], "bad": "{{n | nosuch}}", "worse": "{{", "plain": 1}
    assert sorted((problem.field, problem.step_id) for problem in found.problems) == [
        ("params.bad", "a"),
        ("params.worse", "a"),
    ]


def test_what_fails_only_while_it_is_rendered_is_told_at_its_field() -> None:
    found = look({"x": "{{n | round}}", "y": "{{n}}"}, n="text")
    assert [problem.field for problem in found.problems] == ["params.x"]
    assert found.params == {"x": "{{n | round}}", "y": "text"}


def test_missing_names_are_told_and_render_as_nothing() -> None:
    found = look({"x": "a{{gone}}b", "y": "{{gone}}", "z": "{{n}}"}, n=1)
    assert found.params == {"x": "ab", "y": None, "z": 1}
    assert [(problem.code, problem.field) for problem in found.problems] == [
        ("missing_name", "params.x"),
        ("missing_name", "params.y"),
    ]


def test_secrets_are_masked() -> None:
    assert look({"headers": {"Authorization": "Bearer {{t}}"}, "token": ""}, t="x").params == {
        "headers": {"Authorization": "••••••"},
        "token": "",
    }


def test_parameters_of_triggers_are_no_templates() -> None:
    found = preview(scene({"id": "hook", "type": "TRIGGER", "ref": "t.hook", "params": {"x": "{{n}}"}}, at="hook", n=1))
    assert (found.params, found.problems) == ({"x": "{{n}}"}, [])


def test_all_texts_share_what_one_step_may_spend() -> None:
    began = time.process_time()
    loops = {str(n): "{{#items}}{{.}}{{/items}}" for n in range(300)}
    found = look(loops, items=list(range(20_000)))
    assert {problem.code for problem in found.problems} == {"template_too_much_work"}
    assert time.process_time() - began < 5
