"""What a schedule comes to: its times with what the clocks do to them, and what an outage would cost. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final, Literal
from zoneinfo import ZoneInfo

from engine.cron import says
from engine.schedules.planner import MOST_COUNTED, Agenda, plan
from engine.schedules.schedule import Schedule
from engine.schedules.timetable import upcoming

Note = Literal["gap", "overlap"]

OUTAGES_MS: Final = (300_000, 7_200_000, 86_400_000)
_STEP_MS: Final = 6 * 3_600_000


@dataclass(slots=True, frozen=True)
class Occurrence:
    """A time a schedule names.

    `gap`: the clocks left out what the expression says, so it comes right after. `overlap`: the clocks show this
    time twice.
    """

    at: int
    note: Note | None


@dataclass(slots=True, frozen=True)
class ClockChange:
    """A moment at which the clocks of a zone are moved, and their offsets from UTC in minutes before and after."""

    at: int
    before: int
    after: int

    @property
    def kind(self) -> Note:
        """A gap when clocks are put forward, an overlap when they are put back."""
        return "gap" if self.after > self.before else "overlap"


@dataclass(slots=True, frozen=True)
class Outage:
    """What would happen had no server been there for so long: the times run afterwards, and how many are not."""

    lasted_ms: int
    came_up: int
    run: tuple[int, ...]
    missed: int
    left_out: int
    """Caught up with, but left out while the run before is under way, supposing that runs take a while."""


def occurrences(schedule: Schedule, after_ms: int, until_ms: int | None, limit: int) -> list[Occurrence]:
    """The first `limit` times after the one and up to the other."""
    found = []
    for at in islice(upcoming(schedule, after_ms), limit):
        if until_ms is not None and at > until_ms:
            break
        found.append(Occurrence(at, _note(schedule, at)))
    return found


def clock_changes(timezone: str, after_ms: int, until_ms: int) -> Iterator[ClockChange]:
    """Every moment between at which the zone's offset changes."""
    zone = ZoneInfo(timezone)
    at, offset = after_ms, _offset(after_ms, zone)
    while at < until_ms:
        following = min(at + _STEP_MS, until_ms)
        later = _offset(following, zone)
        if later != offset:
            moment = _turn(at, following, zone)
            yield ClockChange(moment, round(offset / 60_000), round(_offset(moment, zone) / 60_000))
            later = _offset(following, zone)
        at, offset = following, later


def outage(schedule: Schedule, began: int, lasted_ms: int) -> Outage:
    """Simulate it with the planner itself; every run is thought to take longer than the catching up."""
    due = plan(schedule, began, began + lasted_ms)
    agenda = Agenda(schedule, list(due.start))
    run: list[int] = []
    while (at := agenda.next(busy=bool(run))) is not None:
        run.append(at)
    agenda.close()
    later = tuple(agenda.queued)
    return Outage(lasted_ms, len(due.start) + due.missed, (*run, *later), due.missed, len(agenda.skipped))


def more_than_counted(found: Outage) -> bool:
    """Whether `missed` is only the least it can be."""
    return found.missed >= MOST_COUNTED


def _note(schedule: Schedule, at: int) -> Note | None:
    local = datetime.fromtimestamp(at / 1000, ZoneInfo(schedule.timezone))
    if schedule.kind == "cron" and not says(schedule.text, local):
        return "gap"
    if schedule.kind != "interval" and local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        return "overlap"
    return None


def _offset(at_ms: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone).utcoffset() or timedelta()
    return round(offset.total_seconds() * 1000)


def _turn(low: int, high: int, zone: ZoneInfo) -> int:
    """The first second of the new offset."""
    before = _offset(low, zone)
    low, high = low // 1000, high // 1000
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle * 1000, zone) == before:
            low = middle
        else:
            high = middle
    return high * 1000
