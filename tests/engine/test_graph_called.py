"""Workflows that a document names, checked when it is saved."""

from __future__ import annotations

from typing import Any

from engine.checks.called import mentioned_workflows
from engine.graph import validate
from engine.models.workflow import MAX_STEPS
from engine.registry import Registry
from plugins.builtins import BUILTINS


def _found(document: dict[str, Any], *known: str) -> list[tuple[str | None, str | None]]:
    registry = Registry()
    registry.load(BUILTINS, third_party=False)
    draft, problems = validate({"name": "w", **document}, registry, workflows=known)
    assert (draft is None) == bool(problems)
    assert {problem.code for problem in problems} <= {"unknown_workflow"}
    return [(problem.step_id, problem.field) for problem in problems]


def _call(named: str, step_id: str = "call") -> dict[str, Any]:
    return {"id": step_id, "ref": "flow.call", "params": {"workflow": named}}


def _each(*body: Any, **params: Any) -> dict[str, Any]:
    step = {"id": "each", "ref": "flow.foreach", "params": {"items": [1], **params}}
    return {**step, "body": {"steps": list(body)}} if body else step


def test_a_workflow_that_is_named_must_be_there() -> None:
    assert _found({"steps": [_call("a")]}, "a") == []
    assert _found({"steps": [_call("a")]}, "b") == [("call", "params.workflow")]
    assert _found({"steps": [_each(workflow="a")]}) == [("each", "params.workflow")]
    assert _found({"steps": [_each(_call("a"))]}) == [("each/call", "params.workflow")]
    assert _found({"steps": [_call("a")], "onFailure": "b"}, "a") == [(None, "onFailure")]


def test_an_id_a_template_makes_is_looked_at_when_the_step_runs() -> None:
    assert _found({"steps": [_call("{{data.which}}")]}) == []


def test_a_workflow_in_the_parameters_of_another_kind_of_step_is_just_a_text() -> None:
    step = {"id": "s", "ref": "data.set", "params": {"values": {"workflow": "w"}}}
    assert _found({"steps": [step]}) == []


def test_what_is_looked_up_is_what_is_named() -> None:
    document = {
        "onFailure": "f",
        "steps": [_call("a"), _each(_call("b"), _each(_call("c"))), _call("{{x}}"), _call("a")],
    }
    assert mentioned_workflows(document) == {"f", "a", "b", "c"}


def test_no_document_has_more_looked_up_than_a_document_may_have_steps() -> None:
    document = {"steps": [_call(f"w{number}") for number in range(3 * MAX_STEPS)]}
    assert len(mentioned_workflows(document)) == MAX_STEPS


def test_any_json_value_may_be_looked_through() -> None:
    values: list[Any] = [None, 3, [], "x", {"steps": 7}, {"steps": [7, {"params": []}, {"body": []}, _call("")]}]
    assert [mentioned_workflows(value) for value in values] == [set()] * len(values)
    deep: dict[str, Any] = _call("x")
    for _ in range(90):
        deep = _each(deep)
    assert mentioned_workflows({"steps": [deep]}) == set()
