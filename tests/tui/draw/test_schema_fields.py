"""JSON Schemas as fields, and values as what is typed for them."""

from __future__ import annotations

from typing import Any

import pytest

from flowdesk.tui.draw.field_values import Unreadable, fault, mode_of, placeholder, text_of, value_of
from flowdesk.tui.draw.form_shapes import blank, branch_of, drawable, loose
from flowdesk.tui.draw.paths import GONE, get, path_text, put
from flowdesk.tui.draw.schema_fields import Field, fields_of
from flowdesk.tui.draw.step_fields import limits, step_fields


def field(schema: dict[str, Any], *, required: bool = False, defs: Any = None) -> Field:
    """The one field of a schema."""
    names = ["it"] if required else []
    found = fields_of({"type": "object", "properties": {"it": schema}, "required": names, "$defs": defs})
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "text"),
        ({"type": "string", "format": "password"}, "secret"),
        ({"type": "string", "description": "A CEL expression over data."}, "expression"),
        ({"type": "integer"}, "integer"),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, "number"),
        ({"anyOf": [{"type": "number"}, {"type": "string"}]}, "scalar"),
        ({"enum": ["a", "b"]}, "choice"),
        ({"const": 3}, "choice"),
        ({"type": "array", "items": {"type": "string"}}, "array"),
        ({"type": "object"}, "map"),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, "object"),
        ({"anyOf": [{"type": "string"}, {"type": "object", "properties": {"a": {}}}]}, "union"),
        ({}, "any"),
        ({"type": ["string", "integer"]}, "json"),
        ({"allOf": [{"type": "string"}]}, "json"),
        ({"$ref": "#/$defs/Gone"}, "json"),
        (True, "any"),
        ({"type": "array", "prefixItems": [{}]}, "array"),
    ],
)
def test_kinds(schema: Any, kind: str) -> None:
    assert field(schema).kind == kind


def test_a_schema_that_holds_itself_ends() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Tree"}, "to": {"$ref": "#/$defs/Loop"}}}
    found = field({"$ref": "#/$defs/Tree"}, defs={"Tree": tree, "Loop": {"$ref": "#/$defs/Loop"}})
    depth = 0
    while found.fields:
        found, depth = found.fields[0], depth + 1
    assert found.kind == "json"
    assert depth > 3


def test_no_members_no_fields() -> None:
    assert fields_of(None) is None
    assert fields_of({"type": "object", "additionalProperties": True}) is None
    assert fields_of({"type": "object", "properties": {}}) == ()


TEXT = field({"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-z]*$"})
WHOLE = field({"type": "integer", "minimum": 1, "maximum": 9}, required=True)


@pytest.mark.parametrize(
    ("checked", "value", "said"),
    [
        (TEXT, "abc", None),
        (TEXT, GONE, None),
        (TEXT, "a", "at least 2"),
        (TEXT, "abcde", "at most 4"),
        (TEXT, "a1", "must fit"),
        (TEXT, "{{anything at all}}", None),
        (WHOLE, 3, None),
        (WHOLE, 0, "at least 1"),
        (WHOLE, 10, "at most 9"),
        (WHOLE, 2.5, "whole number"),
        (WHOLE, True, "whole number"),
        (WHOLE, "x", "whole number"),
        (WHOLE, GONE, "required"),
        (field({"type": "string", "pattern": "(?<bad"}), "x", None),
        (field({"enum": [1, "b"]}), True, "must be one of 1, b"),
        (field({"type": "array", "minItems": 1}), [], "at least 1"),
        (field({"anyOf": [{"type": "integer"}, {"type": "null"}]}), None, None),
    ],
)
def test_faults(checked: Field, value: Any, said: str | None) -> None:
    found = fault(checked, value)
    assert found is None if said is None else said in (found or "")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "a\nb",
        "5",
        "true",
        "null",
        5,
        2.5,
        True,
        None,
        [],
        {"a": [1, "{{b}}"]},
        "{{a}}",
        "{{a",
        '"q"',
        " s ",
        "\t",
    ],
)
@pytest.mark.parametrize(
    "of",
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "boolean"},
        {"enum": ["x", 5]},
        {"type": "array"},
        {"type": "object"},
        {},
        {"anyOf": [{"type": "number"}, {"type": "string"}]},
        {"type": "string", "format": "password"},
    ],
)
def test_what_is_shown_means_what_is_there(of: dict[str, Any], value: Any) -> None:
    drawn = field(of, required=True)
    mode = mode_of(drawn, value)
    if mode in ("check", "choice"):
        return
    text = text_of(value, mode)
    meant = value_of(drawn, text, mode)
    assert (meant, type(meant)) == (value, type(value))
    assert text.replace("\n", "").isprintable()


def test_numbers_json_cannot_hold_stay_text() -> None:
    for typed in ("9" * 5000, "1e999", "0x10", "١"):
        assert isinstance(value_of(field({"type": "number"}), typed, "line"), str)
    assert value_of(field({"type": "integer"}), " 12 ", "line") == 12


def test_json_that_is_none_says_why() -> None:
    with pytest.raises(Unreadable, match="not valid JSON"):
        value_of(field({}), '{"a"', "json")
    with pytest.raises(Unreadable, match="write a JSON value"):
        value_of(field({}, required=True), " ", "json")
    assert value_of(field({}), " ", "json") is GONE


def test_placeholders() -> None:
    assert placeholder(field({"type": "string", "default": "a", "examples": ["b"]})) == "a"
    assert placeholder(field({"type": "string", "examples": ["b\x1b"]})) == "e.g. b␛"
    assert placeholder(field({"type": "string"})) == ""


def test_forms_of_a_union() -> None:
    one = {"type": "object", "title": "One", "properties": {"kind": {"const": "one"}, "x": {"type": "string"}}}
    body = field({"anyOf": [{"type": "string"}, one, {"type": "array"}, {"type": "null"}]})
    assert [branch.title for branch in body.branches] == ["Text", "One", "Array"]
    tried: list[Any] = ["t", {"kind": "one"}, [], 5, {"kind": "two"}]
    assert [branch_of(body, value) for value in tried] == [0, 1, 2, None, None]
    assert drawable(body, None)
    assert not drawable(body, 5)
    assert blank(body.branches[1]) == {"kind": "one"}
    assert loose(body).kind == "any"


def test_paths() -> None:
    document: dict[str, Any] = {"a": [{"b": 1}]}
    assert path_text(("a", 0, "b")) == "a[0].b"
    assert get(document, ("a", 0, "b")) == 1
    assert get(document, ("a", 1)) is GONE
    put(document, ("retry", "maxAttempts"), 3)
    put(document, ("a", 0, "b"), GONE)
    put(document, ("nothing", "here"), GONE)
    assert document == {"a": [{}], "retry": {"maxAttempts": 3}}
    with pytest.raises(LookupError):
        put(document, ("a", 5, "b"), 1)


def test_the_fields_of_every_step_are_described() -> None:
    assert {path_text(path) for path, _field in limits()} >= {"retry.maxAttempts", "timeoutMs", "saveAs"}
    assert all(shown.description and shown.kind != "json" for _path, shown in limits())
    assert step_fields()["timeoutMs"].title == "Timeout ms"


def test_a_schema_that_holds_its_own_kind_is_read_through_its_reference() -> None:
    node = {"type": "object", "properties": {"id": {"type": "string"}, "body": {"$ref": "#/$defs/Node"}}}
    fields = fields_of({"$ref": "#/$defs/Node", "$defs": {"Node": node}})
    assert fields is not None
    assert [field.key for field in fields] == ["id", "body"]
