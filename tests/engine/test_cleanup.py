"""Undo steps and `finally`, in the state machine alone."""

from __future__ import annotations

from typing import Any

import pytest

from engine.graph import validate
from engine.inputs import Cancel, Fail, Recover, Reopen
from engine.models.event import EventType
from tests.engine.kit import Play, make_plan, make_registry

STEPS: list[dict[str, Any]] = [
    {"id": "a", "ref": "t.work", "next": ["b", "c"], "undo": "undo_a"},
    {"id": "b", "ref": "t.work", "next": "d", "undo": "undo_b"},
    {"id": "c", "ref": "t.work", "next": "d", "undo": "undo_c"},
    {"id": "d", "ref": "t.work"},
    {"id": "undo_a", "ref": "t.work"},
    {"id": "undo_b", "ref": "t.work", "retry": {"maxAttempts": 2, "backoffMs": 0}},
    {"id": "undo_c", "ref": "t.work"},
    {"id": "last", "ref": "t.work", "next": "very_last"},
    {"id": "very_last", "ref": "t.work"},
]


def play(**more: Any) -> Play:
    return Play(make_plan(*STEPS, **({"finally": ["last"]} | more)), {"n": 1})


def to_failure() -> Play:
    """A run whose last step has failed; c had finished before b."""
    found = play()
    found.end("a", {"x": "a"})
    found.start("b")
    found.end("c", {"x": "c"})
    found.done("b", {"x": "b"})
    found.fail("d")
    return found


def test_finished_steps_are_undone_last_finished_first_and_then_comes_finally() -> None:
    found = to_failure()
    for step_id in ("undo_b", "undo_c", "undo_a", "last", "very_last"):
        assert found.state.phase == "ending"
        assert found.ready() == [step_id]
        found.end(step_id)
    assert found.state.phase == "failed"
    assert found.state.error == {"code": "broken", "message": "it broke", "stepId": "d"}
    assert found.refold() == found.state


def test_an_undo_step_sees_what_the_undone_one_saw_and_its_output() -> None:
    found = to_failure()
    seen = found.view.data(found.plan.steps["undo_c"])
    assert dict(seen) == {"n": 1, "x": "c"}
    assert set(found.view.outputs(found.plan.steps["undo_c"])) == {"a", "c"}


def test_finally_sees_everything() -> None:
    found = to_failure()
    outputs = found.view.outputs(found.plan.steps["last"])
    assert set(outputs) == {"a", "b", "c", "d"}
    assert outputs["d"]["error"]["code"] == "broken"


def test_an_undo_that_fails_does_not_stop_the_others_and_is_named() -> None:
    found = to_failure()
    found.fail("undo_b")
    assert found.state.steps["undo_b"].waits_for == "retry"
    assert found.ready() == [], "the next one waits for the retry"
    found.fail("undo_b")
    for step_id in ("undo_c", "undo_a", "last", "very_last"):
        found.end(step_id)
    assert found.state.phase == "failed"
    assert found.state.error == {
        "code": "undo_failed",
        "message": "could not be undone: b (by undo_b)",
        "stepId": "undo_b",
        "undo": ["undo_b"],
        "after": {"code": "broken", "message": "it broke", "stepId": "d"},
    }


def test_success_skips_what_would_undo_and_runs_finally() -> None:
    found = play()
    for step_id in "abcd":
        found.end(step_id)
    assert found.ready() == ["last"]
    found.end("last")
    found.end("very_last")
    assert found.state.phase == "succeeded"
    assert [found.statuses()[f"undo_{one}"] for one in "abc"] == ["SKIPPED"] * 3
    assert found.kinds()[-1] == "run.succeeded"


def test_a_finally_step_that_fails_fails_a_run_that_had_done_its_work() -> None:
    found = play()
    for step_id in "abcd":
        found.end(step_id)
    found.fail("last")
    assert found.statuses()["very_last"] == "SKIPPED"
    assert found.state.error == {"code": "finally_failed", "message": "failed at the end: last", "stepId": "last"}


@pytest.mark.parametrize("undo", [True, False])
def test_cancelling_undoes_when_asked_and_runs_finally_in_any_case(undo: bool) -> None:
    """Row 28: no later step of the work runs."""
    found = play()
    found.end("a")
    found.start("b")
    decision = found.give(Cancel("me", undo=undo))
    assert decision.stopped
    for step_id in [*(["undo_a"] if undo else []), "last", "very_last"]:
        assert found.ready() == [step_id]
        found.end(step_id)
    assert found.state.phase == "cancelled"
    assert found.events[-1].data == {"by": "me", "reason": "cancelled by hand"}
    assert found.statuses()["b"] == "CANCELLED"


