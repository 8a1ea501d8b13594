"""The live log of a run, line by line."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flowdesk.replies import EventDoc, LogDoc
from flowdesk.show.paint import Paint
from flowdesk.show.story import Prefixes, Story, log_line

STEPS = ["hook", "fetch-all", "say"]
RUN = "01k2zs3v9d8r6w1x0e5f7g8h9j"


def event(kind: str, step: str | None = None, *, at: int = 0, no: int | None = None, **data: Any) -> EventDoc:
    return {
        "runId": RUN,
        "workflowId": "w",
        "seq": 1,
        "at": f"2026-11-23T09:12:{at // 1000:02d}.{at % 1000:03d}Z",
        "type": kind,
        "stepId": step,
        "attempt": no,
        "data": data,
    }


def told(*events: EventDoc, name: str | None = None) -> list[str]:
    story = Story(STEPS, Paint(), name=name)
    lines = [line for one in events for line in story.tell(one)]
    return [re.sub(r"^\d\d:\d\d:", "", line) for line in lines]


def test_a_run_from_start_to_end() -> None:
    assert told(
        event("run.started", trigger={"kind": "webhook"}),
        event("step.succeeded", "hook", durationMs=0.0, no=0),
        event("step.started", "fetch-all", at=3, no=1),
        event("step.log", "fetch-all", at=4, level="info", message="200 OK", fields={"size": 12, "name": "a"}),
        event("step.succeeded", "fetch-all", at=15, durationMs=12.4, route="big"),
        event("step.skipped", "say", at=15, reason="no arrow to it was taken"),
        event("run.succeeded", at=1500),
    ) == [
        f"00.000           │ run {RUN} started by its webhook",
        "00.000 hook      │ [1/3] done",
        "00.003 fetch-all │ started",
        "00.004 fetch-all │ 200 OK size=12 name=a",
        "00.015 fetch-all │ [2/3] done in 12 ms, route big",
        "00.015 say       │ [3/3] skipped: no arrow to it was taken",
        "01.500           │ SUCCESS in 1.5 s",
    ]


def test_failure_and_retry() -> None:
    error = {"code": "http_500", "message": "refused"}
    assert told(
        event("step.failed", "say", error=error, final=False),
        event("retry.scheduled", "say", delayMs=1000, attempt=2),
        event("step.started", "say", no=2, at=1000),
        event("step.failed", "say", error=error, final=True, at=1010),
        event("run.failed", error={**error, "stepId": "say"}, at=1010),
    ) == [
        "00.000 say       │ failed: refused (http_500)",
        "00.000 say       │ attempt 2 follows in 1.0 s",
        "01.000 say       │ attempt 2 started",
        "01.010 say       │ [1/3] failed: refused (http_500)",
        "01.010           │ FAILED at step say: refused (http_500)",
    ]


@pytest.mark.parametrize(
    ("kind", "status"), [("run.succeeded", "SUCCESS"), ("run.failed", "FAILED"), ("run.cancelled", "CANCELLED")]
)
def test_the_story_knows_how_it_ended(kind: str, status: str) -> None:
    story = Story(STEPS, Paint())
    before = story.status
    assert before is None
    story.tell(event(kind, error={"code": "x", "message": "y", "stepId": "say"}))
    assert (story.status or "") == status
    assert story.failed_at == ("say" if status == "FAILED" else None)
    story.tell(event("run.reopened", stepId="say"))
    reopened = story.status
    assert reopened is None


def test_a_reopened_step_is_counted_once() -> None:
    lines = told(
        event("step.failed", "say", error={}, final=True),
        event("run.reopened", stepId="say"),
        event("step.started", "say", no=2),
        event("step.succeeded", "say"),
    )
    assert [line.split("[")[1][:3] for line in lines if "[" in line] == ["1/3", "1/3"]


def test_no_step_can_write_a_line_in_the_name_of_another() -> None:
    """Row 53: each line of a message keeps its step's prefix, and control characters are shown."""
    lines = told(event("step.log", "say", message="one\n12:03:05.000 hook │ done\r\x1b[1A\x1b[2Kforged"))
    assert lines == [
        "00.000 say       │ one",
        "             say       │ 12:03:05.000 hook │ done",
        "             say       │ ␛[1A␛[2Kforged",
    ]


def test_nothing_from_outside_reaches_the_terminal_raw() -> None:
    """Row 52: every value of every event is made clean."""
    evil = "\x1b]0;owned\x07\n\u202e"
    paint = Paint()
    waiting: dict[str, Any] = {"for": evil}
    events = [
        event("run.started", evil, trigger={"kind": evil}, parentRunId=evil),
        event("run.started", trigger={"kind": evil}, parentRunId=evil),
        event("step.log", evil, message=evil, level=evil, fields={evil: evil, "v": [evil]}),
        event("step.succeeded", evil, durationMs=1, route=evil),
        event("step.failed", evil, error={"code": evil, "message": evil}, final=True),
        event("step.skipped", evil, reason=evil),
        event("retry.scheduled", evil, attempt=evil, delayMs=1),
        event("wait.started", evil, **waiting),
        event("wait.resolved", evil, outcome=evil),
        event("run.reopened", stepId=evil),
        event("run.cancelled", reason=evil),
        event("run.failed", error={"code": evil, "message": evil, "stepId": evil}),
    ]
    story = Story([evil], paint, name=evil)
    lines = [line for one in events for line in story.tell(one)]
    assert len(lines) >= len(events) - 1
    assert all(line.isprintable() for line in lines)


def test_unknown_events_are_passed_over() -> None:
    assert told(event("run.dreamt"), event("step.dreamt", "say")) == []


def test_a_log_of_several_runs_names_them() -> None:
    lines = told(event("run.started", trigger={"kind": "cron"}), event("run.cancelled", reason="by hand"), name="Hello")
    assert lines[0].endswith(f"│ Hello run {RUN} started by its schedule")
    assert lines[1].endswith(f"│ Hello run {RUN} CANCELLED in <1 ms: by hand")


def test_ready_made_lines_have_the_same_form() -> None:
    prefixes = Prefixes(Paint())
    prefixes.add(STEPS)
    line: LogDoc = {
        "seq": 1,
        "at": "2026-11-23T09:12:00.123Z",
        "type": "step.log",
        "stepId": "say",
        "attempt": 1,
        "level": "info",
        "message": "a\x1b\nb",
        "fields": {"k": 1},
    }
    first, second = log_line(line, prefixes)
    assert first.endswith(":00.123 say       │ a␛ k=1")
    assert second == "             say       │ b"


def test_steps_have_colours_of_their_own() -> None:
    story = Story(STEPS, Paint(on=True))
    lines = [story.tell(event("step.started", step, no=1))[0] for step in STEPS]
    assert len({re.findall(r"\x1b\[(\d+)m(?:hook|fetch|say)", line)[0] for line in lines}) == 3
