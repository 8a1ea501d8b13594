"""Waits that another step's end closes (`untilStep`)."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import Problem
from engine.graph import validate
from engine.inputs import Due, Finished, Recover
from engine.registry import Registry
from engine.sdk import Ending, StepResult, Wait
from engine.visible import View
from tests.engine.kit import Play, make_plan, make_registry
from tests.engine.test_waits import signal

WAIT = Wait(
    "signal",
    {"signal": Ending(route="received"), "due": Ending(code="no_signal", message="none came")},
    name="go",
)


def registry() -> Registry:
    made = make_registry()
    made.load(("plugins.waiting",), third_party=False)
    return made


def window(until: str, **more: Any) -> dict[str, Any]:
    return {"id": "wait", "ref": "flow.wait", "params": {"signal": "go", "untilStep": until}, **more}


def play(*steps: dict[str, Any]) -> Play:
    return Play(make_plan({"id": "a", "next": ["b", "wait"]}, {"id": "b"}, *steps, registry=registry()))


def wait(game: Play) -> None:
    game.start("wait")
    game.give(Finished("wait", StepResult.wait(WAIT), 1.0, "job1"))


def test_it_fails_without_a_signal_when_the_step_has_ended() -> None:
    game = play(window("b", onError="c"), {"id": "c"})
    game.end("a")
    game.start("b")
    wait(game)
    game.done("b")
    assert game.statuses() == {"a": "SUCCESS", "b": "SUCCESS", "wait": "FAILED", "c": "PENDING"}
    resolved = next(event for event in game.events if event.type == "wait.resolved")
    assert resolved.data == {"outcome": "due", "by": None, "due": True, "until": "b"}
    assert game.refold() == game.state


def test_one_that_begins_too_late_takes_not_even_a_signal_that_was_kept() -> None:
    game = play(window("b", onError="c"), {"id": "c"})
    game.end("a")
    game.give(signal())
    game.end("b")
    wait(game)
    assert game.state.steps["wait"].error == {"code": "no_signal", "message": "none came"}


def test_a_step_that_is_tried_again_has_not_ended_and_one_that_is_skipped_has() -> None:
    steps: list[dict[str, Any]] = [
        {"id": "a", "next": [{"to": "b", "when": "data.n > 9"}, "retried", "wait", "late"]},
        {"id": "b"},
        {"id": "retried", "retry": {"maxAttempts": 2, "backoffMs": 1}},
        window("retried"),
        {**window("b"), "id": "late", "stopOnFailure": False},
    ]
    game = Play(make_plan(*steps, registry=registry()), {"n": 1})
    game.end("a")
    wait(game)
    game.fail("retried", retryable=True)
    assert game.statuses()["wait"] == "WAITING"
    game.start("late")
    game.give(Finished("late", StepResult.wait(WAIT), 1.0, "job2"))
    assert game.statuses()["late"] == "FAILED"


def test_it_goes_on_in_another_process_and_fails_its_run_once() -> None:
    """R3."""
    game = play(window("b"))
    game.end("a")
    wait(game)
    game.state = game.refold()
    game.view = View(game.plan, game.state)
    game.give(Recover())
    assert game.give(Due("wait")).events == []
    game.end("b")
    assert game.state.phase == "failed"
    assert game.kinds()[-3:] == ["wait.resolved wait", "step.failed wait", "run.failed"]


def problems(*steps: dict[str, Any], **more: Any) -> list[Problem]:
    given = [{"ref": "t.echo", **step} for step in steps]
    return validate({"name": "w", "steps": given, **more}, registry())[1]


@pytest.mark.parametrize("until", ["wait", "after"])
def test_a_step_that_comes_after_the_wait_is_refused(until: str) -> None:
    (problem,) = problems({"id": "a", "next": "wait"}, window(until, next="after"), {"id": "after"})
    assert (problem.code, problem.step_id, problem.field) == ("bad_window", "wait", "params.untilStep")


def test_unknown_steps_and_those_of_other_parts_are_refused() -> None:
    (problem,) = problems({"id": "alpha", "next": "wait"}, window("alhpa"))
    assert (problem.code, problem.hint) == ("unknown_step", "did you mean alpha?")
    (problem,) = problems({"id": "a", "next": "wait"}, window("end"), {"id": "end"}, **{"finally": ["end"]})
    assert problem.code == "bad_window"


def test_two_waits_may_close_each_other() -> None:
    other = {"id": "other", "ref": "flow.wait", "params": {"signal": "stop", "untilStep": "wait"}}
    assert problems({"id": "a", "next": ["wait", "other"]}, window("other"), other) == []
