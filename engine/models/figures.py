"""Figures over many runs, as stores count them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.models.run import RunRow, RunStatus

HOUR_MS: Final = 3_600_000


@dataclass(slots=True)
class RunFigures:
    """What became of the runs made in some hours.

    `hours` counts them by the start of their hour and their state; hours without any are left out. `open` counts all
    unfinished runs, whenever they were made. `durations_ms` are those of the newest that succeeded or failed.
    """

    hours: dict[int, dict[RunStatus, int]] = field(default_factory=dict)
    open: dict[RunStatus, int] = field(default_factory=dict)
    durations_ms: list[int] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class WorkflowFigures:
    """The newest run of a workflow, and how many there were lately."""

    workflow_id: str
    last: RunRow | None
    runs: int
    failed: int
