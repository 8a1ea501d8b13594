"""What stores keep of a schedule, and what of it outlives a save of its workflow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final, Literal, Self

from engine.schedules.schedule import Schedule
from engine.schedules.timetable import NEVER

Missed = Literal["outage", "quota", "overlap", "workflow"]
"""Why a time was not run: nobody was there, its workspace had no room, the run before, its workflow is off or gone."""


@dataclass(slots=True, frozen=True)
class ScheduleState:
    """What happened to a schedule so far. Times are milliseconds.

    `cursor`: every time up to it has been decided about. `queued` are times that came while the run before had not
    finished, `owed` those a backfill asked for. `missed` counts times that were never run because nobody was there or
    their workspace had no room in time, `skipped` those left out because of the run before; `missed_at` is the newest
    of both, and `missed_why` its reason. `held_at` is the time that has waited for room the longest, None when none
    does.
    """

    cursor: int = 0
    queued: tuple[int, ...] = ()
    owed: tuple[int, ...] = ()
    last_at: int | None = None
    last_run_id: str | None = None
    missed: int = 0
    skipped: int = 0
    missed_at: int | None = None
    missed_why: Missed | None = None
    held_at: int | None = None
    paused_at: int | None = None
    paused_by: str | None = None
    pause_reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The form stores keep: what differs from the defaults."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != _DEFAULTS[name]
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """The state a store kept."""
        values: dict[str, Any] = {name: tuple(part) if isinstance(part, list) else part for name, part in value.items()}
        return cls(**values)


_DEFAULTS: Final = {item.name: item.default for item in fields(ScheduleState)}


@dataclass(slots=True, frozen=True)
class ScheduleRow:
    """A schedule of a workflow, and when the scheduler looks at it next.

    `next_at` is NEVER for what is paused, switched off or over. `rev` counts changes: who read an old one changes
    nothing.
    """

    workflow_id: str
    schedule_id: str
    schedule: Schedule
    next_at: int
    step_id: str | None = None
    enabled: bool = True
    state: ScheduleState = field(default_factory=ScheduleState)
    rev: int = 0


def carried(before: Iterable[ScheduleRow], after: Iterable[ScheduleRow]) -> list[ScheduleRow]:
    """The rows of a workflow's new version, with what lasts of those that had the same id.

    A schedule the save left as it was keeps its clock. A pause lasts, also through a change of the expression; what
    waited is forgotten when the workflow is switched off.
    """
    known = {row.schedule_id: row for row in before}
    return [row if (old := known.get(row.schedule_id)) is None else _carried(old, row) for row in after]


def _carried(old: ScheduleRow, new: ScheduleRow) -> ScheduleRow:
    rev = old.rev + 1
    if old.enabled and new.enabled and old.schedule == new.schedule:
        return replace(old, step_id=new.step_id, rev=rev)
    state = replace(old.state, cursor=new.state.cursor)
    if not new.enabled:
        state = replace(state, queued=(), owed=())
    next_at = new.next_at
    if state.paused_at is not None:
        next_at = NEVER
    elif state.queued or state.owed:
        next_at = new.state.cursor
    return replace(new, next_at=next_at, state=state, rev=rev)
