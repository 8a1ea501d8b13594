"""kill -9 at every commit boundary of one run, and at every point of its steps (rows 1 and 3)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.scene import Scene

EFFECTS = {
    "chain": ["reserve", "pay", "ship"],
    "parallel": ["order", "left", "right", "pay"],
    "retry": ["order", "pay", "ship"],
}
COMMITS = [f"commit:{number}:{when}" for number in (1, 2, 3, 4) for when in ("before", "after")]
STEPS = [f"step:pay:{when}" for when in ("enter", "leave")]
POINTS = [
    *[("chain", point) for point in COMMITS + STEPS],
    # The first commit is the same for every workflow, and so are the steps of a chain.
    *[
        (workflow, point)
        for workflow in ("parallel", "retry")
        for point in ["commit:2:before", "commit:3:after", *STEPS]
    ],
]


@pytest.mark.parametrize(("workflow", "point"), POINTS)
def test_a_run_survives_a_kill(tmp_path: Path, workflow: str, point: str) -> None:
    """R1 to R5: before a step, in it, after it before its commit, after the commit."""
    scene = Scene(tmp_path, workflow)
    scene.live(accept=1, kill=point)
    scene.live()
    in_flight = 2 if workflow == "parallel" else 1
    scene.check(EFFECTS[workflow], in_flight=in_flight, attempts=3 if workflow == "retry" else 1)
    if point == "commit:1:before":
        assert scene.accepted == {}
        assert scene.runs() == []


@pytest.mark.parametrize(
    "point",
    # How many commits come after the fourth depends on which answers find the run at rest; `told:` kills there.
    [f"commit:{number}:{when}" for number in (2, 3, 4) for when in ("before", "after")]
    + ["told:signal", "told:decide"],
)
def test_waits_survive_a_kill(tmp_path: Path, point: str) -> None:
    """R3, R7: in a sleep, before a signal and an approval, and right after them: each is heard once, decided once."""
    scene = Scene(tmp_path, "waits")
    scene.live(accept=1, kill=point)
    scene.live()
    scene.check(["order", "pay"], in_flight=1)
    (journal,) = scene.journals().values()
    kinds = [(event.type.value, event.step_id) for event in journal]
    for step in ("nap", "hear", "ask"):
        assert kinds.count(("wait.started", step)) == kinds.count(("wait.resolved", step)) == 1, step
    assert kinds.count(("signal.received", None)) == 1


UNDO_POINTS = [
    *[f"step:{step}:{when}" for step in ("refund", "unorder", "report") for when in ("enter", "leave")],
    *[f"commit:{number}:{when}" for number in (4, 5, 6) for when in ("before", "after")],
]


@pytest.mark.parametrize("point", UNDO_POINTS)
def test_cleaning_up_survives_a_kill(tmp_path: Path, point: str) -> None:
    """R2 to R5: in an undo step, between two of them, and in `finally`; what was undone is not undone again."""
    scene = Scene(tmp_path, "undo")
    scene.live(accept=1, kill=point)
    scene.live()
    (row,) = scene.runs()
    assert (row.status, row.error_code, scene.repeated) == ("FAILED", "broken", [])
    effects = scene.effects()
    cleaning = ["refund", "unorder", "report", "archive"]
    assert all(effects[row.id, step] >= 1 for step in ["order", "pay", *cleaning])
    assert sum(effects.values()) <= 6 + 1
    assert {len(keys) for keys in scene.keys().values()} == {1}
    (journal,) = scene.journals().values()
    done = [event.step_id for event in journal if event.type == "step.succeeded"]
    assert done == ["order", "pay", *cleaning]
    assert [event.type.value for event in journal].count("run.ending") == 1


def test_a_once_step_that_was_under_way_waits_for_a_decision_and_never_runs_again(tmp_path: Path) -> None:
    """The start of a `once` step is on disk before its effect, so that nobody repeats it unasked."""
    scene = Scene(tmp_path, "once")
    scene.live(accept=1, kill="step:pay:leave")
    scene.live()
    (row,) = scene.runs()
    assert (row.status, row.waiting_for) == ("WAITING", "decision")
    assert scene.effects()[row.id, "pay"] == 1


def test_a_run_that_kills_its_process_each_time_is_parked_and_the_others_finish(tmp_path: Path) -> None:
    """R12: five deaths of the same run end it, visible and retryable; its neighbours are not blamed."""
    scene = Scene(tmp_path, "chain")
    scene.live(accept=1, kill="step:pay:enter")
    for _ in range(4):
        scene.live(kill="step:pay:enter")
    scene.live(accept=3)
    rows = scene.runs()
    assert sorted(row.status for row in rows) == ["FAILED", "SUCCESS", "SUCCESS", "SUCCESS"]
    (dead,) = [row for row in rows if row.status == "FAILED"]
    assert dead.error_code == "crashed_too_often"
    assert dead.deaths == 5
