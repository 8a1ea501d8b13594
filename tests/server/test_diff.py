"""What the comparison of two versions says."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from server.diff import workflow_changes

STEP = {"id": "a", "ref": "data.set", "params": {"values": {"x": 1}}, "next": "b"}


def document(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "w", "steps": list(steps), **more}


def test_equal_documents_have_no_changes() -> None:
    before = document(STEP, version=1, updatedAt="2026-11-23T09:12:00.000Z")
    assert workflow_changes(before, {**before, "version": 2, "updatedAt": "2026-11-24T09:12:00.000Z"}) == []


def test_every_kind_of_change_has_its_path() -> None:
    before = document(STEP, {"id": "b", "ref": "core.log"}, tags=["x", "y"], timezone="UTC")
    after = document(
        {**STEP, "params": {"values": {"x": 2, "a.b": True}}, "next": ["b", {"to": "c", "when": "true"}]},
        {"id": "c", "ref": "core.log"},
        tags=["x"],
        name="W",
    )
    changes = workflow_changes(before, after)
    assert {(change["path"], change["kind"]) for change in changes} == {
        ("name", "changed"),
        ("timezone", "removed"),
        ("tags[1]", "removed"),
        ("steps.a.params.values.x", "changed"),
        ('steps.a.params.values["a.b"]', "added"),
        ("steps.a.next", "changed"),
        ("steps.b", "removed"),
        ("steps.c", "added"),
    }
    x = next(change for change in changes if change["path"] == "steps.a.params.values.x")
    assert (x["before"], x["after"]) == (1, 2)


def test_a_moved_step_is_a_change_of_order_only() -> None:
    other = {"id": "b", "ref": "core.log"}
    assert workflow_changes(document(STEP, other), document(other, STEP)) == [
        {"path": "steps", "kind": "changed", "before": ["a", "b"], "after": ["b", "a"]}
    ]


def test_values_that_python_calls_equal_differ() -> None:
    changes = workflow_changes(document(flag=True, n=1), document(flag=1, n=1.0))
    assert [change["path"] for change in changes] == ["flag", "n"]


def test_paths_quote_what_is_no_plain_word() -> None:
    (change,) = workflow_changes(document(), document(**{'a "b"\\': 1}))
    assert change["path"] == '["a \\"b\\"\\\\"]'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_there_are_changes_exactly_when_something_differs(before: Any, after: Any) -> None:
    changes = workflow_changes(document(params=before), document(params=after))
    same = repr(before) == repr(after) or (before == after and _typed(before) == _typed(after))
    assert (changes == []) == same
    mirrored = workflow_changes(document(params=after), document(params=before))
    assert sorted(change["path"] for change in changes) == sorted(change["path"] for change in mirrored)


def _typed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (type(value).__name__, value)
