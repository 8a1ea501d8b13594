"""Schedules and their times as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.clock import iso
from engine.schedules import explain
from engine.schedules.durations import duration_text
from engine.schedules.schedule import Schedule
from engine.schedules.timetable import delayed, upcoming
from engine.schedules.words import words
from engine.store import ScheduleRow

Document = dict[str, Any]

SHOWN: Final = 5
_LONGEST_MS: Final = 400 * 86_400_000
"""Clock changes are looked for no further than this."""


def schedule_document(row: ScheduleRow, workflow_name: str, now: int) -> Document:
    """A schedule, what comes and what became of it."""
    state = row.state
    times = _coming(row, now) if row.enabled and state.paused_at is None else []
    return {
        "workflowId": row.workflow_id,
        "workflowName": workflow_name,
        "scheduleId": row.schedule_id,
        "stepId": row.step_id,
        "kind": row.schedule.kind,
        "cron": row.schedule.text,
        "words": words(row.schedule),
        "timezone": row.schedule.timezone,
        "state": _state(row, times),
        "nextAt": iso(times[0]) if times else None,
        "upcoming": [iso(at) for at in times],
        "misfire": row.schedule.misfire,
        "overlap": row.schedule.overlap,
        "lastAt": _iso(state.last_at),
        "lastRunId": state.last_run_id,
        "missed": state.missed,
        "skipped": state.skipped,
        "missedAt": _iso(state.missed_at),
        "missedWhy": state.missed_why,
        "heldAt": _iso(state.held_at),
        "waiting": len(state.queued) + len(state.owed),
        "pausedAt": _iso(state.paused_at),
        "pausedBy": state.paused_by,
        "pauseReason": state.pause_reason,
    }


def preview_document(schedule: Schedule, after: int, until: int | None, limit: int) -> Document:
    """The times of a window, with clock changes and outages."""
    found = explain.occurrences(schedule, after, until, limit + 1)
    shown = found[:limit]
    last = until if until is not None and len(found) <= limit else shown[-1].at if shown else after
    changes = explain.clock_changes(schedule.timezone, after, min(last, after + _LONGEST_MS))
    outages = [explain.outage(schedule, after, lasted) for lasted in explain.OUTAGES_MS]
    zone = ZoneInfo(schedule.timezone)
    return {
        "words": words(schedule),
        "timezone": schedule.timezone,
        "times": [{"at": iso(one.at), "local": _local(one.at, zone), "note": one.note} for one in shown],
        "more": len(found) > limit,
        "clockChanges": [
            {"at": iso(one.at), "kind": one.kind, "minutes": abs(one.after - one.before)} for one in changes
        ],
        "outages": [_outage(one) for one in outages],
    }


def _outage(found: explain.Outage) -> Document:
    return {
        "lasted": duration_text(found.lasted_ms),
        "cameUp": found.came_up,
        "run": [iso(at) for at in found.run],
        "missed": found.missed,
        "leftOut": found.left_out,
    }


def _coming(row: ScheduleRow, now: int) -> Sequence[int]:
    """When the next runs start, jitter included."""
    after = max(row.state.cursor, now - row.schedule.jitter_ms - 1)
    names = (row.workflow_id, row.schedule_id)
    starts = (delayed(row.schedule, at, *names) for at in islice(upcoming(row.schedule, after), SHOWN + 1))
    return [at for at in starts if at > now][:SHOWN]


def _state(row: ScheduleRow, times: Sequence[int]) -> str:
    if not row.enabled:
        return "disabled"
    if row.state.paused_at is not None:
        return "paused"
    return "active" if times or row.state.queued or row.state.owed else "over"


def _local(at: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at / 1000, zone).isoformat(timespec="seconds")


def _iso(at: int | None) -> str | None:
    return None if at is None else iso(at)
