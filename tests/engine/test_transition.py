"""The pure core: what follows from what, as tables."""

from __future__ import annotations

from typing import Any

import pytest

from engine.inputs import Cancel, Decided, Fail, Finished, Recover, Reopen
from engine.sdk import StepResult
from tests.engine.kit import NOW, Play, make_plan


def test_a_chain_runs_step_by_step_to_success() -> None:
    play = Play(make_plan({"id": "a", "next": "b"}, {"id": "b"}))
    assert play.ready() == ["a"]
    assert play.end("a").ready == ["b"]
    play.end("b")
    assert play.kinds() == [
        "run.started",
        "step.started a",
        "step.succeeded a",
        "step.started b",
        "step.succeeded b",
        "run.succeeded",
    ]
    assert [event.seq for event in play.events] == [1, 2, 3, 4, 5, 6]


def test_a_trigger_step_finishes_by_itself_and_the_other_triggers_are_skipped() -> None:
    plan = make_plan(
        {"id": "hook", "type": "TRIGGER", "ref": "t.hook", "next": "a"},
        {"id": "tick", "type": "TRIGGER", "ref": "t.tick", "next": "a"},
        {"id": "a"},
    )
    for fired, other in (("hook", "tick"), ("tick", "hook")):
        play = Play(plan, {"x": 1}, fired=fired)
        assert play.statuses() == {fired: "SUCCESS", other: "SKIPPED", "a": "PENDING"}
        assert play.ready() == ["a"]


def test_a_workflow_of_nothing_but_a_trigger_succeeds_at_once() -> None:
    play = Play(make_plan({"id": "hook", "type": "TRIGGER", "ref": "t.hook"}))
    assert play.kinds() == ["run.started", "step.succeeded hook", "run.succeeded"]


BRANCHES: list[tuple[Any, dict[str, Any], list[str]]] = [
    ([{"to": "b", "when": "data.n > 1"}, {"to": "c", "otherwise": True}], {"n": 2}, ["b"]),
    ([{"to": "b", "when": "data.n > 1"}, {"to": "c", "otherwise": True}], {"n": 1}, ["c"]),
    ([{"to": "b", "when": "data.n > 1"}, {"to": "c", "when": "data.n > 0"}], {"n": 2}, ["b", "c"]),
    ([{"to": "b", "when": "data.n > 1"}, {"to": "c", "when": "data.n > 0"}], {"n": 0}, []),
    (["b", {"to": "c", "when": "data.n > 1"}], {"n": 0}, ["b"]),
    (["b", {"to": "c", "otherwise": True}], {"n": 0}, ["b", "c"]),
    (["b", "c"], {"n": 0}, ["b", "c"]),
]


@pytest.mark.parametrize(("next_", "output", "taken"), BRANCHES)
def test_arrows_are_taken_on_their_conditions(next_: Any, output: dict[str, Any], taken: list[str]) -> None:
    play = Play(make_plan({"id": "a", "next": next_}, {"id": "b"}, {"id": "c"}))
    assert play.end("a", output).ready == taken
    skipped = {"b", "c"} - set(taken)
    assert all(play.statuses()[step_id] == "SKIPPED" for step_id in skipped)
    for step_id in taken:
        play.end(step_id)
    assert play.state.phase == "succeeded"


ROUTES: list[tuple[Any, str, list[str]]] = [
    ([{"to": "b", "label": "yes"}, {"to": "c", "label": "no"}], "yes", ["b"]),
    ([{"to": "b", "label": "yes"}, {"to": "c", "label": "no"}], "no", ["c"]),
    ([{"to": "b", "label": "yes"}], "no", []),
    ([{"to": "b", "label": "yes"}, {"to": "c", "otherwise": True}], "no", ["c"]),
    ([{"to": "b", "label": "yes"}, "c"], "yes", ["b", "c"]),
    (["b", "c"], "c", ["c"]),
]


