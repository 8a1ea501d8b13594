"""Runs, jobs and users as the stores keep them: small rows without the journal.

Times are milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final


class RunStatus(StrEnum):
    """Where a run is in its life.

    SUCCESS and CANCELLED never change again; FAILED only by a retry asked for by hand.
    """

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


FINISHED = frozenset({RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED})


class WaitingFor(StrEnum):
    """What a WAITING run waits for; of a RUNNING one, what a step of it asks people: APPROVAL or DECISION."""

    RETRY = "retry"
    TIMER = "timer"
    APPROVAL = "approval"
    SIGNAL = "signal"
    CHILDREN = "children"
    DECISION = "decision"
    LIMIT = "limit"
    """Of a QUEUED run: for its turn under the limits of its workflow."""


class TriggerKind(StrEnum):
    """What started a run; ROUND is a step that runs the steps of its body, CALL one that runs a workflow."""

    WEBHOOK = "webhook"
    CRON = "cron"
    MANUAL = "manual"
    RERUN = "rerun"
    CALL = "call"
    ROUND = "round"
    FAILURE = "failure"
    TEST = "test"


@dataclass(slots=True)
class Trigger:
    """What started a run, as templates see it under `trigger`, and the data it brought.

    `meta` holds what came beside the data: a webhook's method, headers, query and raw text, a cron tick's time. `base`
    is data taken over from the run that called this one, `{run, ref, data}`: kept there, and merged below `data`.
    `trace` is the run's place in a distributed trace (`engine.tracing`); templates do not see it.
    """

    kind: TriggerKind
    data: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    step_id: str | None = None
    base: dict[str, Any] | None = None
    trace: str | None = None


@dataclass(slots=True, frozen=True)
class Call:
    """Where in another run a run was called from: the step, and which of its items.

    `body` names the step whose inline body the run executes; None when it executes a workflow of its own. `depth`
    counts calls down from the run nobody called, so that recursion can be bounded.
    """

    step_id: str
    item: int = 0
    body: str | None = None
    depth: int = 1

    def to_list(self) -> list[Any]:
        """The form in which stores keep it."""
        return [self.step_id, self.item, self.body, self.depth]


@dataclass(slots=True)
class RunRow:
    """A run's summary: one row, replaced as a whole by each commit at the expected `seq`.

    `owner` is the process that executes the run now (its heartbeat is a row of its own); None means the run
    rests. `due_at` is when a resting run must go on. `deaths` counts processes that died executing it since
    `death_seq`, so that progress forgives. `caller_run_id` is the run that waits for this one, or started it, and
    `call` the place there. Runs with the same `limit_key` share the concurrency limit of their workflow. `poked` marks
    a run that has something to look at: messages, or a called run that ended.
    """

    id: str
    workflow_id: str
    workflow_version: int
    user_id: str
    status: RunStatus
    seq: int
    trigger: TriggerKind
    created_at: int
    started_at: int | None = None
    finished_at: int | None = None
    waiting_for: WaitingFor | None = None
    due_at: int | None = None
    deadline_at: int | None = None
    owner: str | None = None
    cancel_requested: bool = False
    deaths: int = 0
    death_seq: int = 0
    parent_run_id: str | None = None
    scheduled_at: int | None = None
    dedupe_key: str | None = None
    payload_hash: str | None = None
    error_code: str | None = None
    error: dict[str, Any] | None = None
    caller_run_id: str | None = None
    call: Call | None = None
    poked: bool = False
    limit_key: str | None = None
    owed: bool = False

    def copy(self) -> RunRow:
        """A row of its own with the same values. Every commit makes one, and `dataclasses.replace` takes 4 us more."""
        return RunRow(*_VALUES(self))


_VALUES: Final = attrgetter(*(field.name for field in fields(RunRow)))


@dataclass(slots=True, frozen=True)
class Message:
    """Something for a run to hear, kept until the run has taken note of it.

    `id` is unique within the run, so that a message sent twice arrives once. `body` is JSON; what it holds depends on
    the kind.
    """

    id: str
    run_id: str
    at: int
    kind: str
    body: dict[str, Any] = field(default_factory=dict)


class JobStatus(StrEnum):
    """Where a retry owed to a step is."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


@dataclass(slots=True)
class JobRow:
    """A retry owed to a step; FAILED means parked: all attempts used up, retryable by hand."""

    id: str
    workflow_id: str
    run_id: str
    user_id: str
    step_id: str
    attempt: int
    status: JobStatus
    run_at: int
    created_at: int
    updated_at: int
    error: dict[str, Any] | None = None


class Role(StrEnum):
    """What a user may do beyond their own things."""

    USER = "user"
    ADMIN = "admin"


@dataclass(slots=True)
class User:
    """An account. `token_version` is part of every token; raising it ends them all."""

    id: str
    email: str
    password_hash: str
    role: Role
    created_at: int
    token_version: int = 0
