"""The state machine against a simple reading of the documentation: any graph, any outcome, any order, any kill."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.inputs import Recover
from engine.models.event import Event, EventType
from engine.state import StepStatus
from engine.visible import View
from tests.engine.kit import Play, make_plan
from tests.engine.reference import interpret

MOST = 8


@st.composite
def workflows(draw: st.DrawFn, *, cancels: bool = False) -> list[dict[str, Any]]:
    """Arrows lead forward; every step but the first has one coming in; joins of every kind."""
    size = draw(st.integers(1, MOST))
    steps: list[dict[str, Any]] = []
    for index in range(size):
        count = {"count": draw(st.integers(1, 3)), "rest": "cancel" if cancels and draw(st.booleans()) else "ignore"}
        steps.append(
            {
                "id": f"s{index}",
                "ref": draw(st.sampled_from(["t.work", "t.route"])),
                "join": draw(st.sampled_from(["all", "any", count])),
                "stopOnFailure": draw(st.booleans()),
                "next": [],
            }
        )
    for index in range(1, size):
        for source in draw(st.sets(st.integers(0, index - 1), min_size=1, max_size=3)):
            steps[source]["next"].append(draw(arrows(f"s{index}")))
    for index in range(size - 1):
        if draw(st.integers(0, 3)) == 0:
            steps[index]["onError"] = f"s{draw(st.integers(index + 1, size - 1))}"
    return steps


def arrows(target: str) -> st.SearchStrategy[Any]:
    kinds: list[dict[str, Any]] = [{"when": "true"}, {"when": "false"}, {"label": "yes"}, {"otherwise": True}]
    return st.sampled_from([target, *({"to": target, **kind} for kind in kinds)])


def cleaned(steps: list[dict[str, Any]], dice: st.DataObject) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The same steps, some with undo steps, and perhaps a step that comes last."""
    undos = dice.draw(st.sets(st.sampled_from([step["id"] for step in steps])))
    more = [{"id": f"undo_{step['id']}", "ref": "t.work"} for step in steps if step["id"] in undos]
    found = [{**step, "undo": f"undo_{step['id']}"} if step["id"] in undos else step for step in steps]
    if not dice.draw(st.booleans()):
        return [*found, *more], {}
    return [*found, *more, {"id": "last", "ref": "t.work"}], {"finally": ["last"]}


def outcomes_of(steps: list[dict[str, Any]], dice: st.DataObject) -> dict[str, str]:
    return {
        step["id"]: dice.draw(st.sampled_from(["yes", "no"] if step["ref"] == "t.route" else ["ok", "ok", "fail"]))
        for step in steps
    }


def run(play: Play, outcomes: dict[str, str], dice: st.DataObject, *, kills: bool) -> list[Event]:
    """Move in any order until nothing is left to do; with kills, lose what was not committed and take it up again.

    What comes back is the journal that is left, always cut between two decisions.
    """
    cuts = [len(play.events)]
    for _ in range(400):
        running = [one for one, step in play.state.steps.items() if step.status is StepStatus.RUNNING]
        moves = [("start", one) for one in play.ready()] + [("end", one) for one in running]
        if play.state.finished or not moves:
            return play.events
        kind, step_id = dice.draw(st.sampled_from(moves))
        if kills and dice.draw(st.integers(0, 7)) == 0:
            cuts = cuts[: dice.draw(st.integers(max(1, len(cuts) - 4), len(cuts)))]
            play.events = play.events[: cuts[-1]]
            play.state = play.refold()
            play.view = View(play.plan, play.state)
            play.give(Recover())
        elif kind == "start":
            play.start(step_id)
        elif outcomes[step_id] == "fail":
            play.stop(step_id, retryable=False)
        else:
            said = outcomes[step_id]
            play.done(step_id, {"last": step_id, step_id: True}, goto=None if said == "ok" else said)
        cuts.append(len(play.events))
    raise AssertionError("more than 400 moves: the run never ends")


