"""Runs, events, jobs, workflows and users with only what a test cares about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from engine.ids import new_id, new_workflow_id
from engine.models.event import Event, EventType
from engine.models.run import JobRow, JobStatus, Role, RunRow, RunStatus, TriggerKind, User
from engine.models.workflow import Workflow
from engine.schedules.schedule import Schedule
from engine.secret_rows import SecretRow
from engine.store import Blob, Commit, ScheduleRow, Store
from engine.tenancy import AuditEntry, Credential, CredentialKind, Member, MemberRole, Workspace

NOW = 1_795_425_120_000
ME, YOU = "user-me", "user-you"


def make_run(**fields: Any) -> RunRow:
    """A run as its first commit says it, before any event."""
    usual: dict[str, Any] = {
        "id": new_id(NOW),
        "workflow_id": "workflow",
        "workflow_version": 1,
        "user_id": ME,
        "status": RunStatus.RUNNING,
        "seq": 0,
        "trigger": TriggerKind.MANUAL,
        "created_at": NOW,
    }
    return RunRow(**{**usual, **fields})


def make_secret(**fields: Any) -> SecretRow:
    """A secret as a store keeps it."""
    usual: dict[str, Any] = {
        "owner_id": ME,
        "name": "API_TOKEN",
        "kind": "value",
        "revision": 1,
        "key_id": "k1",
        "sealed": "c2VhbGVk",
        "about": {"hosts": ["api.example.com"], "text": "für die ☃"},
        "created_at": NOW,
        "updated_at": NOW,
    }
    return SecretRow(**{**usual, **fields})


def make_workspace(**fields: Any) -> Workspace:
    """A shared workspace of mine."""
    usual: dict[str, Any] = {
        "id": new_id(NOW),
        "name": "Ops ☃",
        "created_at": NOW,
        "members": (Member(ME, MemberRole.OWNER, NOW),),
    }
    return Workspace(**{**usual, **fields})


def make_credential(**fields: Any) -> Credential:
    """An API key of mine."""
    usual: dict[str, Any] = {
        "id": new_id(NOW),
        "kind": CredentialKind.KEY,
        "digest": new_id(NOW),
        "user_id": ME,
        "workspace_id": ME,
        "about": {"name": "für die ☃", "scopes": ["runs:read"]},
        "created_at": NOW,
        "expires_at": NOW + 1000,
    }
    return Credential(**{**usual, **fields})


def make_entry(**fields: Any) -> AuditEntry:
    """A change of mine."""
    usual: dict[str, Any] = {
        "id": new_id(NOW),
        "at": NOW,
        "workspace_id": ME,
        "user_id": ME,
        "action": "workflow.save",
        "target": "w1",
        "before": "a" * 64,
        "after": "b" * 64,
        "credential_id": None,
        "address": "127.0.0.1",
        "request_id": "r1",
    }
    return AuditEntry(**{**usual, **fields})


def make_events(after: int, count: int, data: dict[str, Any] | None = None) -> list[Event]:
    """So many log lines behind this seq."""
    return [
        Event(seq, NOW + seq, EventType.STEP_LOG, "a", 1, {"n": seq} if data is None else data)
        for seq in range(after + 1, after + count + 1)
    ]


def make_commit(
    run: RunRow,
    count: int = 1,
    *,
    by: str | None = None,
    data: dict[str, Any] | None = None,
    jobs: Sequence[JobRow] = (),
    blobs: Sequence[Blob] = (),
    heard: Sequence[str] = (),
    pokes: Sequence[str] = (),
    **changes: Any,
) -> Commit:
    """The next commit of a run: `count` events and these changes of its row; `by` is the expected owner."""
    after = replace(run, seq=run.seq + count, **changes)
    return Commit(after, make_events(run.seq, count, data), run.seq, by, jobs, blobs, heard, pokes)


async def put(store: Store, run: RunRow, count: int = 1, **more: Any) -> RunRow:
    """Commit and return the row after it."""
    commit = make_commit(run, count, **more)
    await store.runs.commit(commit)
    return commit.run


def make_job(run: RunRow, **fields: Any) -> JobRow:
    """A job of this run."""
    usual: dict[str, Any] = {
        "id": new_id(NOW),
        "workflow_id": run.workflow_id,
        "run_id": run.id,
        "user_id": run.user_id,
        "step_id": "a",
        "attempt": 2,
        "status": JobStatus.PENDING,
        "run_at": NOW + 1000,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return JobRow(**{**usual, **fields})


def make_workflow(**fields: Any) -> Workflow:
    """A workflow of one step."""
    usual: dict[str, Any] = {
        "id": new_workflow_id(NOW),
        "ownerId": ME,
        "version": 1,
        "createdAt": NOW,
        "updatedAt": NOW,
        "name": "Welcome mail",
        "steps": [{"id": "a", "ref": "data.set", "params": {"x": 1}}],
    }
    return Workflow.model_validate({**usual, **fields})


def make_schedule(workflow: Workflow, **fields: Any) -> ScheduleRow:
    """A schedule of this workflow."""
    usual: dict[str, Any] = {
        "workflow_id": workflow.id,
        "schedule_id": "main",
        "schedule": Schedule("cron", "0 9 * * *", "Europe/Berlin"),
        "next_at": NOW,
    }
    return ScheduleRow(**{**usual, **fields})


def make_user(**fields: Any) -> User:
    """An account."""
    user_id = new_id(NOW)
    usual: dict[str, Any] = {
        "id": user_id,
        "email": f"{user_id}@example.com",
        "password_hash": "$2b$...",
        "role": Role.USER,
        "created_at": NOW,
    }
    return User(**{**usual, **fields})
