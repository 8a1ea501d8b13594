"""Removing a step: what led to it leads to everything that came next, and the workflow stays one that can be saved."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph import validate
from flowdesk.tui.document.removal import loose, remove
from tests.tui.document.shop import body, step
from tests.tui.world import registry

Next = Any
FOLLOWING = ("ship", "wait", "tell")


def _document(before: Next, after: Next, **gone: Any) -> dict[str, Any]:
    """`start` leads to `gone` and perhaps elsewhere, which leads to some of three steps."""
    last = [{"id": name, "ref": "core.log", "params": {"message": name}} for name in FOLLOWING]
    return {
        "name": "w",
        "steps": [
            {"id": "start", "type": "TRIGGER", "ref": "manual", "next": before},
            {"id": "gone", "ref": "flow.if", "params": {"condition": "data.ok"}, "next": after, **gone},
            *last,
        ],
    }


YES = {"to": "ship", "when": "data.paid"}
NO = {"to": "wait", "otherwise": True}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("gone", "ship", "ship", id="one to one"),
        pytest.param("gone", ["ship", "wait"], ["ship", "wait"], id="a fork"),
        pytest.param("gone", None, None, id="an end"),
        pytest.param("gone", [YES, NO], [YES, NO], id="a branch moves as it is"),
        pytest.param(["gone", "tell"], [YES, NO], [YES, NO, "tell"], id="a branch beside a plain arrow"),
        pytest.param(["gone", "wait"], [YES, NO], [YES, "wait"], id="where it leads anyway it leads once"),
        pytest.param(
            [{"to": "gone", "when": "data.big"}, {"to": "tell", "otherwise": True}],
            [YES, NO],
            [
                {"to": "ship", "when": "(data.big) && (data.paid)"},
                {"to": "wait", "when": "(data.big) && (!(data.paid))"},
                {"to": "tell", "otherwise": True},
            ],
            id="both conditions",
        ),
        pytest.param(
            [{"to": "tell", "when": "data.big"}, {"to": "gone", "otherwise": True}],
            [YES, "wait"],
            [
                {"to": "tell", "when": "data.big"},
                {"to": "ship", "when": "(!(data.big)) && (data.paid)"},
                {"to": "wait", "when": "!(data.big)"},
            ],
            id="otherwise becomes what it stands for",
        ),
        pytest.param(
            [{"to": "tell", "when": "data.big"}, {"to": "gone", "otherwise": True}],
            "wait",
            [{"to": "tell", "when": "data.big"}, {"to": "wait", "otherwise": True}],
            id="otherwise stays where it can",
        ),
    ],
)
def test_every_target_is_led_to_on_the_same_conditions(before: Next, after: Next, expected: Next) -> None:
    document = _document(before, after)
    change = remove(document, "gone")
    assert step(change.document, "start").get("next") == expected
    assert loose(document, change.document) == []
    assert "without" not in change.note
    _can_be_saved(change.document)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        pytest.param(
            [{"to": "ship", "label": "true"}, {"to": "wait", "label": "false"}], ["ship", "wait"], id="routes"
        ),
        pytest.param([{"to": "ship", "when": "steps.gone.ok"}, NO], ["ship", "wait"], id="its output"),
        pytest.param([{"to": "ship", "label": "true"}, NO], ["ship", "wait"], id="a route or else"),
        pytest.param(
            [{"to": "ship", "when": "steps.gone.ok"}, {"to": "wait", "when": "data.x"}],
            ["ship", {"to": "wait", "when": "data.x"}],
            id="one of two",
        ),
    ],
)
def test_conditions_that_only_the_step_could_answer_go_with_it_and_that_is_said(after: Next, expected: Next) -> None:
    document = _document("gone", after)
    change = remove(document, "gone")
    assert step(change.document, "start")["next"] == expected
    assert change.note == "start leads to ship and wait now, without the conditions that gone had for that"
    assert loose(document, change.document) == []
    _can_be_saved(change.document)


def test_a_route_leads_to_all() -> None:
    before = [{"to": "gone", "label": "true"}, {"to": "tell", "label": "false"}]
    document = _document("start", before)
    document["steps"][1:1] = [{"id": "before", "ref": "flow.if", "params": {"condition": "data.x"}, "next": before}]
    document["steps"][0]["next"] = "before"
    step(document, "gone")["next"] = [YES, NO]
    change = remove(document, "gone")
    assert step(change.document, "before")["next"] == [
        {"to": "ship", "label": "true"},
        {"to": "wait", "label": "true"},
        {"to": "tell", "label": "false"},
    ]
    assert "without" in change.note
    _can_be_saved(change.document)


def test_beside_routes_otherwise_leads_to_the_first_and_the_rest_is_named() -> None:
    """A step has one arrow with `otherwise`, and no condition can ask for a route."""
    document = _document("before", ["ship", "wait"])
    before = [{"to": "tell", "label": "true"}, {"to": "gone", "otherwise": True}]
    document["steps"][1:1] = [{"id": "before", "ref": "flow.if", "params": {"condition": "data.x"}, "next": before}]
    change = remove(document, "gone")
    assert step(change.document, "before")["next"][1] == {"to": "ship", "otherwise": True}
    assert change.note == "before leads to ship now"
    assert loose(document, change.document) == ["wait"]


def test_all_that_led_to_it_lead_on() -> None:
    document = _document(["gone", "tell"], [YES, NO])
    step(document, "tell")["next"] = "gone"
    change = remove(document, "gone")
    assert step(change.document, "tell")["next"] == [YES, NO]
    assert change.note == "start and tell lead to ship and wait now"
    _can_be_saved(change.document)


def test_a_branch_target_takes_its_arrow_along() -> None:
    change = remove(body(), "ship")
    assert step(change.document, "reserve")["next"] == [{"to": "wait", "otherwise": True}]
    assert (change.step, change.note) == ("wait", "")


def test_errors_and_the_entry_are_mended() -> None:
    document = body()
    step(document, "reserve")["onError"] = "ship"
    document["entryStepId"] = "ship"
    changed = remove(document, "ship").document
    assert "onError" not in step(changed, "reserve")
    assert "entryStepId" not in changed


def test_an_error_leads_to_one_step_only_and_the_others_are_named() -> None:
    document = _document("tell", ["ship", "wait"])
    step(document, "tell")["onError"] = "gone"
    change = remove(document, "gone")
    assert step(change.document, "tell")["onError"] == "ship"
    assert loose(document, change.document) == ["wait"]


def test_without_its_trigger_a_workflow_begins_with_its_first_step() -> None:
    document = _document("gone", ["ship", "wait"])
    assert loose(document, remove(document, "start").document) == []


def _can_be_saved(document: dict[str, Any]) -> None:
    _draft, problems = validate(document, registry())
    # A step that nothing leads to because its arrows were not drawn in this test says nothing about removing.
    assert [p for p in problems if p.code != "unreachable_step"] == []
