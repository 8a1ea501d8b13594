from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from engine.sdk import Stop
from tests.plugins.support import Recorder, checked, run


async def test_set_keeps_values_as_they_are() -> None:
    values = {"a": None, "b": [1, {"c": 2.5}], "with.dot": True, "": ""}
    assert (await run("data.set", {"values": values})).data == values


async def test_pick_takes_any_value() -> None:
    ctx = Recorder(data={"list": [1, 2, 3], "customer": {"name": "Ali"}})
    assert (await run("data.pick", {"expression": "data.customer"}, ctx)).data == {"name": "Ali"}
    assert (await run("data.pick", {"expression": "size(data.list)"}, ctx)).data == 3
    assert (await run("data.pick", {"expression": "data.list.map(x, x * 2)", "as": "double"}, ctx)).data == {
        "double": [2, 4, 6]
    }


async def test_pick_says_what_is_missing() -> None:
    with pytest.raises(Stop, match="nothing_here"):
        await run("data.pick", {"expression": "data.nothing_here"})


@pytest.mark.parametrize(
    ("sources", "deep", "output"),
    [
        ([{"a": 1, "b": 1}, {"b": 2}, {"c": 3}], False, {"a": 1, "b": 2, "c": 3}),
        ([{"a": {"x": 1}}, {"a": {"y": 2}}], False, {"a": {"y": 2}}),
        ([{"a": {"x": 1}}, {"a": {"y": 2}}], True, {"a": {"x": 1, "y": 2}}),
        ([{"a": {"x": 1}}, {"a": 5}, {"a": {"y": 2}}], True, {"a": {"y": 2}}),
        ([{"a": [1, 2]}, {"a": [3]}], True, {"a": [3]}),
        ([{"a": {"x": {"p": 1}}}, {"a": {"x": {"q": 2}}}], True, {"a": {"x": {"p": 1, "q": 2}}}),
        ([{"a": 1}, None], True, {"a": 1}),
        ([None], False, {}),
        ([{"a": {"x": 1}}, {"a": None}], True, {"a": None}),
    ],
)
async def test_merge(sources: list[Any], deep: bool, output: dict[str, Any]) -> None:
    assert (await run("data.merge", {"sources": sources, "deep": deep})).data == output


async def test_merge_changes_no_source() -> None:
    first: dict[str, Any] = {"a": {"x": 1}}
    await run("data.merge", {"sources": [first, {"a": {"y": 2}}], "deep": True})
    assert first == {"a": {"x": 1}}


async def test_merge_of_deep_objects() -> None:
    """Row 23: the deepest JSON that is let in can be merged."""
    deep: dict[str, Any] = {}
    for _ in range(99):
        deep = {"a": deep}
    assert (await run("data.merge", {"sources": [deep, deep], "deep": True})).data == deep


@pytest.mark.parametrize(
    ("ref", "params"),
    [
        ("data.set", {}),
        ("data.set", {"values": [1]}),
        ("data.set", {"value": {}}),
        ("data.pick", {"expression": ""}),
        ("data.pick", {"expression": "1", "as": "two words"}),
        ("data.pick", {"expression": "1" * 2001}),
        ("data.merge", {"sources": []}),
        ("data.merge", {"sources": [[1]]}),
        ("data.merge", {"sources": "text"}),
    ],
)
def test_refuses_at_save(ref: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        checked(ref, params)
