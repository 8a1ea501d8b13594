"""Documents and what they stand for: camelCase fields, times as integers, free-form values as JSON text.

Nothing a user wrote is ever a key here, so no `$` and no dot of theirs can mean anything to MongoDB.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from engine.jsonio import dumps
from engine.models.run import (
    FINISHED,
    Call,
    JobRow,
    JobStatus,
    Message,
    Role,
    RunRow,
    RunStatus,
    TriggerKind,
    User,
    WaitingFor,
)
from engine.schedules.rows import ScheduleRow, ScheduleState
from engine.schedules.schedule import Schedule
from engine.stores.mongo.driver import Doc

LASTING: Final = (
    "workflowId",
    "userId",
    "trigger",
    "createdAt",
    "parentRunId",
    "scheduledAt",
    "dedupeKey",
    "payloadHash",
    "callerRunId",
    "call",
    "limitKey",
    "cancelRequested",
    "poked",
)
"""What a run's first commit says for good, and what commits do not change."""
JOB_LASTING: Final = ("workflowId", "runId", "userId", "stepId", "createdAt")

_STATUS: Final = {status.value: status for status in RunStatus}
_TRIGGER: Final = {kind.value: kind for kind in TriggerKind}


def run_fields(row: RunRow) -> Doc:
    """A run without its id."""
    return {
        "workflowId": row.workflow_id,
        "workflowVersion": row.workflow_version,
        "userId": row.user_id,
        "status": row.status.value,
        "seq": row.seq,
        "trigger": row.trigger.value,
        "createdAt": row.created_at,
        "startedAt": row.started_at,
        "finishedAt": row.finished_at,
        "waitingFor": None if row.waiting_for is None else row.waiting_for.value,
        "dueAt": row.due_at,
        "deadlineAt": row.deadline_at,
        "owner": row.owner,
        "cancelRequested": row.cancel_requested,
        "deaths": row.deaths,
        "deathSeq": row.death_seq,
        "parentRunId": row.parent_run_id,
        "scheduledAt": row.scheduled_at,
        "dedupeKey": row.dedupe_key,
        "payloadHash": row.payload_hash,
        "errorCode": row.error_code,
        "error": _text(row.error),
        "callerRunId": row.caller_run_id,
        "call": None if row.call is None else row.call.to_list(),
        "poked": row.poked,
        "limitKey": row.limit_key,
        "owed": row.owed,
    }


def run_row(run_id: str, doc: Mapping[str, Any]) -> RunRow:
    """The run these fields tell of."""
    waiting_for = doc["waitingFor"]
    call = doc.get("call")  # runs of earlier programs were called by nobody
    return RunRow(
        id=run_id,
        workflow_id=doc["workflowId"],
        workflow_version=doc["workflowVersion"],
        user_id=doc["userId"],
        status=_STATUS[doc["status"]],
        seq=doc["seq"],
        trigger=_TRIGGER[doc["trigger"]],
        created_at=doc["createdAt"],
        started_at=doc["startedAt"],
        finished_at=doc["finishedAt"],
        waiting_for=None if waiting_for is None else WaitingFor(waiting_for),
        due_at=doc["dueAt"],
        deadline_at=doc["deadlineAt"],
        owner=doc["owner"],
        cancel_requested=doc["cancelRequested"],
        deaths=doc["deaths"],
        death_seq=doc["deathSeq"],
        parent_run_id=doc["parentRunId"],
        scheduled_at=doc["scheduledAt"],
        dedupe_key=doc["dedupeKey"],
        payload_hash=doc["payloadHash"],
        error_code=doc["errorCode"],
        error=_value(doc["error"]),
        caller_run_id=doc.get("callerRunId"),
        call=None if call is None else Call(*call),
        poked=bool(doc.get("poked")),
        limit_key=doc.get("limitKey"),
        owed=bool(doc.get("owed")),
    )