def test_a_second_cancel_does_not_lose_the_clean_up_and_force_ends_it() -> None:
    found = to_failure()
    found.start("undo_b")
    assert found.give(Cancel("me")).events == []
    assert found.give(Cancel("me", undo=True)).events == []
    assert found.state.steps["undo_b"].status == "RUNNING"
    assert found.give(Cancel("me", force=True)).stopped
    assert found.state.phase == "cancelled"
    assert found.events[-1].data["left"] == ["undo_b", "undo_c", "undo_a", "last", "very_last"]
    assert found.ready() == []


def test_time_out_undoes_and_the_clean_up_has_a_time_of_its_own() -> None:
    """R7."""
    found = play(finallyTimeoutMs=1000)
    found.end("a")
    found.start("b")
    found.give(Fail("run_timeout", "too late", "job9"))
    assert found.state.ending is not None
    assert found.state.ending["endBy"] == found.now + 1000
    assert found.ready() == ["undo_a"]
    found.give(Fail("finally_timeout", "too late again"))
    assert found.state.error is not None
    assert found.state.error["left"] == ["undo_a", "last", "very_last"]
    assert found.state.error["after"]["code"] == "run_timeout"


@pytest.mark.parametrize("steps_done", range(6))
def test_a_crash_at_any_point_of_the_clean_up_loses_nothing(steps_done: int) -> None:
    """R3 and R4: finished undo steps do not run again, the others do."""
    found = to_failure()
    order = ["undo_b", "undo_c", "undo_a", "last", "very_last"]
    for step_id in order[:steps_done]:
        found.end(step_id)
    if steps_done < len(order):
        found.start(order[steps_done])
        found.state = found.refold()
        found.view.__init__(found.plan, found.state)  # type: ignore[misc]
        found.give(Recover())
        for step_id in order[steps_done:]:
            assert found.ready() == [step_id]
            found.end(step_id)
    assert found.state.phase == "failed"
    started = [event.step_id for event in found.events if event.type is EventType.STEP_STARTED]
    assert all(started.count(step_id) <= 2 for step_id in order)
    assert found.refold() == found.state


def test_a_run_that_goes_on_runs_its_finally_steps_again_with_a_new_key() -> None:
    more: dict[str, Any] = {"finally": ["last"]}
    found = Play(make_plan({"id": "a", "ref": "t.work"}, {"id": "last", "ref": "t.work"}, **more))
    found.fail("a")
    found.end("last")
    assert found.state.phase == "failed"
    found.give(Reopen("a", "job1", "me"))
    assert found.events[-1].data["again"] == ["last"]
    found.end("a")
    assert found.ready() == ["last"]
    assert found.state.steps["last"].round == 1
    found.end("last")
    assert found.state.phase == "succeeded"
    assert found.refold() == found.state


@pytest.mark.parametrize(
    ("change", "code", "step", "field"),
    [
        ({"d": {"next": "undo_a"}}, "arrow_into_undo", "d", "next"),
        ({"d": {"next": ["last"]}}, "arrow_into_finally", "d", "next[0]"),
        ({"d": {"onError": "very_last"}}, "arrow_into_finally", "d", "onError"),
        ({"b": {"undo": "undo_a"}}, "bad_undo", "a", "undo"),
        ({"a": {"undo": "gone"}}, "unknown_step", "a", "undo"),
        ({"last": {"undo": "undo_d"}, "undo_d": {}}, "bad_undo", "last", "undo"),
        ({"undo_a": {"next": "undo_z"}, "undo_z": {}}, "bad_undo", "a", "undo"),
        ({"finally": ["last", "gone"]}, "unknown_step", None, "finally[1]"),
        ({"finally": ["last", "last"]}, "duplicate_step", None, "finally[1]"),
        ({"finally": ["a"], "entryStepId": "a"}, "finally_starts_runs", None, "finally[0]"),
    ],
)
def test_what_cannot_be_cleaned_up_with_is_refused(
    change: dict[str, Any], code: str, step: str | None, field: str
) -> None:
    """Bad input is refused at save with step, field, code and cure."""
    document: dict[str, Any] = {"name": "n", "finally": ["last"]}
    steps = {one["id"]: dict(one) for one in STEPS}
    for key, value in change.items():
        if key in ("finally", "entryStepId"):
            document[key] = value
        else:
            steps.setdefault(key, {"id": key, "ref": "t.work"}).update(value)
    draft, problems = validate({**document, "steps": list(steps.values())}, make_registry())
    assert draft is None
    assert (code, step, field) in [(p.code, p.step_id, p.field) for p in problems]
    assert all(p.hint for p in problems if p.code in ("bad_undo", "arrow_into_undo", "arrow_into_finally"))


def test_the_document_above_is_sound() -> None:
    assert validate({"name": "n", "finally": ["last"], "steps": STEPS}, make_registry())[1] == []
