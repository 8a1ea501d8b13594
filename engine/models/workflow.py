"""Workflows as people write them and as the API shows them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from engine.models.base import Document
from engine.models.limits import Concurrency, Debounce, Dedupe, Rate

StepId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Expression = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
CalendarName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
CalendarEntry = Annotated[str, StringConstraints(min_length=1, max_length=64)]

OutputName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]

MAX_STEPS = 1000


class StepType(StrEnum):
    """Whether a step starts runs or does work in them."""

    TRIGGER = "TRIGGER"
    ACTION = "ACTION"


class Effect(StrEnum):
    """What repeating a step costs, which decides when its result must be on disk."""

    PURE = "pure"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


class Edge(Document):
    """One arrow from a step to another, taken always or on a condition."""

    to: StepId
    """The id of the step this arrow leads to."""
    when: Expression | None = None
    """A CEL expression over `data`, `steps`, `trigger`, `run` and `workflow`; the arrow is taken when it is true."""
    label: str | None = Field(default=None, min_length=1, max_length=64)
    """The route this arrow belongs to: taken when the step chose that route (`flow.if`: `true` or `false`)."""
    otherwise: Literal[True] | None = None
    """Taken when no arrow with `when` or `label` of the same step was."""


class Retry(Document):
    """How a failed step is tried again."""

    max_attempts: int = Field(default=1, ge=1, le=100)
    """Attempts in all, the first one included."""
    backoff_ms: int = Field(default=1000, ge=0, le=86_400_000)
    """Delay before the second attempt, in milliseconds."""
    factor: float = Field(default=2.0, ge=1, le=10)
    """What the delay is multiplied by after each further failure."""
    max_backoff_ms: int = Field(default=3_600_000, ge=0, le=604_800_000)
    """The longest delay, in milliseconds."""
    jitter: float = Field(default=0.0, ge=0, le=1)
    """The share of the delay that varies, 0 to 1, so that many runs do not retry at the same moment."""
    unless: list[str] = Field(default_factory=list, max_length=50)
    """Error codes that are not worth another attempt, such as `http_404`, `http_4xx` or `timeout`."""


class JoinCount(Document):
    """A join that starts the step once so many of the arrows coming in were taken."""

    count: int = Field(ge=1, le=MAX_STEPS)
    """How many arrows have to be taken; at most as many as come in."""
    rest: Literal["cancel", "ignore"] = "ignore"
    """What becomes of steps still under way that lead only to the join: stopped, or left to end without consequence."""


class Step(Document):
    """One step: which handler runs, with which parameters, and what comes next."""

    id: StepId
    """Unique in the workflow; templates and arrows refer to it."""
    name: str | None = Field(default=None, max_length=200)
    """What people see; free to change."""
    type: StepType = StepType.ACTION
    """TRIGGER steps start runs, ACTION steps work in them."""
    ref: str = Field(min_length=1, max_length=200)
    """The kind of step, such as `http.request`."""
    params: dict[str, Any] = Field(default_factory=dict)
    """The handler's parameters; texts may hold `{{templates}}`."""
    next: StepId | list[StepId | Edge] | None = None
    """Where to go on: a step id, a list of ids or arrows, or nothing at the end."""
    retry: Retry | None = None
    """How a failure is tried again; without it a step has one attempt."""
    timeout_ms: int | None = Field(default=None, ge=1, le=86_400_000)
    """How long one attempt may take, in milliseconds."""
    stop_on_failure: bool = True
    """Whether a final failure of this step fails the run."""
    on_error: StepId | None = None
    """The step to go on with when this one finally fails."""
    join: Literal["all", "any"] | JoinCount = "all"
    """With several arrows coming in: start when all are settled, at the first one taken, or once `count` were."""
    undo: StepId | None = None
    """The step that takes back what this one did, when the run fails or is cancelled with undo after it finished."""
    effect: Effect | None = None
    """What repeating the step costs; the handler's own declaration when not given."""
    save_as: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")
    """Put the output under this one key of `data` instead of merging it flat."""
    body: Body | None = None
    """For `flow.foreach` and `flow.repeat`: the steps each round runs, as a run of its own."""

    def edges(self) -> list[Edge]:
        """`next` in its one general form."""
        if self.next is None:
            return []
        listed = [self.next] if isinstance(self.next, str) else self.next
        return [Edge(to=item) if isinstance(item, str) else item for item in listed]


class Body(Document):
    """Steps inside of a step: what each round of a loop runs. Their ids are unique in the whole workflow."""

    steps: list[Step] = Field(min_length=1, max_length=MAX_STEPS)
    """The steps, in the order people read them; none of them is a TRIGGER."""
    entry_step_id: StepId | None = None
    """Where a round starts; the first step when not given."""


class WorkflowDraft(Document):
    """What a person writes: everything but what the server adds."""

    name: Name
    """What people call it; unique names are not required."""
    description: str = Field(default="", max_length=10_000)
    """What it is for."""
    enabled: bool = True
    """Whether webhooks and schedules start runs."""
    entry_step_id: StepId | None = None
    """Where a run starts; the first TRIGGER step, else the first step, when not given."""
    schedule_cron: str | None = Field(default=None, max_length=200)
    """A cron expression that starts runs."""
    timezone: str | None = Field(default=None, max_length=64)
    """The IANA zone the cron expression is read in; the server's own is written here at save when not given."""
    calendars: dict[CalendarName, Annotated[list[CalendarEntry], Field(max_length=1000)]] = Field(
        default_factory=dict, max_length=20
    )
    """Named lists of days for `exclude` of schedules: `2026-12-25`, `12-25`, `12-24..01-01`, `sat`, `4th thu nov`."""
    timeout_ms: int | None = Field(default=None, ge=1, le=31_536_000_000)
    """How long a whole run may take, in milliseconds, waiting included."""
    concurrency: Concurrency | None = None
    """How many runs may be unfinished at once."""
    rate: Rate | None = None
    """How many runs may start within a time."""
    dedupe: Dedupe | None = None
    """Which triggers count as the same one."""
    debounce: Debounce | None = None
    """Lets only the last trigger of a burst start a run."""
    finally_: list[StepId] = Field(default_factory=list, max_length=50, alias="finally")
    """Steps that start when everything else has ended, however it ended; they may lead on to others."""
    finally_timeout_ms: int = Field(default=600_000, ge=1, le=86_400_000)
    """How long undoing and the `finally` steps may take together, in milliseconds, counted apart from `timeoutMs`."""
    inputs: dict[str, Any] | None = None
    """A JSON Schema of the data a run begins with: what does not fit it is refused, however the run is started."""
    outputs: dict[OutputName, Expression] | None = Field(default=None, max_length=100)
    """What a run gives to whoever calls it, as CEL expressions over `data` and `steps`; all data when not given."""
    on_failure: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    """The id of a workflow that is run when a run of this one fails, with `error`, `run` and `data` as its data."""
    max_parallel: int | None = Field(default=None, ge=1, le=1000)
    """How many steps of one run may be under way at once; steps that wait for something do not count."""
    tags: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(
        default_factory=list, max_length=50
    )
    """Free words to filter by."""
    steps: list[Step] = Field(min_length=1, max_length=MAX_STEPS)
    """The steps, in the order people read them."""


class Workflow(WorkflowDraft):
    """A saved workflow. Each save makes a new version; a run keeps the version it started with."""

    id: str
    """The workflow's id, which is also its webhook's address."""
    owner_id: str
    """The user it belongs to."""
    version: int
    """Counts saves, from 1."""
    created_at: int
    """Milliseconds since the epoch."""
    updated_at: int
    """Milliseconds since the epoch."""
