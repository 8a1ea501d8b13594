"""A workflow document becomes steps and arrows, also while it is half written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowdesk.tui.draw.topology import Edge, Topology
from flowdesk.yaml_reader import read_yaml

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_every_form_of_next_is_an_arrow_with_its_label() -> None:
    topology = Topology.of(
        [
            {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "next": "check"},
            {"id": "check", "ref": "flow.if", "next": [{"to": "a", "label": "true"}, {"to": "b", "otherwise": True}]},
            {"id": "a", "name": "Ask Ada", "ref": "core.log", "next": ["c"], "onError": "b"},
            {"id": "b", "ref": "core.log", "next": [{"to": "c", "when": "data.n > 1"}]},
            {"id": "c", "ref": "core.log"},
        ]
    )
    assert [(node.id, node.label, node.kind) for node in topology.nodes] == [
        ("hook", "hook", "trigger"),
        ("check", "check", "branch"),
        ("a", "Ask Ada", "action"),
        ("b", "b", "branch"),
        ("c", "c", "action"),
    ]
    assert topology.edges == (
        Edge("hook", "check"),
        Edge("check", "a", "true"),
        Edge("check", "b", "otherwise"),
        Edge("a", "c"),
        Edge("a", "b", "error", failure=True),
        Edge("b", "c", "data.n > 1"),
    )
    assert topology.problems == ()
    assert topology.order() == ["hook", "check", "a", "b", "c"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_have_no_problems_and_every_step_its_place(path: Path) -> None:
    document, _ = read_yaml(path.read_text())
    topology = Topology.of(document["steps"], document.get("entryStepId"))
    assert topology.problems == ()
    assert sorted(topology.order()) == sorted(step["id"] for step in document["steps"])


@pytest.mark.parametrize(
    ("steps", "codes"),
    [
        ([{"id": "a", "next": "nowhere"}], ["unknown_step"]),
        ([{"id": "a"}, {"id": "a"}], ["duplicate_step"]),
        ([{"ref": "core.log"}, 7, None], ["missing_field", "wrong_type", "wrong_type"]),
        ([{"id": "a", "next": "b"}, {"id": "b", "next": "a"}], ["cycle"]),
        ([{"id": "a", "next": "a"}], ["self_arrow"]),
        ([{"id": "a", "next": [{"when": "x"}, 3]}], ["wrong_type", "wrong_type"]),
        ([{"id": "a", "onError": 4}], ["wrong_type"]),
        ([{"id": ["a"], "ref": {}, "type": [], "name": {}}], ["missing_field"]),
        ("steps", []),
        (None, []),
    ],
)
def test_what_is_broken_is_told_and_the_rest_is_there(steps: Any, codes: list[str]) -> None:
    topology = Topology.of(steps)
    assert [problem.code for problem in topology.problems] == codes
    wanted = sum(isinstance(step, dict) for step in steps) if isinstance(steps, list) else 0
    assert len({node.id for node in topology.nodes}) == len(topology.nodes) == wanted


def test_an_entry_that_is_no_step_is_told() -> None:
    assert [problem.field for problem in Topology.of([{"id": "a"}], "b").problems] == ["entryStepId"]


def test_a_copy_of_an_id_never_takes_the_name_of_another_step() -> None:
    ids = [node.id for node in Topology.of([{"id": "a"}, {"id": "a"}, {"id": "a (2)"}, {"id": "a"}]).nodes]
    assert len(set(ids)) == 4
    assert ids[0] == "a"


def test_names_and_conditions_are_clean() -> None:
    hostile = "\x1b[2J\u202e[red]x"
    topology = Topology.of([{"id": "a", "name": hostile, "next": [{"to": "b", "when": hostile}]}, {"id": "b"}])
    assert all(text.isprintable() for text in (topology.nodes[0].label, topology.edges[0].label))


def test_what_draws_alike_is_equal() -> None:
    steps: list[dict[str, Any]] = [{"id": "a", "next": "b", "params": {"x": 1}}, {"id": "b"}]
    changed = [{**steps[0], "params": {"x": 2}}, steps[1]]
    assert Topology.of(steps) == Topology.of(changed)
    assert hash(Topology.of(steps)) == hash(Topology.of(changed))
    assert Topology.of(steps) != Topology.of([{**steps[0], "name": "first"}, steps[1]])


def test_a_thousand_steps_in_one_chain_are_ordered() -> None:
    steps = [{"id": str(number), "next": str(number + 1)} for number in range(999)] + [{"id": "999"}]
    assert Topology.of(steps[::-1]).order() == [step["id"] for step in steps]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "a", "b", "c", "TRIGGER"]) | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "name", "type", "ref", "next", "onError", "to", "when", "label", "otherwise"]),
            below,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@given(VALUES)
def test_no_document_makes_it_fail(steps: Any) -> None:
    topology = Topology.of(steps)
    known = {node.id for node in topology.nodes}
    assert all({edge.source, edge.target} <= known for edge in topology.edges)


def test_steps_at_the_end_and_undo_steps_say_so() -> None:
    steps = [{"id": "charge", "undo": "refund"}, {"id": "refund", "name": "Pay back"}, {"id": "report"}]
    labels = [node.label for node in Topology.of(steps, None, ["report", 7]).nodes]
    assert labels == ["charge", "Pay back (undoes charge)", "report (finally)"]
    assert [node.label for node in Topology.of(steps, None, "report").nodes][2] == "report"
