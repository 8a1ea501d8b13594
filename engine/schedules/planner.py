"""Which times of a schedule are run now. Pure: no clock and no store."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from engine.schedules.schedule import Schedule
from engine.schedules.timetable import NEVER, between, delayed, first, newest

ON_TIME_MS: Final = 60_000
"""`misfire: skip` runs what is no older than this."""
STALL_MS: Final = 10_000
"""A delay no longer than this is no outage: everything that came up meanwhile is run."""
POLL_MS: Final = 1000
"""How soon to look again at what waits for a run to end."""
MOST_COUNTED: Final = 100
"""How many missed times are counted one by one; of more it is known only that they are at least so many."""
MOST_AT_ONCE: Final = 100
"""How many owed runs of one schedule are started in one look."""


@dataclass(slots=True, frozen=True)
class Due:
    """What to do about a schedule now: the times to run, those given up, and when the next one comes."""

    start: tuple[int, ...]
    missed: int
    missed_at: int | None
    cursor: int
    next_at: int


def plan(schedule: Schedule, cursor: int, now: int, *names: str) -> Due:
    """Of the times after `cursor` and up to now those to run, oldest first. `names` tell its jitter from others'."""
    until = now
    following = first(schedule, now)
    if schedule.jitter_ms:
        waiting = newest(schedule, max(cursor, now - schedule.jitter_ms - 1), now, 1)
        if waiting and delayed(schedule, waiting[0], *names) > now:
            following, until = waiting[0], waiting[0] - 1
    due = list(islice(between(schedule, cursor, until), MOST_COUNTED + 1))
    start = _chosen(schedule, cursor, until, now, due)
    left_out = sorted(set(due) - set(start))
    return Due(
        tuple(start),
        min(len(left_out), MOST_COUNTED),
        left_out[-1] if left_out else None,
        max(cursor, until),
        NEVER if following is None else delayed(schedule, following, *names),
    )


def _chosen(schedule: Schedule, cursor: int, until: int, now: int, due: list[int]) -> list[int]:
    """What the misfire policy says."""
    if not due or due[0] >= now - schedule.jitter_ms - STALL_MS:
        return due
    grace = min(ON_TIME_MS, schedule.grace_ms) if schedule.misfire == "skip" else schedule.grace_ms
    count = schedule.max_catch_up if schedule.misfire == "all" else 1
    oldest = max(cursor, now - grace - schedule.jitter_ms - 1)
    if len(due) <= MOST_COUNTED:
        return [at for at in due if at > oldest][-count:]
    return newest(schedule, oldest, until, count)


@dataclass(slots=True)
class Agenda:
    """Hands out the times to run, one after another, as the overlap policy lets them."""

    schedule: Schedule
    due: list[int]
    queued: list[int] = field(default_factory=list)
    owed: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    held: int | None = None
    _handed_out: int = 0
    _source: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.schedule.overlap == "queue":
            self.queued = sorted({*self.queued, *self.due})
            self.due = []
        elif self.schedule.overlap == "cancelPrevious":
            self.skipped += self.due[:-1]
            self.due = self.due[-1:]

    def next(self, *, busy: bool) -> int | None:
        """The next time to run, while the run before is under way or not; None when the rest has to wait."""
        overlap = self.schedule.overlap
        if busy and overlap == "skip":
            self.skipped += self.due
            self.due = []
        if self.due:
            self._source = self.due
            return self.due.pop(0)
        if (busy and overlap != "parallel") or self._handed_out >= MOST_AT_ONCE:
            return None
        self._source = self.queued or self.owed
        self._handed_out += 1
        return self._source.pop(0) if self._source else None

    def hold(self, at: int) -> None:
        """Take back the time that was handed out last: there is no room for its run, so it waits with the rest."""
        self.held = at
        self._source.insert(0, at)

    def give_up(self) -> None:
        """Nothing of it can be run, now or later."""
        self.skipped += [*self.due, *self.queued, *self.owed]
        self.due, self.queued, self.owed = [], [], []

    def close(self) -> None:
        """Leave only the newest of those that have to wait."""
        too_many = len(self.queued) - self.schedule.max_catch_up
        if too_many > 0:
            self.skipped += self.queued[:too_many]
            del self.queued[:too_many]

    @property
    def waits(self) -> bool:
        """Whether there is something left to run later."""
        return bool(self.due or self.queued or self.owed)

    def decided(self, until: int) -> int:
        """Up to which time everything has been decided about, when that would be `until` with room for all."""
        return min(until, self.due[0] - 1) if self.due else until