@settings(max_examples=200, deadline=None)
@given(workflows(), st.data(), st.booleans())
def test_what_happens_is_what_the_documentation_says(
    steps: list[dict[str, Any]], dice: st.DataObject, kills: bool
) -> None:
    """R2, R3: whatever the order and whoever dies, joins start exactly as written and the data is the same."""
    outcomes = outcomes_of(steps, dice)
    play = Play(make_plan(*steps))
    journal = run(play, outcomes, dice, kills=kills)
    told = interpret(steps, outcomes)
    assert play.state.phase == ("failed" if told.failed else "succeeded"), play.statuses()
    if not told.failed:
        assert play.statuses() == told.statuses
        assert play.view.final() == told.data
    else:
        ended = {one: status for one, status in play.statuses().items() if status != "CANCELLED"}
        assert ended.items() <= told.statuses.items(), "what ended before the failure ended as it had to"
    assert play.refold() == play.state
    succeeded = Counter(event.step_id for event in journal if event.type is EventType.STEP_SUCCEEDED)
    assert set(succeeded.values()) <= {1}


@settings(max_examples=120, deadline=None)
@given(workflows(cancels=True), st.data(), st.booleans())
def test_cancelling_joins_start_once_and_leave_nothing_hanging(
    steps: list[dict[str, Any]], dice: st.DataObject, kills: bool
) -> None:
    """R2, R3: what a join has stopped never starts again, and never stands in the way of the end."""
    outcomes = outcomes_of(steps, dice)
    play = Play(make_plan(*steps))
    journal = run(play, outcomes, dice, kills=kills)
    assert play.state.finished, f"hangs: {play.statuses()}"
    assert play.refold() == play.state
    over: set[str | None] = set()
    taken: Counter[str] = Counter()
    for event in journal:
        assert event.type is not EventType.STEP_STARTED or event.step_id not in over
        if event.type is EventType.STEP_CANCELLED:
            by = event.data["by"]
            assert event.step_id in play.plan.steps[by].overtakes
            assert taken[by] >= play.plan.steps[by].needed
        if event.type in (EventType.STEP_CANCELLED, EventType.STEP_SKIPPED, EventType.STEP_SUCCEEDED):
            over.add(event.step_id)
        for index in event.data.get("taken", ()):
            step = play.plan.steps[str(event.step_id)]
            taken[step.edges[index].to if index >= 0 else str(step.step.on_error)] += 1


@settings(max_examples=120, deadline=None)
@given(workflows(), st.data(), st.booleans())
def test_what_was_done_is_undone_backwards_and_then_comes_the_last_step(
    steps: list[dict[str, Any]], dice: st.DataObject, kills: bool
) -> None:
    """R2, R3: on failure every finished step with an undo is undone, once, in reverse; nothing is on success."""
    whole, more = cleaned(steps, dice)
    outcomes = outcomes_of(whole, dice)
    play = Play(make_plan(*whole, **more))
    journal = run(play, outcomes, dice, kills=kills)
    told = interpret(steps, outcomes)
    assert play.state.finished, f"hangs: {play.statuses()}"
    assert play.refold() == play.state
    undo = {step["id"]: step["undo"] for step in whole if "undo" in step}
    done = [event.step_id for event in journal if event.type is EventType.STEP_SUCCEEDED and event.step_id in undo]
    settled = [
        event.step_id
        for event in journal
        if event.type in (EventType.STEP_SUCCEEDED, EventType.STEP_FAILED)
        and (event.step_id in undo.values() or event.step_id == "last")
    ]
    expected = [undo[str(one)] for one in reversed(done)] if told.failed else []
    assert settled == expected + (["last"] if more else [])
    broken = [one for one in settled if outcomes[str(one)] == "fail"]
    if any(one != "last" for one in broken):
        assert play.state.error is not None
        assert play.state.error["code"] == "undo_failed"
        assert play.state.error["undo"] == [one for one in broken if one != "last"]
    elif broken and not told.failed:
        assert play.state.error is not None
        assert play.state.error["code"] == "finally_failed"
    else:
        assert play.state.phase == ("failed" if told.failed else "succeeded")
