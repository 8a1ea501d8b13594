from __future__ import annotations

from typing import Any

from flowdesk.show.changes import change_lines, changes_between
from flowdesk.show.paint import Paint


def _lines(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return change_lines(changes_between(before, after), Paint())


def test_steps_are_compared_by_id() -> None:
    before = {"name": "x", "steps": [{"id": "a", "params": {"url": "http://1"}}, {"id": "b"}, {"id": "c"}]}
    after = {"name": "x", "steps": [{"id": "a", "params": {"url": "http://2"}}, {"id": "c"}, {"id": "d", "ref": "r"}]}
    assert _lines(before, after) == [
        '~ steps.a.params.url: "http://1" → "http://2"',
        '- steps.b: {"id":"b"}',
        '+ steps.d: {"id":"d","ref":"r"}',
    ]


def test_another_order_is_one_change() -> None:
    before = {"steps": [{"id": "a"}, {"id": "b"}]}
    assert _lines(before, {"steps": [{"id": "b"}, {"id": "a"}]}) == ['~ steps: ["a","b"] → ["b","a"]']


def test_lists_true_and_1() -> None:
    assert _lines({"t": [1, 2]}, {"t": [True]}) == ["~ t[0]: 1 → true", "- t[1]: 2"]
    assert _lines({"t": {"a": [1]}}, {"t": {"a": [1]}}) == []
    assert _lines({"t": {"a": 1}}, {"t": [1]}) == ['~ t: {"a":1} → [1]']


def test_values_are_clean_and_short() -> None:
    """Row 52: a changed value is shown on one line, whatever is in it."""
    (line,) = _lines({}, {"a\x1b": "\x1b[2J\n" + "x" * 200})
    assert line.startswith("+ a␛: ")
    assert len(line) < 80
    assert "\x1b" not in line
