"""The lines that tell a run."""

from __future__ import annotations

from typing import Any

import pytest

from engine.models.event import Event, EventType
from server.narrative import duration, log_line, log_lines


def line(kind: EventType, step: str | None = None, nth: int | None = None, **data: Any) -> tuple[str, str]:
    told = log_line(Event(1, 0, kind, step, nth, data))
    return told["level"], told["message"]


@pytest.mark.parametrize("kind", list(EventType))
def test_every_event_is_told_whatever_its_data(kind: EventType) -> None:
    told = log_line(Event(3, 1_000, kind, "a", 1, {}))
    assert told["level"] in ("debug", "info", "warning", "error")
    assert told["seq"] == 3
    assert told["at"] == "1970-01-01T00:00:01.000Z"
    assert told["type"] == kind.value


def test_what_happened_is_said_in_words() -> None:
    assert line(EventType.RUN_STARTED, trigger={"kind": "webhook"}) == ("info", "started by its webhook")
    assert line(EventType.RUN_STARTED, trigger={"kind": "rerun"}, parentRunId="r") == (
        "info",
        "started again from run r",
    )
    assert line(EventType.STEP_STARTED, "a", 1) == ("debug", "started")
    assert line(EventType.STEP_STARTED, "a", 2) == ("debug", "started, attempt 2")
    assert line(EventType.STEP_SUCCEEDED, "a", 1, durationMs=3500, route="big") == ("info", "done in 3.5 s, route big")
    assert line(EventType.STEP_SUCCEEDED, "a", 1, reused=True) == ("debug", "taken over from the run before")
    error = {"code": "timeout", "message": "no result within 2 s"}
    assert line(EventType.STEP_FAILED, "a", 1, error=error) == ("warning", "failed: no result within 2 s (timeout)")
    assert line(EventType.STEP_FAILED, "a", 1, error=error, final=True)[0] == "error"
    assert line(EventType.RETRY_SCHEDULED, "a", 1, delayMs=60_000, attempt=2) == (
        "info",
        "attempt 2 follows in 1 min 0 s",
    )
    assert line(EventType.RUN_FAILED, error={**error, "stepId": "a"}) == (
        "error",
        "failed at step a: no result within 2 s (timeout)",
    )


def test_what_steps_log_keeps_its_fields() -> None:
    told = log_line(Event(1, 0, EventType.STEP_LOG, "a", 1, {"level": "warning", "message": "hm", "fields": {"n": 1}}))
    assert (told["level"], told["message"], told["fields"]) == ("warning", "hm", {"n": 1})


def test_only_the_newest_lines_are_kept() -> None:
    events = [Event(seq, 0, EventType.STEP_LOG, "a", 1, {"message": str(seq)}) for seq in range(1, 6)]
    assert [told["seq"] for told in log_lines(events, 2)] == [4, 5]


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "<1 ms"),
        (0.04, "<0.1 ms"),
        (9.94, "9.9 ms"),
        (12.4, "12 ms"),
        (1500, "1.5 s"),
        (125e3, "2 min 5 s"),
        (3660e3, "1 h 1 min"),
    ],
)
def test_durations(ms: float, text: str) -> None:
    assert duration(ms) == text
