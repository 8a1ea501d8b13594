"""What a rerun would do, foreseen: the same answers as the engine's own rules."""

from __future__ import annotations

from typing import Any, cast

import pytest

from engine.errors import Conflict
from engine.history import reusable, settled_well
from flowdesk.replies import RunDoc
from flowdesk.tui.draw.rerun import Choice, Ran, RerunPlan, choices, failed_step, plan_rerun, summary, warnings
from tests.tui.runs import MAIL, Played, failed_run
from tests.tui.world import HOSTILE, World, kinds

EFFECTS = {kind["ref"]: kind["effect"] for kind in kinds()}


def ran(played: Played, **effects: str) -> Ran:
    return Ran(cast(RunDoc, played.document()), played.saved["steps"], {**EFFECTS, **effects})


@pytest.mark.parametrize(
    ("from_step", "again", "kept", "twice", "spared"),
    [
        (MAIL, (MAIL, "note"), ("look",), (), ("look",)),
        ("look", ("look", MAIL, "note"), (), ("look",), ()),
        (None, ("look", MAIL, "note"), (), ("look",), ()),
    ],
)
def test_what_works_again_and_what_is_taken_over(
    world: World, from_step: str | None, again: Any, kept: Any, twice: Any, spared: Any
) -> None:
    assert plan_rerun(ran(failed_run(world)), from_step) == RerunPlan(again, kept, twice, spared)


def branches() -> list[dict[str, Any]]:
    """Two ways that meet again, of which one may fail."""
    step = {"type": "ACTION", "ref": "core.log", "params": {"message": "x"}}
    return [
        {"id": "hook", "type": "TRIGGER", "ref": "http.webhook", "params": {}, "next": ["left", "right", "off"]},
        {**step, "id": "left", "next": "meet"},
        {**step, "id": "right", "next": "meet", "stopOnFailure": False},
        {**step, "id": "off", "next": [{"to": "never", "when": "false"}]},
        {**step, "id": "never", "next": []},
        {**step, "id": "meet", "next": []},
    ]


@pytest.mark.parametrize("from_step", ["hook", "left", "right", "off", "never", "meet"])
@pytest.mark.parametrize("failing", ["left", "right", None])
def test_it_refuses_and_keeps_what_the_engine_does(world: World, from_step: str, failing: str | None) -> None:
    played = Played(world, 8, branches())
    for step in ("left", "right", "off"):
        if played.state.finished:
            break
        if step == failing:
            played.fail(step, "no")
        else:
            played.done(step)
    foreseen = plan_rerun(ran(played), from_step)
    try:
        kept = reusable(played.plan, played.state, from_step)
    except Conflict:
        kept = None
    if kept is None:
        assert foreseen.refusal
    elif foreseen.refusal is None:
        assert set(foreseen.kept) == {
            step for step in kept if step != "hook" and played.state.steps[step].status != "SKIPPED"
        }
    else:  # the engine would accept to begin at a step that was not started yet
        assert played.state.steps[from_step].status in ("PENDING", "CANCELLED")


@pytest.mark.parametrize("failing", [(), ("left",), ("right",), ("left", "right"), ("off",)])
@pytest.mark.parametrize("moves", [1, 2, 3])
def test_only_what_failed_is_what_the_engine_says(world: World, failing: tuple[str, ...], moves: int) -> None:
    played = Played(world, 8, branches())
    for step in ("left", "right", "off")[:moves]:
        if played.state.finished:
            break
        if step in failing:
            played.fail(step, "no")
        else:
            played.done(step)
    foreseen = plan_rerun(ran(played), None, only_failed=True)
    kept = settled_well(played.plan, played.state)
    assert {*foreseen.kept, "hook"} == {step for step in kept if played.state.steps[step].status != "SKIPPED"}
    assert set(foreseen.again) == played.plan.steps.keys() - kept.keys()


def test_nothing_is_left_of_a_run_that_went_well(world: World) -> None:
    played = Played(world, 8, branches())
    for step in ("left", "right", "off", "meet"):
        played.done(step)
    assert plan_rerun(ran(played), None, only_failed=True).refusal == "nothing of it failed"
    with pytest.raises(Conflict):
        settled_well(played.plan, played.state)


def test_a_step_says_itself_what_repeating_it_costs(world: World) -> None:
    played = failed_run(world)
    harmless = [{**step, "effect": "pure"} for step in played.saved["steps"]]
    assert plan_rerun(Ran(cast(RunDoc, played.document()), harmless, EFFECTS), None).twice == ()
    assert plan_rerun(ran(played, **{"http.request": "pure"}), None).twice == ()


def test_the_newest_definition_may_lack_the_step(world: World) -> None:
    played = failed_run(world)
    without = [step for step in played.saved["steps"] if step["id"] != MAIL]
    plan = plan_rerun(Ran(cast(RunDoc, played.document()), without), MAIL)
    assert plan.refusal == f"this definition has no step {MAIL}"


def test_the_ways_there_are(world: World) -> None:
    failed = cast(RunDoc, failed_run(world).document())
    assert failed_step(failed) == MAIL
    assert choices(failed, "look") == [
        Choice("From the failed step", MAIL),
        Choice("Only what failed", None, only_failed=True),
        Choice("From the selected step", "look"),
        Choice("Everything", None),
    ]
    assert choices(failed, MAIL)[2:] == choices(failed, "hook")[2:] == [Choice("Everything", None)]
    cancelled = cast(RunDoc, {**failed, "status": "CANCELLED", "error": None})
    assert [way.title for way in choices(cancelled, MAIL)] == [
        "Only what did not finish",
        "From the selected step",
        "Everything",
    ]
    fine = cast(RunDoc, {**failed, "status": "SUCCESS"})
    assert choices(fine, None) == [Choice("Everything", None)]


@pytest.mark.parametrize(
    ("plan", "text"),
    [
        (RerunPlan(("a",)), "a · 1 step"),
        (RerunPlan(("a", "b"), ("c",)), "a → b · 2 steps, 1 taken over"),
        (RerunPlan(tuple("abcd")), "a → b → c → … · 4 steps"),
        (RerunPlan(), "0 steps"),
        (RerunPlan(refusal="no"), "no"),
    ],
)
def test_a_way_in_a_line(plan: RerunPlan, text: str) -> None:
    assert summary(plan) == text


def test_names_are_clean() -> None:
    plan = RerunPlan((HOSTILE,), twice=(HOSTILE,), spared=tuple(f"{HOSTILE}{n}" for n in range(6)))
    for line in (summary(plan), *warnings(plan)):
        assert line.isprintable()
    assert "and 2 more" in warnings(plan)[1]
