"""Steps inside of steps, checked when a workflow is saved."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph import validate
from engine.registry import Registry
from plugins.builtins import BUILTINS


def _found(*steps: dict[str, Any]) -> list[tuple[str, str | None, str | None]]:
    registry = Registry()
    registry.load(BUILTINS, third_party=False)
    _, problems = validate({"name": "w", "steps": list(steps)}, registry)
    return [(problem.code, problem.step_id, problem.field) for problem in problems]


def _each(*body: Any, step_id: str = "each", **more: Any) -> dict[str, Any]:
    return {
        "id": step_id,
        "ref": "flow.foreach",
        "params": {"items": "data.items"},
        "body": {"steps": list(body)},
        **more,
    }


def _set(step_id: str = "inner", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": "data.set", "params": {"values": {"a": "{{data.item}}"}}, **more}


def test_a_body_is_checked_like_a_workflow() -> None:
    assert _found(_each(_set())) == []
    assert _found(_each(_set(next="nowhere"))) == [("unknown_step", "each/inner", "next")]
    assert _found(_each(_set(next="b"), _set("b", next="inner"))) == [("cycle", "each/b", "next")]
    assert ("unreachable_step", "each/b", None) in _found(_each(_set(), _set("b")))
    wrong = {"id": "inner", "ref": "flow.if", "params": {"condition": "1 +"}}
    assert _found(_each(wrong)) == [("bad_expression", "each/inner", "params.condition")]


def test_shapes_inside_of_a_body_are_told_by_path() -> None:
    assert _found(_each(_set(retry={"maxAttempts": 0}))) == [("bad_value", "each/inner", "retry.maxAttempts")]
    assert _found(_each({"id": "inner"})) == [("missing_field", "each/inner", "ref")]


def test_ids_are_unique_in_the_whole_document() -> None:
    assert _found(_each(_set("a"), next="a"), _set("a")) == [("duplicate_step", "a", "id")]


def test_a_body_has_no_triggers() -> None:
    found = _found(_each({"id": "t", "type": "TRIGGER", "ref": "manual"}))
    assert ("trigger_in_body", "each/t", "type") in found


@pytest.mark.parametrize(
    ("step", "code", "field"),
    [
        ({"id": "a", "ref": "flow.foreach", "params": {"items": [1]}}, "nothing_to_run", "body"),
        (_set("a", body={"steps": [_set()]}), "body_not_allowed", "body"),
        (_each(_set(), step_id="a", params={"items": [1], "workflow": "w"}), "body_and_workflow", "params.workflow"),
        (_each(_set(), step_id="a", params={"items": [1], "lines": "data.x"}), "one_source", "params"),
        (_each(_set(), step_id="a", params={"items": 7}), "wrong_type", "params.items"),
    ],
)
def test_what_a_loop_needs(step: dict[str, Any], code: str, field: str) -> None:
    assert _found(step) == [(code, "a", field)]


def test_loops_inside_of_loops_are_bounded() -> None:
    step = _set()
    for level in range(6):
        step = _each(step, step_id=f"each{level}")
    assert "body_too_deep" in [code for code, _, _ in _found(step)]


def test_the_condition_of_a_repetition_reads_its_own_names() -> None:
    def repeat(until: str) -> dict[str, Any]:
        return {"id": "r", "ref": "flow.repeat", "params": {"until": until}, "body": {"steps": [_set()]}}

    assert _found(repeat("result.a == 1 && iteration > 2")) == []
    assert _found(repeat("results.a == 1")) == [("unknown_name", "r", "params.until")]
    assert _found(_each(_set(), step_id="a", params={"items": "result"})) == [("unknown_name", "a", "params.items")]


def test_the_texts_of_a_list_are_templates() -> None:
    assert _found(_each(_set(), params={"items": ["plain text", "{{data.x}}"]})) == []
