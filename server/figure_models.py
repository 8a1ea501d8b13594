"""What is asked and answered about many runs at once."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from engine.models.base import Document
from engine.models.run import RunStatus
from server.api_models import Id, once, split

MAX_HOURS = 168
MAX_WORKFLOWS = 200

Ids = Annotated[tuple[Id, ...], Field(max_length=MAX_WORKFLOWS), BeforeValidator(split), AfterValidator(once)]


class StatsQuery(Document):
    """How far to look back."""

    hours: int = Field(default=24, ge=1, le=MAX_HOURS)
    """How many hours, the one that has begun included."""


class WorkflowStatsQuery(Document):
    """Whose figures to show."""

    ids: Ids | None = None
    """Only these workflows, such as `a,b`; the newest ones when not given. At most 200."""


class Hour(Document):
    """The runs made in one hour."""

    at: AwareDatetime
    """When it began."""
    runs: int
    """How many were made."""
    failed: int
    """How many of them are FAILED."""


class Durations(Document):
    """How long runs took from start to end, in milliseconds."""

    of: int
    """How many runs this was worked out from: the newest that succeeded or failed, at most 1,000."""
    p50: int | None
    """Half of them took no longer."""
    p95: int | None
    """Of twenty, nineteen took no longer."""


class StatsDocument(Document):
    """What became of the runs of the last hours."""

    since: AwareDatetime
    """When the first of these hours began."""
    hours: int
    """How many hours there are."""
    counts: dict[RunStatus, int]
    """How many of the runs made since then are in each state."""
    open: dict[RunStatus, int]
    """How many runs are unfinished, whenever they were made."""
    buckets: list[Hour]
    """Each hour, the oldest first, those without runs too."""
    duration_ms: Durations
    """How long runs took."""


class LastRun(Document):
    """The newest run of a workflow."""

    id: str
    """Its id."""
    status: RunStatus
    """Where it is."""
    created_at: AwareDatetime
    """When it was made."""
    finished_at: AwareDatetime | None
    """When it ended."""
    duration_ms: int | None
    """From start to end."""


class WorkflowStats(Document):
    """How a workflow has been doing."""

    last_run: LastRun | None
    """Its newest run, however old."""
    runs7d: int = Field(alias="runs7d")
    """How many runs were made in the last seven days."""
    failed7d: int = Field(alias="failed7d")
    """How many of them are FAILED."""
