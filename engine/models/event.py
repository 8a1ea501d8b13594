"""The events a run's journal is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EventType(StrEnum):
    """Everything that can happen to a run."""

    RUN_STARTED = "run.started"
    RUN_REOPENED = "run.reopened"
    RUN_ENDING = "run.ending"
    RUN_MOVED = "run.moved"
    RUN_SUCCEEDED = "run.succeeded"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    STEP_STARTED = "step.started"
    STEP_LOG = "step.log"
    STEP_SUCCEEDED = "step.succeeded"
    STEP_FAILED = "step.failed"
    STEP_SKIPPED = "step.skipped"
    STEP_CANCELLED = "step.cancelled"
    RETRY_SCHEDULED = "retry.scheduled"
    WAIT_STARTED = "wait.started"
    WAIT_RESOLVED = "wait.resolved"
    SIGNAL_RECEIVED = "signal.received"
    ITEMS_ADVANCED = "items.advanced"


@dataclass(slots=True)
class Event:
    """One entry of a run's journal.

    `seq` counts from 1 without gaps. `at` is milliseconds since the epoch. `data` depends on the type and is
    described in docs/journal.md.
    """

    seq: int
    at: int
    type: EventType
    step_id: str | None = None
    attempt: int | None = None
    data: dict[str, Any] = field(default_factory=dict)
