"""Any graph, any outcome, any order: the state machine ends, and its journal says how."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inputs import Cancel, Recover
from engine.models.event import EventType
from engine.state import SETTLED, StepStatus
from tests.engine.kit import Play, make_plan

MAX_STEPS = 9


@st.composite
def workflows(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A random acyclic workflow: arrows lead forward; every step but the first has one coming in."""
    size = draw(st.integers(1, MAX_STEPS))
    steps: list[dict[str, Any]] = []
    for index in range(size):
        step: dict[str, Any] = {
            "id": f"s{index}",
            "ref": draw(st.sampled_from(["t.echo", "t.work", "t.route"])),
            "join": draw(st.sampled_from(["all", "any"])),
            "stopOnFailure": draw(st.booleans()),
            "next": [],
        }
        if draw(st.booleans()):
            step["retry"] = {"maxAttempts": draw(st.integers(1, 3)), "backoffMs": 0}
        steps.append(step)
    for index in range(1, size):
        for source in draw(st.sets(st.integers(0, index - 1), min_size=1, max_size=3)):
            steps[source]["next"].append(draw(arrows(f"s{index}")))
    for index in range(size - 1):
        if draw(st.integers(0, 3)) == 0:
            steps[index]["onError"] = f"s{draw(st.integers(index + 1, size - 1))}"
    return steps


def arrows(target: str) -> st.SearchStrategy[Any]:
    return st.sampled_from(
        [
            target,
            {"to": target, "when": "data.n > 1"},
            {"to": target, "when": "data.gone.n > 1"},
            {"to": target, "label": "yes"},
            {"to": target, "otherwise": True},
        ]
    )


def play_to_the_end(plan_steps: list[dict[str, Any]], dice: st.DataObject, *, crashes: bool) -> Play:
    """Start and end steps in a random order with random results until nothing is left to do."""
    play = Play(make_plan(*plan_steps), {"n": dice.draw(st.integers(0, 3))})
    for _ in range(500):
        states = play.state.steps
        retries = [step_id for step_id, step in states.items() if step.waits_for == "retry"]
        running = [step_id for step_id, step in states.items() if step.status is StepStatus.RUNNING]
        moves = [("start", one) for one in [*play.ready(), *retries]] + [("end", one) for one in running]
        if play.state.finished or not moves:
            return play
        kind, step_id = dice.draw(st.sampled_from(moves))
        if kind == "start":
            play.start(step_id)
        elif crashes and dice.draw(st.integers(0, 9)) == 0:
            play.give(Recover())
        else:
            finish(play, step_id, dice)
    raise AssertionError("more than 500 moves: the run never ends")


def finish(play: Play, step_id: str, dice: st.DataObject) -> None:
    outcome = dice.draw(st.sampled_from(["ok", "ok", "ok", "yes", "no", "fail", "fatal"]))
    if outcome in ("fail", "fatal"):
        play.stop(step_id, retryable=outcome == "fail")
    else:
        routes = play.plan.steps[step_id].step.ref == "t.route"
        play.done(step_id, {"n": dice.draw(st.integers(0, 3))}, goto=outcome if routes and outcome != "ok" else None)


@settings(max_examples=300, deadline=None)
@given(workflows(), st.data(), st.booleans())
def test_every_run_ends_and_its_journal_tells_everything(
    steps: list[dict[str, Any]], dice: st.DataObject, crashes: bool
) -> None:
    """R2: joins never hang; R3: a finished step is never started again; seq grows by one; the fold is the state."""
    play = play_to_the_end(steps, dice, crashes=crashes)
    assert play.state.finished, f"hangs: {play.statuses()}"
    assert [event.seq for event in play.events] == list(range(1, len(play.events) + 1))
    refolded = play.refold()
    assert refolded == play.state
    done: set[str | None] = set()
    for event in play.events:
        assert not (event.type is EventType.STEP_STARTED and event.step_id in done)
        if event.type in (EventType.STEP_SUCCEEDED, EventType.STEP_SKIPPED):
            assert event.step_id not in done
            done.add(event.step_id)
    if play.state.phase == "succeeded":
        assert all(step.status in SETTLED for step in play.state.steps.values())
        assert play.state.unsettled == 0


@settings(max_examples=100, deadline=None)
@given(workflows(), st.data(), st.integers(0, 20))
def test_a_finished_run_never_moves(steps: list[dict[str, Any]], dice: st.DataObject, moves: int) -> None:
    """Cancelling at any moment ends the run at once, and nothing can be started after any end."""
    play = Play(make_plan(*steps), {"n": 2})
    for _ in range(moves):
        ready = play.ready()
        if play.state.finished or not ready:
            break
        step_id = dice.draw(st.sampled_from(ready))
        play.start(step_id)
        finish(play, step_id, dice)
    if not play.state.finished:
        play.give(Cancel("me"))
    assert play.state.finished
    assert play.ready() == []
    assert play.events[-1].type in (EventType.RUN_SUCCEEDED, EventType.RUN_FAILED, EventType.RUN_CANCELLED)


@settings(max_examples=100, deadline=None)
@given(st.permutations(["b", "c", "d", "e"]), st.integers(0, 5))
def test_data_does_not_depend_on_timing(order: list[str], value: int) -> None:
    """Parallel branches give the same data whichever finishes first."""
    plan = make_plan(
        {"id": "a", "next": ["b", "c", "d", "e"]},
        *({"id": one, "next": "z"} for one in "bcde"),
        {"id": "z"},
    )
    play = Play(plan)
    play.end("a", {"x": "a"})
    for one in order:
        play.start(one)
    for one in order:
        play.done(one, {"x": one, one: value})
    assert dict(play.view.data(plan.steps["z"])) == {"x": "e", "b": value, "c": value, "d": value, "e": value}
