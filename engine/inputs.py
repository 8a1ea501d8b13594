"""What can happen to a run from outside its state machine: the inputs of `transition.decide`.

Those that every run makes are tuples: a frozen dataclass takes three times as long to make.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from engine.models.run import Message, Trigger
from engine.sdk import StepResult
from engine.state import Pin, StepState

_NOTHING: Final[Mapping[str, StepState]] = MappingProxyType({})


class Begin(NamedTuple):
    """The run starts. `reused` holds outputs of steps that a rerun takes over instead of running them.

    A test may say where to stop (`until`) and which steps are not to run but to give what is pinned to them.
    """

    trigger: Trigger
    parent_run_id: str | None = None
    reused: Mapping[str, StepState] = _NOTHING
    by: str | None = None
    until: str | None = None
    pins: Mapping[str, Pin] = MappingProxyType({})


class Rehearsal(NamedTuple):
    """What a test asks for: stop after this step, and let these steps give what is pinned to them."""

    until: str | None = None
    pins: Mapping[str, Pin] = MappingProxyType({})


class Started(NamedTuple):
    """An attempt begins, with these rendered parameters."""

    step_id: str
    input: Any
    key: str


class Finished(NamedTuple):
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
    undo: bool = False
    """Undo the finished steps, too."""
    force: bool = False
    """End at once, without undoing and `finally` steps, even when these have begun."""


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
    """Somebody retries the failed step of a FAILED run. `item` is one whose own run is retried, and waited for."""

    step_id: str
    job_id: str
    by: str | None
    item: int | None = None


@dataclass(slots=True, frozen=True)
class Hurry:
    """Somebody wants a retry now that would have waited for its time."""

    step_id: str
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
    message_id: str | None = None


class Calling(NamedTuple):
    """An attempt wants runs made, as `wait.started` will tell: for these items, or again for those not finished."""

    step_id: str
    calls: dict[str, Any]
    items: list[Any] | None = None
    data: dict[str, Any] | None = None


class Advanced(NamedTuple):
    """The runs a step called have come this far."""

    step_id: str
    change: dict[str, Any]


class Heard(NamedTuple):
    """Somebody told the run something. `job_id` is for a step that fails because of it."""

    message: Message
    job_id: str = ""


class Due(NamedTuple):
    """The time a step waits until may have come."""

    step_id: str
    job_id: str = ""


Input = (
    Begin | Started | Finished | Cancel | Fail | Recover | Reopen | Hurry | Decided | Heard | Due | Calling | Advanced
)
