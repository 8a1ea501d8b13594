"""Rows of tables and what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, Final

import orjson

from engine.jsonio import dumps
from engine.models.run import Call, JobRow, JobStatus, Message, Role, RunRow, RunStatus, TriggerKind, User, WaitingFor
from engine.schedules.rows import ScheduleRow, ScheduleState
from engine.schedules.schedule import Schedule

RUN_COLUMNS: Final = tuple(field.name for field in fields(RunRow))
JOB_COLUMNS: Final = tuple(field.name for field in fields(JobRow))
MESSAGE_COLUMNS: Final = tuple(field.name for field in fields(Message))
USER_COLUMNS: Final = tuple(field.name for field in fields(User))
SCHEDULE_COLUMNS: Final = tuple(field.name for field in fields(ScheduleRow))

_STATUS: Final = {status.value: status for status in RunStatus}
_TRIGGER: Final = {kind.value: kind for kind in TriggerKind}


def run_values(row: RunRow) -> tuple[Any, ...]:
    """A run in the order of RUN_COLUMNS. Enums are passed as plain text: sqlite3 binds that much faster."""
    return (
        row.id,
        row.workflow_id,
        row.workflow_version,
        row.user_id,
        row.status.value,
        row.seq,
        row.trigger.value,
        row.created_at,
        row.started_at,
        row.finished_at,
        None if row.waiting_for is None else row.waiting_for.value,
        row.due_at,
        row.deadline_at,
        row.owner,
        1 if row.cancel_requested else 0,
        row.deaths,
        row.death_seq,
        row.parent_run_id,
        row.scheduled_at,
        row.dedupe_key,
        row.payload_hash,
        row.error_code,
        None if row.error is None else dumps(row.error).decode(),
        row.caller_run_id,
        None if row.call is None else dumps(row.call.to_list()).decode(),
        1 if row.poked else 0,
        row.limit_key,
        1 if row.owed else 0,
    )


def run_row(values: Sequence[Any]) -> RunRow:
    """The run these columns hold."""
    row = RunRow(*values)
    row.status = _STATUS[values[4]]
    row.trigger = _TRIGGER[values[6]]
    row.cancel_requested = bool(row.cancel_requested)
    if row.waiting_for is not None:
        row.waiting_for = WaitingFor(row.waiting_for)
    row.error = _loads(values[22])
    if values[24] is not None:
        row.call = Call(*orjson.loads(values[24]))
    row.poked = bool(row.poked)
    row.owed = bool(row.owed)
    return row


def job_values(job: JobRow) -> tuple[Any, ...]:
    """A job in the order of JOB_COLUMNS."""
    error = None if job.error is None else dumps(job.error).decode()
    values = (job.id, job.workflow_id, job.run_id, job.user_id, job.step_id, job.attempt, job.status.value)
    return (*values, job.run_at, job.created_at, job.updated_at, error)


def job_row(values: Sequence[Any]) -> JobRow:
    """The job these columns hold."""
    job = JobRow(*values)
    job.status = JobStatus(job.status)
    job.error = _loads(values[10])
    return job


def schedule_values(row: ScheduleRow) -> tuple[Any, ...]:
    """A schedule in the order of SCHEDULE_COLUMNS."""
    schedule, state = dumps(row.schedule.to_dict()).decode(), dumps(row.state.to_dict()).decode()
    return (row.workflow_id, row.schedule_id, schedule, row.next_at, row.step_id, int(row.enabled), state, row.rev)


def schedule_row(values: Sequence[Any]) -> ScheduleRow:
    """The schedule these columns hold."""
    workflow_id, schedule_id, schedule, next_at, step_id, enabled, state, rev = values
    return ScheduleRow(
        workflow_id,
        schedule_id,
        Schedule.from_dict(orjson.loads(schedule)),
        next_at,
        step_id,
        bool(enabled),
        ScheduleState.from_dict(orjson.loads(state)),
        rev,
    )


def message_row(values: Sequence[Any]) -> Message:
    """The message these columns hold."""
    message = Message(*values)
    return replace(message, body=orjson.loads(values[-1]))


def user_row(values: Sequence[Any]) -> User:
    """The account these columns hold."""
    user = User(*values)
    user.role = Role(user.role)
    return user


def _loads(text: str | None) -> dict[str, Any] | None:
    return None if text is None else orjson.loads(text)
