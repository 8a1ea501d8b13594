"""What requests may say: the bodies and queries of the API, validated by the models that also describe them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeInt,
    StrictBool,
    StrictInt,
    model_validator,
)
from pydantic_core import PydanticCustomError

from engine.models.base import Document
from engine.models.run import JobStatus, RunStatus, TriggerKind, WaitingFor
from engine.models.workflow import StepId, WorkflowDraft
from engine.schedules.params import within_years
from server.practice_models import RehearsalBody

T = TypeVar("T")
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_WAIT_MS = 30_000
MAX_KEY = 255

Cursor = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=64)]


class PageQuery(Document):
    """How much of a list to show."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    """How many items to answer with at most."""
    cursor: Cursor | None = None
    """Where to go on: the `X-Next-Cursor` of the page before."""


class WorkflowsQuery(PageQuery):
    """Which workflows to list."""

    text: str | None = Field(default=None, max_length=200)
    """Looked for in names, without regard to case."""
    tag: str | None = Field(default=None, max_length=64)
    """Only workflows with this tag."""
    enabled: bool | None = None
    """Only workflows that are switched on, or off."""


def _from_millis_or_iso(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value.isascii() and value.isdigit():
        return int(value) / 1000
    # Other numbers would be taken for seconds.
    if not _DATE.match(value):
        raise PydanticCustomError("when", "write a time such as 2026-01-31T09:00:00Z, or milliseconds since 1970")
    return value


When = Annotated[
    AwareDatetime,
    BeforeValidator(_from_millis_or_iso, json_schema_input_type=datetime | int),
    AfterValidator(within_years),
]


def millis(when: datetime | None) -> int | None:
    """The engine's form of a time given in a query."""
    return None if when is None else round(when.timestamp() * 1000)


def split(value: Any) -> Any:
    """A query's `a,b` as its parts."""
    return value.split(",") if isinstance(value, str) else value


def once(values: tuple[T, ...]) -> tuple[T, ...]:
    """Each part once; the limit on how many there may be is looked at before."""
    return tuple(dict.fromkeys(values))


Waits = Annotated[tuple[WaitingFor, ...], BeforeValidator(split), AfterValidator(once)]
Statuses = Annotated[tuple[RunStatus, ...], BeforeValidator(split), AfterValidator(once)]


class RunsQuery(PageQuery):
    """Which runs to list."""

    workflow_id: Id | None = None
    """Only runs of this workflow."""
    status: Statuses | None = None
    """Only runs in this state, or in one of several: `FAILED,WAITING`."""
    waiting_for: Waits | None = None
    """Only unfinished runs that wait for this, or for one of several (`approval,decision`), also while others of
    their steps work."""
    trigger: TriggerKind | None = None
    """Only runs started this way."""
    since: When | None = None
    """Only runs made at or after this time: ISO 8601 with a zone, or milliseconds since the epoch."""
    until: When | None = None
    """Only runs made before this time."""
    parent_run_id: Id | None = None
    """Only runs that go back to this one."""
    caller: Id | None = None
    """Only runs this one has called. Rounds of loops are listed only here, and with `trigger=round`."""
    caller_step: StepId | None = None
    """Of those only the ones that this step has called."""

    @model_validator(mode="after")
    def _of_some_run(self) -> Self:
        if self.caller_step is not None and self.caller is None:
            raise PydanticCustomError("no_caller", "callerStep names a step of a run: give that run as caller, too")
        return self


class JobsQuery(PageQuery):
    """Which jobs to list."""

    status: JobStatus | None = None
    """Only jobs in this state."""
    workflow_id: Id | None = None
    """Only jobs of this workflow."""
    run_id: Id | None = None
    """Only jobs of this run."""


class JournalQuery(Document):
    """Which part of a journal to read."""

    after: NonNegativeInt = 0
    """Events with a seq beyond this one."""
    limit: int = Field(default=200, ge=1, le=1000)
    """How many events to answer with at most; those committed together are never split."""


class EventsQuery(Document):
    """Where to start in a stream of events."""

    after: str | None = Field(default=None, max_length=200)
    """The id of the last event seen; the `Last-Event-ID` header says the same and wins."""


class ExecuteBody(Document):
    """What to start a run with."""

    data: dict[str, Any] = Field(default_factory=dict)
    """What the steps see as `data`."""
    rehearsal: RehearsalBody | None = None
    """Makes it a rehearsal: up to a step, with a sample, with pinned outputs."""


class MoveBody(Document):
    """Which version a run is to go on with."""

    version: StrictInt | None = Field(default=None, ge=1)
    """Its number; the newest when not given."""


class ExecuteQuery(Document):
    """Whether to wait for the run's end."""

    wait: bool = False
    """Answer when the run has finished, with the whole run."""
    timeout_ms: int = Field(default=MAX_WAIT_MS, ge=1, le=MAX_WAIT_MS)
    """How long to wait; a run that needs longer is answered with 202 and goes on."""


class CancelBody(Document):
    """How to stop it; nothing has to be said."""

    undo: StrictBool = False
    """Let the undo steps of what has finished run, last finished first."""
    force: StrictBool = False
    """End it now: without undo steps and `finally`, even when these have begun."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.undo and self.force:
            raise PydanticCustomError("contradiction", "`undo` and `force` contradict each other: give one of them")
        return self


class RerunBody(Document):
    """How to run it again."""

    from_step: StepId | None = Field(default=None, alias="from")
    """Start at this step and take over what the steps before it gave; from the beginning when not given."""
    only: Literal["failed"] | None = None
    """`failed`: run what failed, was cancelled or was never reached, and take over all the rest. Not with `from`."""
    data: dict[str, Any] | None = None
    """Trigger data to use instead of the first run's."""
    version: Literal["same", "latest"] = "same"
    """Which version of the workflow to run: the one of the first run, or the current one."""


class DecideBody(Document):
    """An answer to one of a run's `questions`."""

    step_id: StepId
    """The step that asks."""
    outcome: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    """One of the question's `outcomes`. Of an approval: `approve`, `reject`, `send-back`. Of a signal: `signal`. Of a
    `once` step whose process died: `done`: it happened, go on; `again`: it did not, run it; `fail`: it failed."""
    data: Any = None
    """What an approval's form asks for, what a signal brings, or the output of a step that is done."""
    reason: str | None = Field(default=None, min_length=1, max_length=1000)
    """Why, for whoever reads the run later; the feedback of an approval."""


class WorkflowUpdate(WorkflowDraft):
    """A workflow as it was fetched, or a draft: fields that only the server writes are ignored."""

    model_config = ConfigDict(json_schema_extra={"description": "A draft, or a fetched document with changes."})

    version: int | None = None
    """When given, it must be the current version; otherwise 409 `version_conflict`."""
    id: Any = Field(default=None, json_schema_extra={"readOnly": True})
    """Ignored."""
    owner_id: Any = Field(default=None, json_schema_extra={"readOnly": True})
    """Ignored."""
    created_at: Any = Field(default=None, json_schema_extra={"readOnly": True})
    """Ignored."""
    updated_at: Any = Field(default=None, json_schema_extra={"readOnly": True})
    """Ignored."""