@pytest.mark.parametrize(("next_", "goto", "taken"), ROUTES)
def test_a_route_selects_labelled_arrows_or_a_target(next_: Any, goto: str, taken: list[str]) -> None:
    play = Play(make_plan({"id": "a", "ref": "t.route", "next": next_}, {"id": "b"}, {"id": "c"}))
    assert play.end("a", goto=goto).ready == taken


def test_a_route_nobody_knows_fails_the_step() -> None:
    play = Play(make_plan({"id": "a", "ref": "t.work", "next": "b"}, {"id": "b"}))
    play.end("a", goto="nowhere")
    assert play.state.phase == "failed"
    assert play.state.error is not None
    assert play.state.error["code"] == "unknown_route"


def test_a_condition_that_cannot_be_worked_out_fails_the_step_without_running_it_again() -> None:
    """R3: the step has done its work; its retry policy must not repeat it because an arrow is broken."""
    plan = make_plan(
        {"id": "a", "next": [{"to": "b", "when": "data.gone.x == 1"}], "retry": {"maxAttempts": 5}}, {"id": "b"}
    )
    play = Play(plan)
    play.end("a", {"kept": 1})
    assert play.state.phase == "failed"
    assert play.state.error is not None
    assert "next[0].when" in play.state.error["message"]
    assert play.state.error["data"] == {"output": {"kept": 1}}


def test_a_broken_condition_behind_a_trigger_fails_the_run_and_never_hangs_it() -> None:
    trigger = {"id": "hook", "type": "TRIGGER", "ref": "t.hook", "next": [{"to": "a", "when": "data.gone.x == 1"}]}
    play = Play(make_plan(trigger, {"id": "a"}))
    assert play.state.phase == "failed"


def diamond(join: str) -> Play:
    plan = make_plan(
        {"id": "a", "next": ["b", {"to": "c", "when": "data.both"}]},
        {"id": "b", "next": "d"},
        {"id": "c", "next": "d"},
        {"id": "d", "join": join},
    )
    return Play(plan)


def test_join_all_waits_for_every_arrow_that_can_still_be_taken() -> None:
    play = diamond("all")
    play.end("a", {"both": True})
    assert play.end("b").ready == []
    assert play.end("c").ready == ["d"]


def test_a_dead_path_does_not_hold_a_join_up() -> None:
    play = diamond("all")
    assert play.end("a", {"both": False}).ready == ["b"]
    assert play.statuses()["c"] == "SKIPPED"
    assert play.end("b").ready == ["d"]


def test_join_any_starts_at_the_first_arrow_and_only_once() -> None:
    play = diamond("any")
    play.end("a", {"both": True})
    assert play.end("c").ready == ["d"]
    play.end("d")
    assert play.end("b").ready == []
    assert play.state.phase == "succeeded"
    assert play.kinds().count("step.started d") == 1


def test_outputs_merge_in_definition_order_whichever_branch_is_first() -> None:
    plan = make_plan({"id": "a", "next": ["b", "c"]}, {"id": "b", "next": "d"}, {"id": "c", "next": "d"}, {"id": "d"})
    seen = []
    for order in (("b", "c"), ("c", "b")):
        play = Play(plan, {"x": 0, "t": 1})
        play.end("a", {"x": 1})
        for step_id in order:
            play.end(step_id, {"x": step_id, step_id: 1})
        seen.append(dict(play.view.data(plan.steps["d"])))
    assert seen[0] == seen[1] == {"x": "c", "t": 1, "b": 1, "c": 1}


def test_save_as_keeps_an_output_under_one_key_and_steps_keeps_every_output() -> None:
    plan = make_plan({"id": "a", "saveAs": "kept", "next": "b"}, {"id": "b", "next": "c"}, {"id": "c"})
    play = Play(plan, {"x": 1})
    play.end("a", {"x": 2})
    play.end("b", [1, 2])
    assert dict(play.view.data(plan.steps["c"])) == {"x": 1, "kept": {"x": 2}}
    assert play.view.outputs(plan.steps["c"]) == {"a": {"x": 2}, "b": [1, 2]}


