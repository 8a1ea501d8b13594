"""The forms people are asked by: which schemas are understood, and which answers fit."""

from __future__ import annotations

from typing import Any

import pytest

from engine.forms import check_form, problems_with


def form(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": fields}


GOOD: list[dict[str, Any]] = [
    {"type": "object"},
    form(a={"type": "string", "minLength": 1, "format": "email", "title": "A", "default": "x"}),
    form(a={"type": ["string", "null"]}, b={"enum": ["x", 2]}, c={"const": 1}, d={}),
    form(a={"type": "array", "items": form(b={"type": "integer", "minimum": 0}), "maxItems": 3}),
    {**form(a={"type": "boolean"}), "required": ["a"], "additionalProperties": False},
]


@pytest.mark.parametrize("schema", GOOD)
def test_these_are_understood(schema: dict[str, Any]) -> None:
    check_form(schema)


BAD: list[tuple[Any, str]] = [
    ([], "begin with"),
    ({"type": "string"}, "begin with"),
    (form(a={"type": "string", "pattern": "(a+)+$"}), "'pattern' is not understood in forms at a"),
    (form(a={"$ref": "#/x"}), "'$ref' is not understood"),
    (form(a={"anyOf": []}), "'anyOf'"),
    (form(a={"type": "text"}), "type is one of"),
    (form(a={"type": [1]}), "type is one of"),
    (form(a={"enum": []}), "enum lists"),
    (form(a={"minimum": "1"}), "minimum is a number"),
    (form(a={"minLength": -1}), "minLength is a whole number"),
    (form(a=5), "a schema is an object at a"),
    ({**form(), "required": "a"}, "required lists names"),
    ({**form(), "additionalProperties": {}}, "true or false"),
    ({"type": "object", "properties": {f"f{n}": {} for n in range(101)}}, "at most 100"),
    (form(a={"items": {"items": {"type": "x"}}}), "at a[][]"),
]


@pytest.mark.parametrize(("schema", "says"), BAD)
def test_others_are_refused_with_the_place(schema: Any, says: str) -> None:
    """Row 38: no pattern of somebody else's is ever run."""
    with pytest.raises(ValueError, match=r".") as refused:
        check_form(schema)
    assert says in str(refused.value)


def test_nesting_is_bounded() -> None:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(12):
        schema = form(a=schema)
    with pytest.raises(ValueError, match="nested too deeply"):
        check_form(schema)


ANSWERS: list[tuple[dict[str, Any], Any, list[tuple[str, str]]]] = [
    ({"type": "string"}, "x", []),
    ({"type": "string"}, 1, [("wrong_type", "data.a")]),
    ({"type": "integer"}, 1.0, []),
    ({"type": "integer"}, 1.5, [("wrong_type", "data.a")]),
    ({"type": "integer"}, True, [("wrong_type", "data.a")]),
    ({"type": ["string", "null"]}, None, []),
    ({"enum": ["x", 2]}, 3, [("not_a_choice", "data.a")]),
    ({"const": 1}, 2, [("not_a_choice", "data.a")]),
    ({"minimum": 1, "maximum": 3}, 0, [("out_of_range", "data.a")]),
    ({"minimum": 1, "maximum": 3}, 4, [("out_of_range", "data.a")]),
    ({"exclusiveMinimum": 1}, 1, [("out_of_range", "data.a")]),
    ({"exclusiveMaximum": 3}, 3, [("out_of_range", "data.a")]),
    ({"minLength": 2}, "x", [("too_short", "data.a")]),
    ({"maxLength": 2}, "xyz", [("too_long", "data.a")]),
    ({"type": "array", "minItems": 1}, [], [("too_short", "data.a")]),
    ({"type": "array", "items": {"type": "string"}}, ["x", 1], [("wrong_type", "data.a[1]")]),
    (form(b={"type": "string"}), {"b": 1}, [("wrong_type", "data.a.b")]),
    ({**form(), "additionalProperties": False}, {"z": 1}, [("unknown_field", "data.a.z")]),
    ({}, {"anything": [1]}, []),
]


@pytest.mark.parametrize(("field", "value", "problems"), ANSWERS)
def test_an_answer_fits_or_every_fault_is_named(
    field: dict[str, Any], value: Any, problems: list[tuple[str, str]]
) -> None:
    schema = form(a=field)
    check_form(schema)
    found = problems_with({"a": value}, schema)
    assert [(problem.code, problem.field) for problem in found] == problems


def test_what_is_needed_must_be_there() -> None:
    schema = {**form(a={}, b={}), "required": ["a", "b"]}
    found = problems_with({"b": None}, schema)
    assert [(problem.code, problem.field) for problem in found] == [("missing", "data.a")]
    assert [problem.field for problem in problems_with("text", schema)] == ["data"]
