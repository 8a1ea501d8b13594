"""What goes into stores and comes out of them, beside the models: commits, filters, pages and small rows.

Times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from engine.models.event import Event
from engine.models.run import FINISHED, JobRow, RunRow, RunStatus, WaitingFor

T = TypeVar("T")


class Anyone:
    """Stands for every owner, in calls of the engine itself and of admins."""

    def __repr__(self) -> str:
        return "ANYONE"


MAX_MESSAGES: Final = 1000
"""Messages that may wait in one run's inbox."""

ANYONE: Final = Anyone()
Owner = str | Anyone


@dataclass(slots=True, frozen=True)
class Page(Generic[T]):
    """Some items of a list and, when there are more, the cursor to go on after them."""

    items: list[T]
    cursor: str | None = None


@dataclass(slots=True, frozen=True)
class Blob:
    """A value too large for the journal, stored once and referred to by `ref`."""

    ref: str
    data: bytes


@dataclass(slots=True, frozen=True)
class Commit:
    """One durable step of one run: events, the summary after them, the jobs and large values that changed.

    `expected_seq` is the seq before the events; 0 makes the run. `expected_owner` is the owner that must still hold
    it. When either no longer matches, or the new run's id is taken, the commit raises Fenced and changes nothing.
    `heard` are the messages the run has taken note of, which are forgotten; `pokes` the unfinished runs that shall look
    at something because of this. Stores without transactions may do these two late, or in a crash not at all.
    """

    run: RunRow
    events: Sequence[Event]
    expected_seq: int
    expected_owner: str | None = None
    jobs: Sequence[JobRow] = ()
    blobs: Sequence[Blob] = ()
    heard: Sequence[str] = ()
    pokes: Sequence[str] = ()


@dataclass(slots=True, frozen=True)
class RunFilter:
    """Which runs a list shows; None, and no status at all, mean any. `rounds` are those of loops' bodies.

    With `waiting_for` only unfinished runs that wait for one of these; `call_step_id` narrows the runs of a
    `caller_run_id` to those one of its steps has called.
    """

    owner: Owner
    workflow_id: str | None = None
    statuses: tuple[RunStatus, ...] = ()
    trigger: str | None = None
    since: int | None = None
    until: int | None = None
    parent_run_id: str | None = None
    caller_run_id: str | None = None
    call_step_id: str | None = None
    waiting_for: tuple[WaitingFor, ...] = ()
    rounds: bool = True


def every_status(where: RunFilter) -> Iterable[RunStatus]:
    """The states a run can be in that such a list shows, when none is asked for."""
    return (status for status in RunStatus if status not in FINISHED) if where.waiting_for else RunStatus


@dataclass(slots=True, frozen=True)
class FeedItem:
    """Some events of one run, in the order commits happened; `cursor` names the place after them."""

    cursor: str
    run_id: str
    workflow_id: str
    user_id: str
    events: list[Event]


@dataclass(slots=True, frozen=True)
class VersionInfo:
    """One entry of a workflow's history."""

    version: int
    saved_at: int
    saved_by: str
    name: str
    steps: int


@dataclass(slots=True, frozen=True)
class Pruned:
    """What a retention pass removed."""

    runs: int = 0
    bytes_freed: int = 0


@dataclass(slots=True, frozen=True)
class ProcessRow:
    """A process that executes runs: it lives as long as its heartbeat says `until` a time that is still to come."""

    owner: str
    until: int
    info: dict[str, Any] | None = None


@dataclass(slots=True, frozen=True)
class Held:
    """The unfinished runs a process executes: how many, and the ids of some of them."""

    count: int
    run_ids: list[str]


@dataclass(slots=True, frozen=True)
class Tally:
    """Something several processes count together, compared and set as a whole.

    `tag` changes with every write. Once `expires_at` has passed it may be forgotten.
    """

    key: str
    value: Any
    tag: str = ""
    expires_at: int | None = None


@dataclass(slots=True)
class Health:
    """How the store is; `detail` is safe to show to an operator."""

    ok: bool
    backend: str
    detail: dict[str, Any] = field(default_factory=dict)
