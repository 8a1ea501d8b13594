"""What answers say about runs: summaries, steps, log lines, events, jobs.

Like `server.api_documents`, these describe what `server.views` writes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict

from engine.models.base import Document
from engine.models.event import EventType
from engine.models.run import JobStatus, RunStatus, TriggerKind, WaitingFor
from engine.state import StepStatus


class RunError(Document):
    """Why a run or a step failed; a step may leave more than this for debugging."""

    model_config = ConfigDict(extra="allow")

    code: str
    """The error's stable name."""
    message: str
    """What happened."""
    step_id: str | None = None
    """The step that failed."""
    hint: str | None = None
    """What to do about it."""
    data: Any = None
    """What the step left for debugging."""


class TriggerKindDocument(Document):
    """What started a run, in short."""

    kind: TriggerKind
    """What started the run."""


class CallPlace(Document):
    """Where in another run a run was called."""

    step_id: str
    """The step that called it."""
    item: int
    """Which of the step's items it is for, counted from 0."""


class CallCounts(Document):
    """How far the runs a step has called have come; `GET /api/runs?caller=` lists them."""

    total: int
    """How many there are to be; of repetitions, how many at most."""
    open: int
    """How many are under way."""
    succeeded: int
    """How many have succeeded."""
    failed: int
    """How many have ended otherwise."""


class RunSummary(Document):
    """A run without its journal."""

    id: str
    """The run's id; sortable by time."""
    workflow_id: str
    """The workflow it runs."""
    workflow_name: str
    """What that workflow was called in the version it runs."""
    workflow_version: int
    """The version it runs, whatever was saved since."""
    user_id: str
    """Whose run it is."""
    status: RunStatus
    """Where it is in its life."""
    waiting_for: WaitingFor | None
    """What a WAITING run waits for; of a RUNNING one, what a step of it asks people: `approval` or `decision`."""
    trigger: TriggerKindDocument
    """What started it."""
    created_at: AwareDatetime
    """When it was accepted."""
    started_at: AwareDatetime | None
    """When its first step could start."""
    finished_at: AwareDatetime | None
    """When it ended."""
    duration_ms: int | None
    """From start to end; to the present is for the reader to work out."""
    due_at: AwareDatetime | None
    """When a resting run goes on."""
    parent_run_id: str | None
    """The run this one repeats or belongs to."""
    caller_run_id: str | None
    """The run that called this one."""
    call: CallPlace | None
    """Where it did."""
    error: RunError | None
    """Why it failed."""


class TriggerDocument(TriggerKindDocument):
    """What started a run, with everything it brought."""

    step_id: str | None
    """The trigger step that fired."""
    data: Any
    """The data it brought."""
    meta: Any
    """What came beside the data: a webhook's method, headers, query and raw text, a tick's time."""


class StepRun(Document):
    """One step of one run."""

    id: str
    """The step's id."""
    name: str | None
    """The step's name, if it has one."""
    ref: str
    """The kind of step."""
    type: str
    """TRIGGER or ACTION."""
    status: StepStatus
    """Where the step is in its life."""
    attempt: int
    """How often it was started."""
    started_at: AwareDatetime | None
    """When its first attempt started."""
    finished_at: AwareDatetime | None
    """When it was settled."""
    duration_ms: float | None
    """How long the last attempt took."""
    input: Any
    """Its parameters as rendered, secrets masked."""
    output: Any
    """What it gave; `{"$blob": ref, "size": n}` when it is kept apart, see the run's blobs."""
    error: RunError | None
    """Why its last attempt failed."""
    route: str | None
    """The route it chose."""
    reason: str | None
    """Why it was skipped."""
    retry_at: AwareDatetime | None
    """When it is tried again, or no longer waits."""
    reused: bool
    """Whether its result was taken over from the run this one repeats."""
    calls: CallCounts | None
    """Of a step that calls runs: how far they have come."""


class LogLine(Document):
    """One readable line about a run."""

    seq: int
    """The event it tells of."""
    at: AwareDatetime
    """When it happened."""
    type: EventType
    """`step.log` for what steps said themselves; other lines tell what happened to the run."""
    step_id: str | None
    """The step it is about."""
    attempt: int | None
    """The attempt it is about."""
    level: Literal["debug", "info", "warning", "error"]
    """How serious it is."""
    message: str
    """The line."""
    fields: dict[str, Any]
    """What else the step said, by name."""


class RunWithLogs(RunSummary):
    """A run and what was logged in it."""

    logs: list[LogLine]
    """The newest lines, oldest first; at most 1,000."""


class Question(Document):
    """Something a run that waits wants to hear from somebody."""

    step_id: str
    """The step it is about."""
    kind: WaitingFor
    """What is asked for: an `approval`, a `signal`, or a `decision`: whether a `once` step happened whose process
    died."""
    outcomes: list[str]
    """The answers there are."""
    since: AwareDatetime
    """When it was asked."""
    message: str
    """The question."""
    signal: str | None
    """The name of the signal that is waited for."""
    form: dict[str, Any] | None
    """The JSON Schema of what an approval brings; null when it may bring anything."""
    deciders: list[str]
    """Who may answer, beside the run's owner and administrators."""
    due_at: AwareDatetime | None
    """When it can no longer be answered."""
    when_due: str | None
    """The outcome it has then; `due` is none that somebody can choose."""


class Run(RunSummary):
    """A run with everything that is known about it."""

    seq: int
    """The last event this was made from; where to go on in the journal or the stream."""
    trigger: TriggerDocument
    """What started it and the data it brought."""
    data: Any
    """The trigger's data and all outputs merged, as a step at the end would see it."""
    steps: list[StepRun]
    """Every step, in the order of the workflow."""
    questions: list[Question]
    """What can be answered now, by `POST /api/runs/{id}/decide`; empty for most runs."""
    logs: list[LogLine]
    """The newest lines, oldest first; at most 1,000."""


class Job(Document):
    """A retry owed to a step; FAILED means that all attempts were used up, and that it can be retried by hand."""

    id: str
    """The job's id."""
    workflow_id: str
    """The workflow."""
    run_id: str
    """The run."""
    user_id: str
    """Whose it is."""
    step_id: str
    """The step to be tried again."""
    attempt: int
    """The attempt that is owed."""
    status: JobStatus
    """Where the job is in its life."""
    run_at: AwareDatetime
    """When it is due."""
    created_at: AwareDatetime
    """When it was made."""
    updated_at: AwareDatetime
    """When it last changed."""
    error: RunError | None
    """Why the attempt before it failed."""


class EventDocument(Document):
    """One entry of a run's journal, also the `data:` of a streamed event."""

    run_id: str
    """The run."""
    workflow_id: str
    """The workflow."""
    seq: int
    """Counts the run's events from 1."""
    at: AwareDatetime
    """When it happened."""
    type: EventType
    """What happened; docs/journal.md lists the types and their data."""
    step_id: str | None
    """The step it happened to."""
    attempt: int | None
    """The attempt it happened in."""
    data: dict[str, Any]
    """More, depending on the type."""


class HookAccepted(Document):
    """A webhook's run is on disk."""

    run_id: str
    """The run."""
    status: RunStatus
    """Where it is."""
    duplicate: bool | None = None
    """True when this delivery was accepted before: the run is the first one's."""


class HookCaptured(Document):
    """A webhook's call was kept for whoever tries the workflow out."""

    captured: Literal[True]
    """It was."""
    sample: str
    """The name of the sample."""
