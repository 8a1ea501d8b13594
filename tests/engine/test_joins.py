"""Joins that need some of their arrows, what becomes of the rest, and what the journal says of skipped steps."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph import validate
from engine.inputs import Recover
from engine.models.event import EventType
from tests.engine.kit import Play, make_plan, make_registry


def fan(join: Any, *, legs: str = "bcd") -> list[dict[str, Any]]:
    return [
        {"id": "a", "ref": "t.work", "next": list(legs)},
        *({"id": leg, "ref": "t.work", "next": "j"} for leg in legs),
        {"id": "j", "ref": "t.echo", "join": join},
    ]


def skipped(play: Play, step_id: str) -> dict[str, Any]:
    (event,) = [e for e in play.events if e.type is EventType.STEP_SKIPPED and e.step_id == step_id]
    return event.data


def test_a_join_starts_once_enough_arrows_were_taken() -> None:
    play = Play(make_plan(*fan({"count": 2})))
    play.end("a")
    assert play.end("b").ready == []
    assert play.end("c").ready == ["j"]
    play.end("j")
    assert play.state.phase == "running", "what was left to itself still runs to its end"
    play.end("d")
    assert play.state.phase == "succeeded"
    assert play.kinds().count("step.started j") == 1


def test_with_rest_cancel_what_leads_only_to_the_join_is_stopped() -> None:
    steps = fan({"count": 1, "rest": "cancel"})
    steps[3]["next"] = "e"  # d leads to e, which leads to j; c leads elsewhere, too
    steps[2]["next"] = ["j", "elsewhere"]
    play = Play(make_plan(*steps, {"id": "e", "next": "j"}, {"id": "elsewhere"}))
    play.end("a")
    play.start("c")
    play.start("d")
    decision = play.end("b")
    assert decision.stopped
    assert decision.ready == ["j"]
    assert play.statuses() | {"a": ""} == {
        "a": "",
        "b": "SUCCESS",
        "c": "RUNNING",
        "d": "CANCELLED",
        "e": "SKIPPED",
        "j": "PENDING",
        "elsewhere": "PENDING",
    }
    assert skipped(play, "e") == {"reason": "j has started without it", "code": "join_started", "by": "j"}
    play.end("j")
    play.done("c")
    play.end("elsewhere")
    assert play.state.phase == "succeeded"
    assert play.refold() == play.state


def test_a_cancelled_step_does_not_come_back_after_a_crash() -> None:
    """R3: the journal says that it is over."""
    play = Play(make_plan(*fan({"count": 1, "rest": "cancel"})))
    play.end("a")
    play.start("c")
    play.end("b")
    play.give(Recover())
    assert play.ready() == ["j"]
    play.end("j")
    assert play.state.phase == "succeeded"


def test_too_few_arrows_skip_the_join_and_say_why() -> None:
    steps = fan({"count": 2})
    steps[2]["next"] = [{"to": "j", "when": "data.n > 1"}]
    steps[3]["next"] = [{"to": "j", "when": "data.n > 2"}]
    play = Play(make_plan(*steps), {"n": 0})
    for step_id in "abcd":
        play.end(step_id)
    assert play.state.phase == "succeeded"
    assert skipped(play, "j") == {
        "reason": "only 1 of the 2 arrows it needs were taken: the condition of c (next[0].when) did not hold;"
        " the condition of d (next[0].when) did not hold",
        "code": "too_few_arrows",
        "arrows": [
            {"from": "c", "arrow": "next[0]", "why": "condition_false"},
            {"from": "d", "arrow": "next[0]", "why": "condition_false"},
        ],
    }


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        ([{"id": "a", "ref": "t.route", "next": [{"to": "z", "label": "yes"}]}], "route_not_chosen"),
        (
            [{"id": "a", "next": [{"to": "b", "when": "true"}, {"to": "z", "otherwise": True}]}, {"id": "b"}],
            "otherwise_not_needed",
        ),
        ([{"id": "a", "onError": "z"}], "no_error"),
        ([{"id": "a", "next": [{"to": "z", "when": "false"}]}], "condition_false"),
        (
            [{"id": "a", "next": [{"to": "b", "when": "false"}]}, {"id": "b", "next": "z"}],
            "source_skipped",
        ),
    ],
)
def test_the_journal_says_why_an_arrow_was_not_taken(steps: list[dict[str, Any]], why: str) -> None:
    play = Play(make_plan(*steps, {"id": "z"}))
    play.end("a", goto="no" if why == "route_not_chosen" else None)
    said = skipped(play, "z")
    assert said["code"] == "no_arrow_taken"
    assert [arrow["why"] for arrow in said["arrows"]] == [why]


def test_an_arrow_beside_the_error_arrow_names_the_failure() -> None:
    play = Play(make_plan({"id": "a", "next": "z", "onError": "y"}, {"id": "y"}, {"id": "z"}))
    play.fail("a")
    assert skipped(play, "z")["arrows"] == [{"from": "a", "arrow": "next", "why": "source_failed"}]
    assert skipped(play, "z")["reason"] == "no arrow to it was taken: a failed"


@pytest.mark.parametrize(
    ("join", "arrows", "message"),
    [
        ({"count": 4}, [], "the join needs 4 arrows, but 3 lead to it"),
        (
            {"count": 4},
            [{"to": "j", "label": "yes"}, {"to": "j", "label": "no"}],
            "the join needs 4 arrows, but no run takes more than 3 of the 4 that lead to it",
        ),
    ],
)
def test_a_join_that_no_run_satisfies_is_refused(join: Any, arrows: list[Any], message: str) -> None:
    steps = fan(join)
    if arrows:
        steps[1].update(ref="t.route", next=arrows)
    draft, problems = validate({"name": "n", "steps": steps}, make_registry())
    assert draft is None
    assert [(p.code, p.step_id, p.field, p.message) for p in problems] == [
        ("join_never_satisfied", "j", "join.count", message)
    ]
    assert problems[0].hint


@pytest.mark.parametrize("join", [{"count": 0}, {"count": 1, "rest": "keep"}, {"rest": "cancel"}, "some"])
def test_other_joins_are_refused(join: Any) -> None:
    draft, problems = validate({"name": "n", "steps": fan(join)}, make_registry())
    assert draft is None
    assert all(problem.step_id == "j" and str(problem.field).startswith("join") for problem in problems)


@pytest.mark.parametrize("when", ["data.a + 1", "size(data.list)", '"yes"', "data.list.map(x, x)", "[true]", "(1)"])
def test_a_condition_that_is_never_true_or_false_is_refused(when: str) -> None:
    steps: list[dict[str, Any]] = [{"id": "a", "next": [{"to": "b", "when": when}]}, {"id": "b"}]
    draft, problems = validate({"name": "n", "steps": [{"ref": "t.echo", **s} for s in steps]}, make_registry())
    assert draft is None
    assert [(p.code, p.step_id, p.field) for p in problems] == [("not_a_condition", "a", "next[0].when")]


@pytest.mark.parametrize("when", ["data.ok", "data.a + 1 > 2", "has(data.x)", "data.l.exists(x, x > 1)", "!data.ok"])
def test_a_condition_that_may_be_true_is_accepted(when: str) -> None:
    steps = [{"id": "a", "ref": "t.echo", "next": [{"to": "b", "when": when}]}, {"id": "b", "ref": "t.echo"}]
    assert validate({"name": "n", "steps": steps}, make_registry())[1] == []