def summary(fields: Mapping[str, Any], rev: int) -> Doc:
    """What the `runs` collection keeps: the row, and what the sweeper's indexes are made of.

    `wakeAt` is set while the run rests and waits for a time, `holder` while a process executes it, `heldUnder` while it
    waits for its turn under a limit.
    """
    unfinished = _STATUS[fields["status"]] not in FINISHED
    held = unfinished and fields["owner"] is not None
    times = [at for at in (fields["dueAt"], fields["deadlineAt"]) if at is not None]
    return {
        **fields,
        "rev": rev,
        "open": unfinished,
        "holder": fields["owner"] if held else None,
        "heldUnder": _held_under(fields) if unfinished and not held else None,
        "wakeAt": min(times) if times and unfinished and not held else None,
    }


def _held_under(fields: Mapping[str, Any]) -> str | None:
    held = fields["waitingFor"] == WaitingFor.LIMIT.value and fields["dueAt"] is None
    return fields.get("limitKey") if held else None


def job_doc(job: JobRow) -> Doc:
    """A job."""
    return {
        "_id": job.id,
        "workflowId": job.workflow_id,
        "runId": job.run_id,
        "userId": job.user_id,
        "stepId": job.step_id,
        "attempt": job.attempt,
        "status": job.status.value,
        "runAt": job.run_at,
        "createdAt": job.created_at,
        "updatedAt": job.updated_at,
        "error": _text(job.error),
    }


def job_row(doc: Mapping[str, Any]) -> JobRow:
    """The job this document tells of."""
    return JobRow(
        id=doc["_id"],
        workflow_id=doc["workflowId"],
        run_id=doc["runId"],
        user_id=doc["userId"],
        step_id=doc["stepId"],
        attempt=doc["attempt"],
        status=JobStatus(doc["status"]),
        run_at=doc["runAt"],
        created_at=doc["createdAt"],
        updated_at=doc["updatedAt"],
        error=_value(doc["error"]),
    )


def message_id(run_id: str, id_: str) -> str:
    """What tells a message from all others."""
    return f"{run_id}/{id_}"


def message_doc(message: Message) -> Doc:
    """A message for a run."""
    return {
        "_id": message_id(message.run_id, message.id),
        "id": message.id,
        "runId": message.run_id,
        "at": message.at,
        "kind": message.kind,
        "body": dumps(message.body).decode(),
    }


def message_row(doc: Mapping[str, Any]) -> Message:
    """The message this document tells of."""
    return Message(doc["id"], doc["runId"], doc["at"], doc["kind"], orjson.loads(doc["body"]))


def user_doc(user: User) -> Doc:
    """An account."""
    return {
        "_id": user.id,
        "email": user.email.lower(),
        "passwordHash": user.password_hash,
        "role": user.role.value,
        "createdAt": user.created_at,
        "tokenVersion": user.token_version,
    }


def user_row(doc: Mapping[str, Any]) -> User:
    """The account this document tells of."""
    role = Role(doc["role"])
    return User(doc["_id"], doc["email"], doc["passwordHash"], role, doc["createdAt"], doc["tokenVersion"])


def schedule_doc(row: ScheduleRow) -> Doc:
    """A schedule, as it stands inside its workflow."""
    return {
        "id": row.schedule_id,
        "schedule": _text(row.schedule.to_dict()),
        "nextAt": row.next_at,
        "stepId": row.step_id,
        "enabled": row.enabled,
        "state": _text(row.state.to_dict()),
        "rev": row.rev,
    }


def schedule_row(workflow_id: str, doc: Mapping[str, Any]) -> ScheduleRow:
    """The schedule this part of a workflow tells of; one of an older form has an expression and a zone only."""
    schedule, state = _value(doc.get("schedule")), _value(doc.get("state"))
    if schedule is None:
        schedule = {"kind": "cron", "text": doc["cron"], "timezone": doc["timezone"]}
    return ScheduleRow(
        workflow_id,
        doc["id"],
        Schedule.from_dict(schedule),
        doc["nextAt"],
        doc["stepId"],
        doc.get("enabled", True),
        ScheduleState.from_dict({"cursor": doc["nextAt"] - 1} if state is None else state),
        doc.get("rev", 0),
    )


def _text(value: dict[str, Any] | None) -> str | None:
    return None if value is None else dumps(value).decode()


def _value(text: str | None) -> dict[str, Any] | None:
    return None if text is None else orjson.loads(text)
