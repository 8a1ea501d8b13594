"""Bringing two people's changes together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdesk.tui.document.arrows import set_value, set_workflow_value
from flowdesk.tui.document.basics import Document
from flowdesk.tui.document.edits import add_after, reorder
from flowdesk.tui.document.merge import three_way
from flowdesk.tui.document.removal import remove
from flowdesk.tui.draw.paths import GONE
from tests.tui.document.shop import body, step

LOG: dict[str, Any] = {"id": "log", "ref": "core.log"}


def _said(step_id: str, text: str) -> Document:
    return set_value(body(), step_id, ("params", "message"), text).document


def test_different_steps_do_not_conflict() -> None:
    merged = three_way(body(), _said("ship", "mine"), _said("wait", "theirs"))
    assert merged.conflicts == ()
    assert step(merged.document, "ship")["params"]["message"] == "mine"
    assert step(merged.document, "wait")["params"]["message"] == "theirs"


def test_the_same_step_is_a_conflict_with_a_choice() -> None:
    mine, theirs = _said("ship", "mine"), _said("ship", "theirs")
    merged = three_way(body(), mine, theirs)
    assert [(c.name, c.step) for c in merged.conflicts] == [("steps.ship", "ship")]
    assert merged.document == mine
    assert [c.name for c in merged.undecided({})] == ["steps.ship"]
    assert merged.undecided({"steps.ship": "mine"}) == []
    assert three_way(body(), mine, theirs, {"steps.ship": "theirs"}).document == theirs


def test_removed_here_and_changed_there_is_a_conflict() -> None:
    merged = three_way(body(), remove(body(), "ship").document, _said("ship", "theirs"))
    conflict = next(c for c in merged.conflicts if c.step == "ship")
    assert conflict.mine is GONE
    assert conflict.theirs["params"]["message"] == "theirs"


def test_fields_of_the_workflow_merge_one_by_one() -> None:
    mine = set_workflow_value(body(), ("timezone",), "Europe/Berlin").document
    theirs = set_workflow_value(body(), ("name",), "Orders").document
    merged = three_way(body(), mine, theirs)
    assert (merged.document["timezone"], merged.document["name"], merged.conflicts) == ("Europe/Berlin", "Orders", ())


def test_true_is_not_one() -> None:
    one, yes = ({**body(), "flag": value} for value in (1, True))
    assert [c.name for c in three_way(body(), one, yes).conflicts] == ["flag"]


def test_both_add_steps() -> None:
    merged = three_way(
        body(), add_after(body(), "order", {**LOG, "id": "a"}).document, add_after(body(), "wait", LOG).document
    )
    assert merged.conflicts == ()
    assert [s["id"] for s in merged.document["steps"]] == ["order", "a", "reserve", "ship", "wait", "log"]


def test_moving_differently_is_a_conflict_of_order() -> None:
    mine, theirs = reorder(body(), "wait", 0).document, reorder(body(), "ship", 0).document
    merged = three_way(body(), mine, theirs)
    assert [c.name for c in merged.conflicts] == ["steps"]
    assert merged.document == mine
    assert three_way(body(), mine, theirs, {"steps": "theirs"}).document == theirs


_steps = st.lists(
    st.builds(
        lambda i, m: {"id": i, "ref": "core.log", "params": {"m": m}}, st.sampled_from("abcdef"), st.integers(0, 2)
    ),
    unique_by=lambda s: str(s["id"]),
    max_size=6,
)
_documents = st.builds(
    lambda steps, fields: {**fields, "steps": steps},
    _steps,
    st.dictionaries(st.sampled_from(["name", "timezone", "enabled"]), st.one_of(st.booleans(), st.integers(0, 1))),
)


@given(_documents, _documents)
def test_against_no_change_the_other_side_stands(base: Document, changed: Document) -> None:
    for merged in (three_way(base, changed, base), three_way(base, base, changed), three_way(base, changed, changed)):
        assert merged.conflicts == ()
        assert merged.document == changed


@given(_documents, _documents, _documents)
def test_choosing_a_side_gives_its_steps(base: Document, mine: Document, theirs: Document) -> None:
    conflicts = three_way(base, mine, theirs).conflicts
    chosen = three_way(base, mine, theirs, {c.name: "theirs" for c in conflicts}).document
    found = {s["id"]: s for s in chosen["steps"]}
    for conflict in conflicts:
        if conflict.step is not None:
            assert found.get(conflict.step, GONE) == conflict.theirs


@pytest.mark.parametrize("name", ["[/", "[red]x", "\x1b[2J", "\u202e"])
def test_names_are_only_names(name: str) -> None:
    hostile = {**body(), "name": name}
    assert three_way(body(), hostile, body()).document["name"] == name