def test_a_reply_does_not_leak_into_data() -> None:
    plan = make_plan({"id": "a", "ref": "t.reply", "next": "b"}, {"id": "b"})
    play = Play(plan)
    play.end("a", {"status": 200})
    assert dict(play.view.data(plan.steps["b"])) == {}


class TestFailure:
    def test_a_final_failure_fails_the_run_and_parks_a_job(self) -> None:
        play = Play(make_plan({"id": "a", "next": "b"}, {"id": "b"}))
        play.fail("a")
        assert play.kinds()[-2:] == ["step.failed a", "run.failed"]
        assert play.statuses() == {"a": "FAILED", "b": "CANCELLED"}
        assert play.state.steps["a"].job_id == "job1"
        assert play.state.error == {"code": "broken", "message": "it broke", "stepId": "a"}

    def test_a_retry_is_scheduled_until_attempts_are_used_up(self) -> None:
        play = Play(make_plan({"id": "a", "retry": {"maxAttempts": 3, "backoffMs": 100}}))
        play.fail("a")
        assert play.state.steps["a"].retry_at == NOW + 100
        assert play.statuses()["a"] == "WAITING"
        play.fail("a")
        assert play.state.steps["a"].retry_at == NOW + 200
        play.fail("a")
        assert play.state.phase == "failed"
        assert [e.data["final"] for e in play.events if e.type == "step.failed"] == [False, False, True]
        assert play.state.steps["a"].attempt == 3

    @pytest.mark.parametrize("more", [{"retryable": False}, {}])
    def test_some_failures_are_not_worth_another_attempt(self, more: dict[str, Any]) -> None:
        play = Play(make_plan({"id": "a", "retry": {"maxAttempts": 3, "unless": [] if more else ["broken"]}}))
        play.fail("a", **more)
        assert play.state.phase == "failed"

    def test_a_step_may_ask_for_a_longer_delay(self) -> None:
        play = Play(make_plan({"id": "a", "retry": {"maxAttempts": 3, "backoffMs": 100}}))
        play.fail("a", retry_after_ms=5000)
        assert play.state.steps["a"].retry_at == NOW + 5000

    def test_a_tolerated_failure_goes_on_with_the_error_in_steps(self) -> None:
        plan = make_plan({"id": "a", "stopOnFailure": False, "next": "b"}, {"id": "b"})
        play = Play(plan)
        assert play.fail("a").ready == ["b"]
        assert play.view.outputs(plan.steps["b"]) == {"a": {"error": {"code": "broken", "message": "it broke"}}}
        play.end("b")
        assert play.state.phase == "succeeded"

    def test_a_condition_can_look_at_a_tolerated_failure(self) -> None:
        arrows = [{"to": "b", "when": "steps.a.error.code == 'broken'"}, {"to": "c", "otherwise": True}]
        play = Play(make_plan({"id": "a", "stopOnFailure": False, "next": arrows}, {"id": "b"}, {"id": "c"}))
        assert play.fail("a").ready == ["b"]

    def test_on_error_is_taken_instead_of_next(self) -> None:
        plan = make_plan({"id": "a", "next": "b", "onError": "c"}, {"id": "b"}, {"id": "c"})
        play = Play(plan)
        assert play.fail("a").ready == ["c"]
        assert play.statuses()["b"] == "SKIPPED"
        happy = Play(plan)
        assert happy.end("a").ready == ["b"]
        assert happy.statuses()["c"] == "SKIPPED"

    def test_a_branch_that_fails_the_run_cancels_the_others(self) -> None:
        play = Play(make_plan({"id": "a", "next": ["b", "c"]}, {"id": "b"}, {"id": "c"}))
        play.end("a")
        play.start("c")
        play.fail("b")
        assert play.statuses() == {"a": "SUCCESS", "b": "FAILED", "c": "CANCELLED"}


