"""Edits of a workflow's steps, arrows and values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flowdesk.replies import StepKind
from flowdesk.tui.document.arrows import connect, disconnect, set_value, set_workflow_value
from flowdesk.tui.document.basics import Change, EditRefused, fresh_id
from flowdesk.tui.document.edits import (
    add_after,
    add_before,
    add_branch,
    copied,
    duplicate,
    new_step,
    rename,
    reorder,
)
from flowdesk.tui.document.removal import remove
from flowdesk.tui.draw.paths import GONE
from tests.tui.document.shop import body, step
from tests.tui.world import kinds

LOG: dict[str, Any] = {"id": "core.log", "ref": "core.log", "params": {"message": "hello"}}


def _ids(change: Change) -> list[str]:
    return [found["id"] for found in change.document["steps"]]


def test_a_step_is_added_between_two() -> None:
    change = add_after(body(), "order", LOG)
    assert _ids(change) == ["order", "core_log", "reserve", "ship", "wait"]
    assert step(change.document, "order")["next"] == "core_log"
    assert step(change.document, "core_log")["next"] == "reserve"
    assert (change.step, change.what) == ("core_log", "Add step core_log")


def test_behind_a_branching_step_the_first_way_leads_through_the_new_one() -> None:
    change = add_after(body(), "reserve", LOG)
    assert step(change.document, "reserve")["next"] == [
        {"to": "core_log", "when": "steps.reserve.body.ok"},
        {"to": "wait", "otherwise": True},
    ]
    assert step(change.document, "core_log")["next"] == "ship"


def test_a_step_is_added_before_another() -> None:
    change = add_before({**body(), "entryStepId": "reserve"}, "reserve", LOG)
    assert step(change.document, "order")["next"] == "core_log"
    assert step(change.document, "core_log")["next"] == "reserve"
    assert change.document["entryStepId"] == "core_log"


def test_nothing_comes_before_a_trigger() -> None:
    with pytest.raises(EditRefused, match="trigger"):
        add_before(body(), "order", LOG)


@pytest.mark.parametrize("add", [add_after, add_before])
def test_a_trigger_leads_to_the_step_it_is_added_to_and_never_the_other_way(add: Callable[..., Change]) -> None:
    cron: dict[str, Any] = {"id": "cron", "type": "TRIGGER", "ref": "schedule.cron"}
    changed = add(body(), "reserve", cron).document
    assert [found["id"] for found in changed["steps"]] == ["order", "cron", "reserve", "ship", "wait"]
    assert step(changed, "cron")["next"] == "reserve"
    assert step(changed, "order") == step(body(), "order")
    beside = add(changed, "order", cron).document
    assert step(beside, "cron_2")["next"] == "reserve"
    with pytest.raises(EditRefused, match="no branch leads"):
        add_branch(body(), "reserve", cron, {})


def test_the_first_step_of_an_empty_workflow_stands_alone() -> None:
    assert add_after({"name": "empty"}, None, LOG).document["steps"] == [{**LOG, "id": "core_log"}]


def test_a_branch_has_its_condition() -> None:
    change = add_branch(body(), "ship", LOG, {"when": "data.big"})
    assert step(change.document, "ship")["next"] == [{"to": "core_log", "when": "data.big"}]


def test_a_copy_comes_behind_the_original() -> None:
    change = duplicate(body(), "ship")
    assert _ids(change) == ["order", "reserve", "ship", "ship_2", "wait"]
    assert step(change.document, "ship_2")["params"] == step(body(), "ship")["params"]
    assert _ids(add_after(change.document, "ship_2", copied(change.document, "ship_2")))[4] == "ship_3"


def test_renaming_says_the_new_name_everywhere() -> None:
    document = body()
    step(document, "ship")["onError"] = "reserve"
    document["entryStepId"] = "reserve"
    changed = rename(document, "reserve", "take").document
    assert step(changed, "order")["next"] == "take"
    assert step(changed, "take")["next"][0]["when"] == "steps.take.body.ok"
    assert step(changed, "ship")["params"]["message"] == "goes out: {{steps.take.id}}"
    assert (step(changed, "ship")["onError"], changed["entryStepId"]) == ("take", "take")
    assert rename(changed, "take", "reserve").document == document


@pytest.mark.parametrize("new", ["", "a b", "ship", "-x", "x" * 65, "\x1b[2J", "a\n"])
def test_a_bad_or_taken_name_is_refused(new: str) -> None:
    with pytest.raises(EditRefused):
        rename(body(), "reserve", new)


def test_steps_are_moved_in_the_list() -> None:
    assert _ids(reorder(body(), "wait", 1)) == ["order", "wait", "reserve", "ship"]


def test_arrows_are_drawn_and_taken_away() -> None:
    drawn = connect(body(), "ship", "wait", {"when": "data.x"}).document
    assert step(drawn, "ship")["next"] == [{"to": "wait", "when": "data.x"}]
    assert step(connect(drawn, "ship", "wait").document, "ship")["next"] == "wait"
    assert disconnect(drawn, "ship", "wait").document == body()


def test_routes_to_one_step_are_arrows_of_their_own() -> None:
    drawn = connect(connect(body(), "ship", "wait", {"label": "true"}).document, "ship", "wait", {"label": "false"})
    left = disconnect(drawn.document, "ship", "wait", "true").document
    assert step(left, "ship")["next"] == [{"to": "wait", "label": "false"}]


@pytest.mark.parametrize(("source", "target"), [("ship", "ship"), ("ship", "order"), ("ship", "nobody")])
def test_an_arrow_that_cannot_be_is_refused(source: str, target: str) -> None:
    with pytest.raises(EditRefused):
        connect(body(), source, target)


def test_values_are_put_and_taken_away() -> None:
    changed = set_value(body(), "wait", ("retry", "maxAttempts"), 3).document
    assert step(changed, "wait")["retry"] == {"maxAttempts": 3}
    assert set_value(changed, "wait", ("retry",), GONE).document == body()
    assert set_workflow_value(body(), ("timezone",), "Europe/Berlin").document["timezone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    "edit",
    [
        lambda: set_value(body(), "wait", ("id",), "x"),
        lambda: set_value(body(), "wait", (), "x"),
        lambda: set_value(body(), "wait", ("ref", "below"), "x"),
        lambda: set_workflow_value(body(), ("steps",), []),
        lambda: disconnect(body(), "ship", "wait"),
        lambda: remove(body(), "nobody"),
    ],
)
def test_an_edit_without_its_place_is_refused(edit: Callable[[], Change]) -> None:
    with pytest.raises(EditRefused):
        edit()


def test_no_edit_changes_what_it_is_given() -> None:
    document = body()
    for change in (add_after(document, "reserve", LOG), remove(document, "reserve"), rename(document, "reserve", "x")):
        step(change.document, "wait")["params"]["message"] = "changed"
    assert document == body()


def test_ids_are_readable_and_unique() -> None:
    taken = {"steps": [{"id": "http_request"}, {"id": "http_request_2"}, {"id": "step"}]}
    assert fresh_id(taken, "http.request") == "http_request_3"
    assert fresh_id(taken, "http_request_2") == "http_request_3"
    assert fresh_id(taken, "[/] \u202e") == "step_2"
    assert len(fresh_id({"steps": []}, "x" * 100)) <= 64


def test_a_new_step_begins_with_its_first_example() -> None:
    kind: StepKind = {
        "ref": "core.log",
        "kind": "action",
        "title": "Log",
        "description": "",
        "effect": "pure",
        "params": None,
        "examples": [{"title": "hello", "params": {"message": "hello"}}],
        "source": "core",
    }
    assert new_step(kind) == LOG
    assert new_step({**kind, "kind": "trigger", "examples": []})["type"] == "TRIGGER"


CLEANING: dict[str, Any] = {
    "name": "w",
    "finally": ["report"],
    "outputs": {"paid": "steps.charge.amount"},
    "steps": [
        {"id": "charge", "ref": "core.log", "undo": "refund"},
        {"id": "open", "ref": "flow.wait", "params": {"signal": "x", "untilStep": "charge"}},
        {"id": "refund", "ref": "core.log"},
        {"id": "report", "ref": "core.log", "next": "archive"},
        {"id": "archive", "ref": "core.log"},
    ],
}


def test_a_new_id_is_said_by_undo_finally_and_waits_too() -> None:
    changed = rename(CLEANING, "refund", "give_back").document
    changed = rename(changed, "report", "tell").document
    changed = rename(changed, "charge", "pay").document
    assert step(changed, "pay")["undo"] == "give_back"
    assert changed["finally"] == ["tell"]
    assert step(changed, "open")["params"]["untilStep"] == "pay"
    assert changed["outputs"] == {"paid": "steps.pay.amount"}


@pytest.mark.parametrize(
    ("ref", "params", "renamed"),
    [
        (
            "flow.foreach",
            {"items": "steps.old.list", "as": "steps.old"},
            {"items": "steps.new.list", "as": "steps.old"},
        ),
        ("flow.foreach", {"items": ["{{steps.old}}", "steps.old"]}, {"items": ["{{steps.new}}", "steps.old"]}),
        ("flow.repeat", {"until": "result.n > steps.old.n"}, {"until": "result.n > steps.new.n"}),
        ("flow.switch", {"cases": [{"when": "steps.old.n"}]}, {"cases": [{"when": "steps.new.n"}]}),
        (
            "core.log",
            {"message": "steps.old", "condition": "steps.old"},
            {"message": "steps.old", "condition": "steps.old"},
        ),
        ("nobody.knows", {"condition": "steps.old.n"}, {"condition": "steps.new.n"}),
    ],
)
def test_expressions_are_found_by_what_the_server_says_of_the_kind(
    ref: str, params: dict[str, Any], renamed: dict[str, Any]
) -> None:
    document = {"name": "w", "steps": [{"id": "old", "ref": "core.log"}, {"id": "x", "ref": ref, "params": params}]}
    known = {kind["ref"]: kind["expressions"] for kind in kinds()}
    assert step(rename(document, "old", "new", known).document, "x")["params"] == renamed


def test_a_step_that_is_removed_undoes_nothing_and_gives_its_place_at_the_end_to_the_next() -> None:
    changed = remove(remove(CLEANING, "refund").document, "report").document
    assert "undo" not in step(changed, "charge")
    assert changed["finally"] == ["archive"]
    assert "finally" not in remove(changed, "archive").document
