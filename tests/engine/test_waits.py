"""Waits in the pure core, as tables: what ends them, and what the step comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.inputs import Cancel, Due, Fail, Finished, Heard, Recover, Reopen
from engine.models.run import Message
from engine.sdk import Ending, StepResult, Wait
from engine.transition.waits import MAX_KEPT, outcomes
from tests.engine.kit import NOW, Play, make_plan

TIMER = Wait("timer", {"due": Ending()}, due_in_ms=1000)
SIGNAL = Wait(
    "signal",
    {"signal": Ending(), "due": Ending(code="no_signal", message="none came")},
    due_in_ms=1000,
    name="go",
)
APPROVAL = Wait(
    "approval",
    {
        "approve": Ending(),
        "reject": Ending(code="rejected", message="it was rejected"),
        "due": Ending(code="deadline_passed", message="nobody decided"),
    },
    due_in_ms=1000,
    details={"message": "pay?"},
)


def play(*more: dict[str, Any], **step: Any) -> Play:
    return Play(make_plan({"id": "a", "ref": "t.work", **step}, *more))


def wait(game: Play, wait: Wait, step_id: str = "a") -> None:
    game.start(step_id)
    game.give(Finished(step_id, StepResult.wait(wait), 1.0, "job1"))


def signal(number: int = 1, name: str = "go", data: Any = None, at: int = NOW) -> Heard:
    return Heard(Message(f"m{number}", "run1", at, "signal", {"name": name, "data": data, "by": "ali"}), "job2")


def answer(game: Play, outcome: str, *, step_id: str = "a", number: int = 1, at: int = NOW, **more: Any) -> Heard:
    asked = game.state.steps[step_id].wait
    body = {"stepId": step_id, "wait": asked.seq if asked else 0, "outcome": outcome, "by": "ali", **more}
    return Heard(Message(f"m{number}", "run1", at, "answer", body), "job2")


def tail(game: Play, count: int) -> list[str]:
    return game.kinds(game.events[-count:])


def test_a_timer_goes_on_when_it_is_due_and_not_before() -> None:
    """R7."""
    game = Play(make_plan({"id": "a", "next": "b"}, {"id": "b"}))
    wait(game, TIMER)
    assert game.statuses() == {"a": "WAITING", "b": "PENDING"}
    assert game.state.steps["a"].retry_at == NOW + 1000
    game.now = NOW + 999
    assert game.give(Due("a")).events == []
    game.now = NOW + 1000
    assert game.give(Due("a")).ready == ["b"]
    assert tail(game, 2) == ["wait.resolved a", "step.succeeded a"]
    assert game.events[-2].data == {"outcome": "due", "by": None, "due": True}
    assert (game.state.steps["a"].output, game.state.steps["a"].duration_ms) == (None, 1000.0)
    assert game.refold() == game.state


def test_a_wait_until_a_time_that_has_passed_is_over_at_once() -> None:
    game = play()
    wait(game, replace(TIMER, due_in_ms=None, due_at=NOW - 1))
    assert game.state.phase == "succeeded"
    assert tail(game, 4) == ["wait.started a", "wait.resolved a", "step.succeeded a", "run.succeeded"]


def test_a_signal_ends_the_wait_and_is_the_output() -> None:
    game = play()
    wait(game, SIGNAL)
    game.give(signal(data={"paid": 5}))
    step = game.state.steps["a"]
    assert (step.output, game.state.phase) == ({"paid": 5}, "succeeded")
    assert game.events[-3].data == {"outcome": "signal", "by": "ali", "messageId": "m1"}
    assert game.refold() == game.state


def test_a_signal_that_comes_early_is_kept_for_the_first_step_that_waits_for_it() -> None:
    game = Play(make_plan({"id": "a", "next": "b"}, {"id": "b", "next": "c"}, {"id": "c"}))
    game.give(signal(1, "other"))
    game.give(signal(2, data=2))
    game.give(signal(3, data=3))
    game.end("a")
    wait(game, SIGNAL, "b")
    assert game.state.steps["b"].output == 2
    wait(game, SIGNAL, "c")
    assert game.state.steps["c"].output == 3
    assert game.state.phase == "succeeded"
    assert game.state.signals is not None
    assert [kept.data["name"] for kept in game.state.signals.kept] == ["other"]
    assert game.refold() == game.state


def test_the_same_message_is_heard_once() -> None:
    """A crash between a commit and forgetting the message delivers it again."""
    game = Play(make_plan({"id": "a", "next": "b"}, {"id": "b"}))
    for _ in range(2):
        game.give(signal())
    wait(game, SIGNAL)
    assert game.give(signal()).events == []
    wait(game, SIGNAL, "b")
    assert game.statuses() == {"a": "SUCCESS", "b": "WAITING"}


def test_of_two_steps_that_wait_the_one_that_began_first_gets_the_signal() -> None:
    game = Play(make_plan({"id": "s", "next": ["a", "b"]}, {"id": "a"}, {"id": "b"}))
    game.end("s")
    wait(game, SIGNAL, "b")
    wait(game, SIGNAL, "a")
    game.give(signal())
    assert game.statuses() == {"s": "SUCCESS", "a": "WAITING", "b": "SUCCESS"}
    game.give(signal(2))
    assert game.state.phase == "succeeded"


def test_signals_nobody_waits_for_are_kept_up_to_a_bound_and_the_journal_says_so() -> None:
    game = play()
    for number in range(MAX_KEPT + 1):
        game.give(signal(number))
    assert game.state.signals is not None
    assert len(game.state.signals.kept) == MAX_KEPT
    assert game.events[-1].data["dropped"] is True
    assert game.give(signal(MAX_KEPT)).events == []


@pytest.mark.parametrize(
    ("late", "status", "code"),
    [(0, "SUCCESS", None), (999, "SUCCESS", None), (1000, "FAILED", "no_signal"), (9999, "FAILED", "no_signal")],
)
def test_what_counts_is_when_a_signal_was_sent_not_when_it_is_heard(late: int, status: str, code: str | None) -> None:
    game = play()
    wait(game, SIGNAL)
    game.now = NOW + 20_000
    game.give(signal(at=NOW + late))
    step = game.state.steps["a"]
    assert (step.status, step.error and step.error["code"]) == (status, code)
    if code:
        assert (step.job_id, game.state.phase) == ("job2", "failed")


APPROVALS: list[tuple[str, dict[str, Any], str, str | None, dict[str, Any]]] = [
    ("approve", {"data": {"n": 1}}, "SUCCESS", None, {"answer": {"n": 1}, "feedback": None}),
    ("approve", {"reason": "fine"}, "SUCCESS", None, {"answer": None, "feedback": "fine"}),
    ("reject", {"reason": "too much"}, "FAILED", "it was rejected: too much", {"feedback": "too much"}),
    ("reject", {}, "FAILED", "it was rejected", {"feedback": None}),
]


@pytest.mark.parametrize(("outcome", "more", "status", "message", "output"), APPROVALS)
def test_an_approval_comes_to_what_was_decided(
    outcome: str, more: dict[str, Any], status: str, message: str | None, output: dict[str, Any]
) -> None:
    game = play()
    wait(game, APPROVAL)
    game.give(answer(game, outcome, **more))
    step = game.state.steps["a"]
    assert step.status == status
    found = step.output
    if step.error is not None:
        assert (step.error["message"], step.error["code"]) == (message, "rejected")
        found = step.error["data"]
    assert found["outcome"] == outcome
    assert found["by"] == "ali"
    assert found.items() >= output.items()
    assert game.refold() == game.state


def test_a_deadline_decides_as_it_was_told_to() -> None:
    for default, status in (("approve", "SUCCESS"), ("reject", "FAILED"), ("due", "FAILED")):
        game = play()
        wait(game, replace(APPROVAL, when_due=default))
        game.now = NOW + 1000
        game.give(Due("a", "job2"))
        assert game.state.steps["a"].status == status
        resolved = next(event for event in game.events if event.type == "wait.resolved")
        assert resolved.data == {"outcome": default, "by": None, "due": True}


def test_who_answers_second_or_too_late_changes_nothing() -> None:
    game = play(stopOnFailure=False)
    wait(game, APPROVAL)
    second = answer(game, "reject", number=2)
    game.give(answer(game, "approve"))
    before = list(game.events)
    assert game.give(second).events == []
    assert game.events == before
    game = play(stopOnFailure=False)
    wait(game, APPROVAL)
    game.now = NOW + 5000
    game.give(answer(game, "approve", at=NOW + 1000))
    assert game.state.steps["a"].error == {"code": "deadline_passed", "message": "nobody decided"}


def test_answers_that_cannot_be_meant_are_not_heard() -> None:
    game = play()
    wait(game, APPROVAL)
    old = answer(game, "approve")
    for given in (answer(game, "due"), answer(game, "send-back"), answer(game, "done")):
        assert game.give(given).events == []
    game.give(Fail("run_timeout", "too long", "job9"))
    game.give(Reopen("a", "job9", "ali"))
    wait(game, APPROVAL)
    assert game.give(old).events == [], "it was about another wait"
    assert outcomes(game.state.steps["a"]) == ("approve", "reject")


def test_a_signal_can_be_given_as_an_answer() -> None:
    game = play()
    wait(game, SIGNAL)
    assert outcomes(game.state.steps["a"]) == ("signal",)
    game.give(answer(game, "signal", data=7))
    assert game.state.steps["a"].output == 7


def test_what_became_of_a_once_step_is_an_answer_too() -> None:
    for outcome, status in (("done", "SUCCESS"), ("fail", "FAILED"), ("again", "PENDING")):
        game = play(effect="once")
        game.start("a")
        game.give(Recover())
        assert outcomes(game.state.steps["a"]) == ("done", "again", "fail")
        ready = game.give(answer(game, outcome, data=4)).ready
        assert (game.state.steps["a"].status, ready) == (status, ["a"] if outcome == "again" else [])


def test_cancelling_ends_waits_and_nothing_is_heard_after() -> None:
    """Row 28."""
    game = play()
    wait(game, APPROVAL)
    late = answer(game, "approve")
    game.give(Cancel("ali"))
    assert game.statuses() == {"a": "CANCELLED"}
    assert game.give(late).events == []
    assert game.give(signal()).events == []
    assert game.refold() == game.state


def test_a_step_that_is_opened_again_waits_anew() -> None:
    game = play()
    wait(game, SIGNAL)
    game.now = NOW + 1000
    game.give(Due("a", "job1"))
    assert game.state.phase == "failed"
    assert game.state.error == {"code": "no_signal", "message": "none came", "stepId": "a"}
    job = game.state.steps["a"].job_id
    game.give(Reopen("a", job or "", "ali"))
    wait(game, SIGNAL)
    assert game.state.steps["a"].retry_at == NOW + 2000
    game.give(signal(at=NOW + 1500))
    assert game.state.phase == "succeeded"
    assert game.refold() == game.state


def test_retries_do_not_apply_to_what_a_wait_came_to() -> None:
    game = play(retry={"maxAttempts": 5, "backoffMs": 0})
    wait(game, SIGNAL)
    game.now = NOW + 1000
    game.give(Due("a", "job1"))
    assert game.statuses() == {"a": "FAILED"}


def test_an_outcome_takes_the_arrows_of_its_route() -> None:
    arrows = [{"to": "b", "label": "yes"}, {"to": "c", "label": "no"}]
    for route, other in (("b", "c"), ("c", "b")):
        game = Play(make_plan({"id": "a", "ref": "t.route", "next": arrows}, {"id": "b"}, {"id": "c"}))
        wait(game, replace(APPROVAL, endings={"yes": Ending(route="yes"), "no": Ending(route="no")}, due_in_ms=None))
        game.give(answer(game, "yes" if route == "b" else "no"))
        assert game.statuses() == {"a": "SUCCESS", route: "PENDING", other: "SKIPPED"}


def test_a_condition_that_cannot_be_worked_out_fails_the_step_that_waited() -> None:
    game = Play(make_plan({"id": "a", "ref": "t.work", "next": [{"to": "b", "when": "data.no.such > 1"}]}, {"id": "b"}))
    wait(game, SIGNAL)
    game.give(signal())
    assert game.state.phase == "failed"
    assert game.state.steps["a"].job_id
