"""What can happen to a run from outside its state machine: the inputs of `transition.decide`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.models.run import Trigger
from engine.sdk import StepResult
from engine.state import StepState


@dataclass(slots=True, frozen=True)
class Begin:
    """The run starts. `reused` holds outputs of steps that a rerun takes over instead of running them."""

    trigger: Trigger
    parent_run_id: str | None = None
    reused: Mapping[str, StepState] = field(default_factory=dict)
    by: str | None = None


@dataclass(slots=True, frozen=True)
class Started:
    """An attempt begins, with these rendered parameters."""

    step_id: str
    input: Any
    key: str


@dataclass(slots=True, frozen=True)
class Finished:
    """An attempt came to a result."""

    step_id: str
    result: StepResult
    duration_ms: float = 0.0
    job_id: str = ""


@dataclass(slots=True, frozen=True)
class Cancel:
    """Somebody wants the run to stop."""

    by: str | None
    reason: str = "cancelled by hand"


@dataclass(slots=True, frozen=True)
class Fail:
    """The run cannot go on, whatever its steps say: out of time, or it killed its process too often."""

    code: str
    message: str
    job_id: str = ""


@dataclass(slots=True, frozen=True)
class Recover:
    """The run was taken over from a process that is gone."""


@dataclass(slots=True, frozen=True)
class Reopen:
    """Somebody retries the failed step of a FAILED run."""

    step_id: str
    job_id: str
    by: str | None


@dataclass(slots=True, frozen=True)
class Decided:
    """Somebody says what became of a `once` step: done (with this output), again, or fail."""

    step_id: str
    outcome: str
    by: str | None
    data: Any = None
    job_id: str = ""
    reason: str | None = None


Input = Begin | Started | Finished | Cancel | Fail | Recover | Reopen | Decided
