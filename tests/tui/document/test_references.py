"""A step's name inside templates and conditions."""

from __future__ import annotations

import pytest

from flowdesk.tui.document.references import rename_in_condition, rename_in_params, rename_in_templates


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{steps.old.id}} of steps.old", "{{steps.new-1.id}} of steps.old"),
        ("{{#steps.old}}x{{/steps.old}}", "{{#steps.new-1}}x{{/steps.new-1}}"),
        ("{{{ steps.old }}}", "{{{ steps.new-1 }}}"),
        ("{{steps[\"old\"].x}}{{steps['old']}}", "{{steps[\"new-1\"].x}}{{steps['new-1']}}"),
        ("{{steps.older}}{{steps.old-er}}{{data.steps.old}}", "{{steps.older}}{{steps.old-er}}{{data.steps.old}}"),
        ('{{steps.old | default "steps.old"}}', '{{steps.new-1 | default "steps.old"}}'),
        ("{{! steps.old }}", "{{! steps.old }}"),
        ("{{=<% %>=}}{{steps.old}}<%steps.old%>", "{{=<% %>=}}{{steps.old}}<%steps.new-1%>"),
        ("{{steps.old", "{{steps.old"),
    ],
)
def test_names_in_templates(text: str, expected: str) -> None:
    assert rename_in_templates(text, "old", "new-1") == expected


@pytest.mark.parametrize(
    ("text", "new", "expected"),
    [
        ("steps.old.ok && data.x", "fresh", "steps.fresh.ok && data.x"),
        ("steps.old-1", "fresh", "steps.fresh-1"),
        ("steps.old.ok", "a-b", 'steps["a-b"].ok'),
        ('steps["old"] == "steps.old"', "fresh", 'steps["fresh"] == "steps.old"'),
        ("mysteps.old + data.steps.old + steps.older", "fresh", "mysteps.old + data.steps.old + steps.older"),
    ],
)
def test_names_in_conditions(text: str, new: str, expected: str) -> None:
    assert rename_in_condition(text, "old", new) == expected


def test_only_conditions_are_read_as_such() -> None:
    params = {"condition": "steps.old.ok", "cases": [{"when": "steps.old.n > 1"}], "message": "see steps.old"}
    renamed = {"condition": "steps.new.ok", "cases": [{"when": "steps.new.n > 1"}], "message": "see steps.old"}
    assert rename_in_params(params, "old", "new", None) == renamed
    assert rename_in_params(params, "old", "new", ["condition", "cases[].when"]) == renamed
    assert rename_in_params(params, "old", "new", ["message"]) == {**params, "message": "see steps.new"}