class TestReopen:
    def failed(self) -> Play:
        plan = make_plan(
            {"id": "a", "next": ["b", "c"]},
            {"id": "b", "next": "d", "retry": {"maxAttempts": 2}},
            {"id": "c", "next": "d"},
            {"id": "d"},
        )
        play = Play(plan)
        play.end("a", {"once": 1})
        play.start("c")
        play.fail("b", retryable=False)
        return play

    def test_the_failed_step_and_those_cancelled_with_it_go_on(self) -> None:
        """R12: what was parked can be retried by hand, and finished steps stay finished (R3)."""
        play = self.failed()
        assert play.give(Reopen("b", "job1", "me")).ready == ["b", "c"]
        play.end("b")
        play.end("c")
        play.end("d")
        assert play.state.phase == "succeeded"
        assert play.kinds().count("step.started a") == 1

    def test_a_reopened_step_has_its_whole_retry_policy_again(self) -> None:
        play = self.failed()
        play.give(Reopen("b", "job1", "me"))
        play.fail("b")
        assert play.statuses()["b"] == "WAITING"
        assert play.state.steps["b"].job_id == "job1"


class TestRecovery:
    def test_a_step_under_way_is_started_again(self) -> None:
        """R4: a step in flight when the process died runs again, as a further attempt."""
        play = Play(make_plan({"id": "a", "ref": "t.work", "next": "b"}, {"id": "b"}))
        play.start("a")
        assert play.give(Recover()).ready == ["a"]
        play.end("a")
        assert play.state.steps["a"].attempt == 2
        assert play.state.steps["a"].failures == 0

    @pytest.mark.parametrize(("outcome", "phase"), [("done", "running"), ("fail", "failed"), ("again", "running")])
    def test_a_once_step_waits_for_a_decision(self, outcome: str, phase: str) -> None:
        play = Play(make_plan({"id": "a", "ref": "t.work", "effect": "once", "next": "b"}, {"id": "b"}))
        play.start("a")
        assert play.give(Recover()).ready == []
        assert play.statuses()["a"] == "WAITING"
        follows = play.give(Decided("a", outcome, "me", {"paid": True}, "job1"))
        assert play.state.phase == phase
        assert follows.ready == {"done": ["b"], "again": ["a"], "fail": []}[outcome]
        assert follows.events[0].data == {"outcome": outcome, "by": "me"}

    def test_the_reason_of_a_decision_is_written_down(self) -> None:
        play = Play(make_plan({"id": "a", "ref": "t.work", "effect": "once"}))
        play.start("a")
        play.give(Recover())
        follows = play.give(Decided("a", "fail", "me", reason="the bank says no"))
        assert follows.events[0].data["reason"] == "the bank says no"
        assert play.state.steps["a"].error == {
            "code": "decided_failed",
            "message": "decided to have failed: the bank says no",
        }

    def test_recovering_twice_changes_nothing_more(self) -> None:
        play = Play(make_plan({"id": "a", "ref": "t.work", "effect": "once"}))
        play.start("a")
        play.give(Recover())
        assert play.give(Recover()).events == []


def test_cancelling_ends_every_open_step() -> None:
    """Row 28."""
    play = Play(make_plan({"id": "a", "next": "b"}, {"id": "b"}))
    play.start("a")
    play.give(Cancel("me"))
    assert play.state.phase == "cancelled"
    assert play.statuses() == {"a": "CANCELLED", "b": "CANCELLED"}
    assert play.ready() == []


def test_a_run_that_fails_as_a_whole_parks_the_step_it_stood_on() -> None:
    """R12: such a run can be retried by hand."""
    play = Play(make_plan({"id": "a", "next": "b"}, {"id": "b"}))
    play.end("a")
    play.give(Fail("crashed_too_often", "three times", "job9"))
    assert play.state.steps["b"].job_id == "job9"
    assert play.state.error == {"code": "crashed_too_often", "message": "three times", "stepId": "b"}


def test_a_late_result_of_a_cancelled_step_can_be_told_from_the_state() -> None:
    play = Play(make_plan({"id": "a"}))
    play.start("a")
    play.give(Cancel(None))
    assert play.state.finished
    with pytest.raises(KeyError):
        play.give(Finished("unknown", StepResult.success()))
