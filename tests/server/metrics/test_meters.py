"""What is told to the meters by the parts, as tables and without a server."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus, TriggerKind
from server.metrics.exposition import render
from server.metrics.meters import Meters, Work
from server.watchdog import Watchdog
from tests.server.metrics.parser import parse

ROW = RunRow("r", "w", 1, "u", RunStatus.QUEUED, 0, TriggerKind.WEBHOOK, created_at=1000)
ENDED = replace(ROW, status=RunStatus.SUCCESS, started_at=1500, finished_at=3000)


def test_the_first_commit_of_a_run_that_waits_counts_its_start_and_not_its_end() -> None:
    work = Work()
    work.committed(None, ROW, ROW, [Event(1, 0, EventType.RUN_STARTED)])
    found = parse(render(work.families()))
    assert found.get("flowdesk_runs_started_total", trigger="webhook") == 1
    assert found.get("flowdesk_runs_finished_total", outcome="succeeded") == 0
    assert found.get("flowdesk_run_start_delay_seconds_count") == 0


def test_times_are_those_of_the_row() -> None:
    work = Work()
    work.committed(None, ROW, ENDED, [])
    work.committed(None, ENDED, replace(ENDED, seq=9), [])  # a later commit of an ended run is no second end
    found = parse(render(work.families()))
    assert found.get("flowdesk_run_start_delay_seconds_sum") == 0.5
    assert found.get("flowdesk_run_duration_seconds_sum", outcome="succeeded") == 2
    assert found.get("flowdesk_runs_finished_total", outcome="succeeded") == 1


@pytest.mark.parametrize(
    ("kind", "data", "outcome"),
    [
        (EventType.STEP_SUCCEEDED, {"durationMs": 5}, "succeeded"),
        (EventType.STEP_FAILED, {"durationMs": 5, "final": True}, "failed"),
        (EventType.STEP_FAILED, {"durationMs": 5, "final": False}, "retried"),
        (EventType.STEP_SKIPPED, {}, "skipped"),
        (EventType.STEP_CANCELLED, {}, "cancelled"),
    ],
)
def test_a_kind_of_step_that_is_not_installed_has_no_name(
    kind: EventType, data: dict[str, object], outcome: str
) -> None:
    """Row 48: its ref is what a user typed."""
    work = Work()
    work.committed(None, ROW, ROW, [Event(1, 0, kind, "typed-by-a-user", 1, data)])
    text = render(work.families())
    assert parse(text).get("flowdesk_steps_total", family="unknown", outcome=outcome) == 1
    assert "typed" not in text
    timed = parse(text).get("flowdesk_step_duration_seconds_count", family="unknown")
    assert timed == (1 if "durationMs" in data else 0)


def test_runs_that_change_hands_are_counted() -> None:
    work = Work()
    work.adopted(3)
    work.lost()
    found = parse(render(work.families()))
    assert found.get("flowdesk_runs_adopted_total") == 3
    assert found.get("flowdesk_runs_lost_total") == 1


async def test_the_watchdog_tells_how_late_the_loop_is() -> None:
    meters = Meters()
    dog = Watchdog(patience_s=0.04)
    dog.lag = meters.loop_lag.observe
    dog.start()
    try:
        async with asyncio.timeout(30):
            while not parse(render([meters.loop_lag])).get("flowdesk_event_loop_lag_seconds_count"):  # noqa: ASYNC110 - a thread counts
                await asyncio.sleep(0.005)
    finally:
        dog.stop()
