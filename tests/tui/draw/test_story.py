"""A run's events as lines of the log pane."""

from __future__ import annotations

from typing import Any

from flowdesk.replies import EventDoc
from flowdesk.tui.draw.story import Story, logged
from tests.tui.world import HOSTILE


def event(
    kind: str, step: str | None = None, *, at: int = 0, no: int | None = None, data: Any = None, **more: Any
) -> EventDoc:
    return {
        "runId": "r1",
        "workflowId": "w",
        "seq": 7,
        "at": f"2026-11-23T09:12:{at:02d}.000Z",
        "type": kind,
        "stepId": step,
        "attempt": no,
        "data": data or more,
    }


def told(*events: EventDoc, name: str | None = None) -> list[tuple[str | None, str, str]]:
    story = Story(name=name)
    return [(line.step, line.level, line.text) for one in events for line in story.lines(one)]


def test_a_run_that_fails_in_its_second_attempt() -> None:
    error = {"code": "http_500", "message": "refused", "stepId": "send"}
    assert told(
        event("run.started", trigger={"kind": "cron"}),
        event("step.started", "send", no=1),
        event("step.log", "send", level="warning", message="slow\nvery", fields={"ms": 12}),
        event("step.failed", "send", error=error, final=False),
        event("retry.scheduled", "send", attempt=2, delayMs=1000),
        event("step.started", "send", no=2),
        event("step.failed", "send", error=error, final=True),
        event("run.failed", at=4, error=error),
    ) == [
        (None, "info", "run r1 started by its schedule"),
        ("send", "debug", "started"),
        ("send", "warning", "slow ms=12"),
        ("send", "warning", "very"),
        ("send", "warning", "failed: refused (http_500)"),
        ("send", "info", "attempt 2 follows in 1.0 s"),
        ("send", "debug", "attempt 2 started"),
        ("send", "error", "failed: refused (http_500)"),
        (None, "error", "FAILED in 4.0 s at step send: refused (http_500)"),
    ]


def test_steps_that_wait_are_left_out_or_taken_over() -> None:
    assert told(
        event("wait.started", "ask", data={"for": "decision"}),
        event("wait.resolved", "ask", outcome="yes"),
        event("step.succeeded", "ask", durationMs=3, route="yes"),
        event("step.skipped", "other", reason="not taken"),
        event("step.succeeded", "before", reused=True),
        event("run.cancelled", reason="enough"),
        event("something.new", "ask"),
        name="orders",
    ) == [
        ("ask", "info", "waits for a decision"),
        ("ask", "info", "goes on: yes"),
        ("ask", "info", "done in 3.0 ms, route yes"),
        ("other", "debug", "skipped: not taken"),
        ("before", "debug", "taken over from the run before"),
        (None, "warning", "orders run r1 CANCELLED: enough"),
    ]


def test_lines_keep_what_enter_shows_and_nothing_hostile() -> None:
    story = Story(name=HOSTILE)
    data = {"level": HOSTILE, "message": HOSTILE, "fields": {HOSTILE: HOSTILE}}
    (line,) = story.lines(event("step.log", HOSTILE, no=2, data=data))
    assert (line.seq, line.attempt, line.detail, line.level) == (7, 2, data, "info")
    assert line.text.isprintable()
    assert line.step is not None
    assert line.step.isprintable()


def test_ready_made_lines_look_the_same() -> None:
    found = logged(
        {
            "seq": 3,
            "at": "2026-11-23T09:12:00Z",
            "type": "step.log",
            "stepId": "send",
            "attempt": 1,
            "level": "error",
            "message": "one\ntwo",
            "fields": {"n": 1},
        }
    )
    assert [(line.step, line.level, line.text) for line in found] == [
        ("send", "error", "one n=1"),
        ("send", "error", "two"),
    ]
