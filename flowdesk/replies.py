"""The shapes of what a server answers, as it answers them: plain JSON objects with names for the type checker.

A newer server may add members; none of them is checked at run time beyond being an object or a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, NotRequired, TypedDict, TypeVar

from engine.errors import Problem
from flowdesk.hook_replies import VerificationDoc

T = TypeVar("T")


@dataclass(slots=True, frozen=True)
class Page(Generic[T]):
    """Some items, newest first, and the cursor that asks for those after them."""

    items: list[T]
    next_cursor: str | None


class ServerDoc(TypedDict):
    """A server as it introduces itself."""

    version: str
    label: str
    """What its operator calls it; `production` is treated with care."""
    storage: str
    queue: str
    url: str


class UserDoc(TypedDict):
    """An account."""

    id: str
    email: str
    role: str
    createdAt: str


class Session(TypedDict):
    """What registering and logging in give."""

    token: str
    user: UserDoc
    refreshToken: NotRequired[str]
    deviceToken: NotRequired[str]


class ErrorDoc(TypedDict):
    """Why a run, step or job failed."""

    code: str
    message: str
    stepId: NotRequired[str | None]
    hint: NotRequired[str | None]


class TriggerDoc(TypedDict):
    """What started a run; everything but `kind` only in a full run."""

    kind: str
    stepId: NotRequired[str | None]
    data: NotRequired[dict[str, Any]]
    meta: NotRequired[dict[str, Any]]


class CallPlace(TypedDict):
    """Where in another run a run was called."""

    stepId: str
    item: int


class CallCounts(TypedDict):
    """How far the runs a step has called have come."""

    total: int
    open: int
    succeeded: int
    failed: int


class RunSummary(TypedDict):
    """A run as lists show it."""

    id: str
    workflowId: str
    workflowName: str | None
    workflowVersion: int
    userId: str
    status: str
    waitingFor: str | None
    trigger: TriggerDoc
    createdAt: str
    startedAt: str | None
    finishedAt: str | None
    durationMs: float | None
    dueAt: str | None
    parentRunId: str | None
    callerRunId: str | None
    call: CallPlace | None
    error: ErrorDoc | None


class StepDoc(TypedDict):
    """One step of a run."""

    id: str
    name: str | None
    ref: str
    type: str
    status: str
    attempt: int
    startedAt: str | None
    finishedAt: str | None
    durationMs: float | None
    input: Any
    output: Any
    error: ErrorDoc | None
    route: str | None
    reason: str | None
    retryAt: str | None
    reused: bool
    calls: CallCounts | None


class LogDoc(TypedDict):
    """One line of a run's story: what a step logged, or what FlowDesk did in between."""

    seq: int
    at: str
    type: str
    stepId: str | None
    attempt: int | None
    level: str
    message: str
    fields: dict[str, Any] | None


class LoggedRun(RunSummary):
    """A run with its log lines."""

    logs: list[LogDoc]


class QuestionDoc(TypedDict):
    """Something a waiting run wants to hear; `runs.decide` answers with one of the outcomes."""

    stepId: str
    kind: str
    outcomes: list[str]
    since: str
    message: str
    signal: str | None
    form: dict[str, Any] | None
    deciders: list[str]
    dueAt: str | None
    whenDue: str | None


class RunDoc(LoggedRun):
    """A run with everything that happened in it, and what it asks."""

    seq: int
    data: Any
    steps: list[StepDoc]
    questions: list[QuestionDoc]


class EventDoc(TypedDict):
    """One entry of a run's journal."""

    runId: str
    workflowId: str
    seq: int
    at: str
    type: str
    stepId: str | None
    attempt: int | None
    data: dict[str, Any]


JournalPart = list[EventDoc]
"""Some of a run's events, oldest first."""


class JobDoc(TypedDict):
    """A retry owed to a step."""

    id: str
    workflowId: str
    runId: str
    userId: str
    stepId: str
    attempt: int
    status: str
    runAt: str
    createdAt: str
    updatedAt: str
    error: ErrorDoc | None


class WorkflowDoc(TypedDict):
    """A saved workflow; members nobody set are left out."""

    id: str
    ownerId: str
    version: int
    createdAt: str
    updatedAt: str
    name: str
    description: str
    enabled: bool
    entryStepId: NotRequired[str]
    scheduleCron: NotRequired[str]
    timezone: NotRequired[str]
    timeoutMs: NotRequired[int]
    inputs: NotRequired[dict[str, Any]]
    tags: list[str]
    steps: list[dict[str, Any]]


class VersionDoc(TypedDict):
    """One saved version of a workflow."""

    version: int
    savedAt: str
    savedBy: str
    name: str
    steps: int


class ChangeDoc(TypedDict):
    """One difference between two versions."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any


class DiffDoc(TypedDict):
    """What changed from one version to another."""

    changes: list[ChangeDoc]


class HeldDoc(TypedDict):
    """The unfinished runs a process executes, and the ids of some."""

    count: int
    ids: list[str]


class WorkerDoc(TypedDict):
    """A living process that executes runs: a server or a worker."""

    id: str
    role: str | None
    host: str | None
    pid: int | None
    version: str | None
    since: str | None
    lastBeatAt: str | None
    executes: str | None
    concurrency: int | None
    runs: HeldDoc
    differences: list[str]
    answering: bool


class StepKind(TypedDict):
    """One kind of step the server knows."""

    ref: str
    kind: str
    title: str
    description: str
    effect: str
    params: dict[str, Any] | None
    examples: list[dict[str, Any]]
    source: str
    expressions: NotRequired[list[str]]
    """Which parameters hold CEL, as `cases[].when`; older servers do not tell."""


class TrialLineDoc(TypedDict):
    """What a step said while it was tried."""

    at: str
    level: str
    message: str
    fields: dict[str, Any]


class TrialDoc(TypedDict):
    """What came of executing a step alone."""

    ok: bool
    data: Any
    error: ErrorDoc | None
    route: str | None
    params: Any
    logs: list[TrialLineDoc]
    durationMs: float
    truncated: bool


class SampleDoc(TypedDict):
    """Trigger data that is kept to rehearse with."""

    name: str
    at: str
    data: dict[str, Any]
    meta: dict[str, Any]
    verification: NotRequired[VerificationDoc]


class PinDoc(TypedDict):
    """What a step gives in rehearsals."""

    stepId: str
    at: str
    output: Any
    route: str | None


class CaptureDoc(TypedDict):
    """Until when the next webhook is kept as a sample; None when webhooks start runs."""

    until: str | None


@dataclass(slots=True, frozen=True)
class Preview:
    """A step's rendered parameters, secrets masked, what is wrong with them, and what the step sees.

    A problem `missing_name` is no error: a name without a value renders as nothing.
    """

    params: Any
    problems: list[Problem]
    scope: dict[str, Any]
    truncated: bool


@dataclass(slots=True, frozen=True)
class Validation:
    """What the server thinks of a document."""

    valid: bool
    problems: list[Problem]
