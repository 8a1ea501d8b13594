"""The figures a server tells of its runs, as it answers them."""

from __future__ import annotations

from typing import TypedDict


class HourDoc(TypedDict):
    """The runs made in one hour."""

    at: str
    runs: int
    failed: int


class DurationsDoc(TypedDict):
    """How long the newest `of` runs that ended took, in milliseconds."""

    of: int
    p50: int | None
    p95: int | None


class StatsDoc(TypedDict):
    """What became of the runs of the last hours; `open` are all that are unfinished, however old."""

    since: str
    hours: int
    counts: dict[str, int]
    open: dict[str, int]
    buckets: list[HourDoc]
    durationMs: DurationsDoc


class LastRunDoc(TypedDict):
    """The newest run of a workflow."""

    id: str
    status: str
    createdAt: str
    finishedAt: str | None
    durationMs: int | None


class WorkflowStatsDoc(TypedDict):
    """How a workflow has been doing; the numbers are those of seven days."""

    lastRun: LastRunDoc | None
    runs7d: int
    failed7d: int
