"""Lists over indexes that lead with a status, newest first.

An index (userId, status, createdAt) answers "failed runs of this user" by walking exactly what it returns. Without a
status all are named, and MongoDB merges one such walk per status. What comes from outside is only ever a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from engine.models.run import JobStatus, TriggerKind
from engine.rows import every_status
from engine.store import ANYONE, Owner, RunFilter
from engine.stores import cursor as cursors
from engine.stores.mongo.driver import Doc


def equal(**fields: Any) -> Doc:
    """A filter by those fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}


def whose(owner: Owner) -> str | None:
    """An owner as a filter; None for anyone."""
    return owner if isinstance(owner, str) else None


def runs(where: RunFilter, cursor: str | None) -> tuple[Doc, str]:
    """The filter, and the index to walk."""
    found = equal(
        userId=whose(where.owner),
        workflowId=where.workflow_id,
        parentRunId=where.parent_run_id,
        callerRunId=where.caller_run_id,
        trigger=where.trigger,
        **{"call.0": where.call_step_id},  # as Call.to_list has it
    )
    if not where.rounds and where.trigger is None:
        found["trigger"] = {"$ne": TriggerKind.ROUND.value}
    if where.waiting_for:
        found["waitingFor"] = {"$in": [kind.value for kind in dict.fromkeys(where.waiting_for)]}
    found["status"] = _statuses(where.statuses, every_status(where))
    created = equal(**{"$gte": where.since, "$lt": where.until})
    if cursor is not None:
        created_at, run_id = cursors.decode(cursor, int, str)
        created["$lte"] = created_at
        found["$or"] = [{"createdAt": {"$lt": created_at}}, {"_id": {"$lt": run_id}}]
    if created:
        found["createdAt"] = created
    if where.parent_run_id is not None:
        return found, "parent"
    if where.caller_run_id is not None:
        return found, "caller"
    if where.workflow_id is not None:
        return found, "workflow"
    if where.waiting_for and where.owner is not ANYONE:
        return found, "waiting"
    return found, "status" if where.owner is ANYONE else "user"


def jobs(
    owner: Owner, workflow_id: str | None, run_id: str | None, status: JobStatus | None, cursor: str | None
) -> tuple[Doc, str]:
    """The same for jobs."""
    found = equal(userId=whose(owner), workflowId=workflow_id, runId=run_id)
    found["status"] = _statuses(() if status is None else (status,), JobStatus)
    if cursor is not None:
        found["_id"] = {"$lt": cursors.decode(cursor, str)[0]}
    return found, "run" if run_id else "workflow" if workflow_id else "status" if owner is ANYONE else "user"


def _statuses(wanted: Sequence[StrEnum], every: Iterable[StrEnum]) -> str | dict[str, Sequence[str]]:
    found = [status.value for status in dict.fromkeys(wanted or every)]
    return found[0] if len(found) == 1 else {"$in": found}
