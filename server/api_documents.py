"""What answers say: the shape of every document the API gives out.

Answers are written by `server.views` as plain objects, since building models for a page of a thousand events would
cost more than everything else; the tests hold both to each other.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from engine.models.base import Document
from engine.models.event import EventType
from engine.models.run import JobStatus, RunStatus, TriggerKind, WaitingFor
from engine.models.workflow import WorkflowDraft
from engine.state import StepStatus


class WorkflowDocument(WorkflowDraft):
    """A saved workflow."""

    id: str
    """The workflow's id, which is also its webhook's address."""
    owner_id: str
    """The user it belongs to."""
    version: int
    """Counts saves, from 1."""
    created_at: AwareDatetime
    """When it was made."""
    updated_at: AwareDatetime
    """When this version was saved."""


class ProblemItem(Document):
    """One thing wrong with a document."""

    code: str
    """What kind of mistake it is; stable."""
    message: str
    """What is wrong."""
    step_id: str | None = None
    """The step it is in."""
    field: str | None = None
    """Where it is, below the step or the document."""
    hint: str | None = None
    """What to do about it."""
    line: int | None = None
    """The line inside a template or expression."""
    column: int | None = None
    """The column inside a template or expression."""


class ProblemDocument(Document):
    """What every error is answered with, as `application/problem+json` (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    """`urn:flowdesk:problem:` and the code."""
    title: str
    """The code in words."""
    status: int
    """The HTTP status."""
    code: str
    """What kind of thing happened; stable."""
    detail: str
    """What happened, for people."""
    hint: str | None = None
    """What to do about it."""
    request_id: str
    """The request, as the server's log names it."""
    problems: list[ProblemItem] | None = None
    """Every single thing that is wrong with what was sent."""


class Validation(Document):
    """What is wrong with a workflow document, if anything."""

    valid: bool
    """Whether it could be saved."""
    problems: list[ProblemItem]
    """Every problem found, in the order of the document."""


class VersionItem(Document):
    """One entry of a workflow's history."""

    version: int
    """The version's number."""
    saved_at: AwareDatetime
    """When it was saved."""
    saved_by: str
    """The user who saved it."""
    name: str
    """What the workflow was called then."""
    steps: int
    """How many steps it had."""


class Change(Document):
    """One difference between two versions."""

    path: str
    """Where: steps are named by id, as in `steps.greet.params.text`."""
    kind: Literal["added", "removed", "changed"]
    """What happened to it."""
    before: Any = None
    """The value in the first version."""
    after: Any = None
    """The value in the second version."""


class Diff(Document):
    """What changed between two versions."""

    from_version: int = Field(alias="from")
    """The version compared with."""
    to_version: int = Field(alias="to")
    """The version compared."""
    changes: list[Change]
    """Every difference; none when the versions say the same."""


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
    """What a WAITING run waits for."""
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
    """When it is tried again."""
    reused: bool
    """Whether its result was taken over from the run this one repeats."""


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


class StepKind(Document):
    """One kind of step."""

    ref: str
    """What workflows call it."""
    title: str
    """What people call it."""
    description: str
    """What it does."""
    kind: Literal["TRIGGER", "ACTION"]
    """Whether it starts runs or works in them."""
    effect: Literal["pure", "idempotent", "once"]
    """What repeating it costs."""
    params: dict[str, Any]
    """The JSON Schema of its parameters."""
    examples: list[StepExample]
    """Worked uses."""
    source: str
    """Where it comes from: `built in` or the name of a package."""


class StepExample(Document):
    """A worked use of a step."""

    title: str
    """What it shows."""
    params: dict[str, Any]
    """The step's parameters."""
    data: dict[str, Any]
    """The data the step sees."""
    output: Any
    """What it gives."""


class Plugin(Document):
    """A source of steps and how loading it went."""

    name: str
    """The module or entry point."""
    source: str
    """`built in` or the package it came in."""
    version: str | None
    """The package's version."""
    refs: list[str]
    """The steps it brought."""
    error: str | None
    """Why it could not be loaded."""


class Schedule(Document):
    """When a workflow fires."""

    workflow_id: str
    """The workflow."""
    workflow_name: str
    """What it is called."""
    schedule_id: str
    """Which of the workflow's schedules: `cron` for `scheduleCron`, otherwise the trigger step's id."""
    step_id: str | None
    """The `schedule.cron` step it belongs to."""
    cron: str
    """The cron expression."""
    timezone: str
    """The zone the expression is read in."""
    next_at: AwareDatetime
    """When it fires next."""
    upcoming: list[AwareDatetime]
    """The next five times."""


StepKind.model_rebuild()
