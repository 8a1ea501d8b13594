"""A schedule as the planner sees it: everything resolved, nothing left to look up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from engine.schedules.durations import duration_text, parse_duration
from engine.schedules.params import AtParams, CronParams, IntervalParams, Misfire, Overlap, Timing

Kind = Literal["cron", "interval", "at"]

DEFAULT_GRACE_MS: Final = 3_600_000


@dataclass(slots=True, frozen=True)
class Schedule:
    """When something comes up, and what is done about missed and overlapping times. Times are milliseconds."""

    kind: Kind
    text: str
    """What people wrote: the cron expression, the interval, the times."""
    timezone: str
    every_ms: int = 0
    times: tuple[int, ...] = ()
    start_at: int | None = None
    end_at: int | None = None
    jitter_ms: int = 0
    misfire: Misfire = "latest"
    grace_ms: int = DEFAULT_GRACE_MS
    max_catch_up: int = 10
    overlap: Overlap = "skip"
    excluded: tuple[str, ...] = ()
    """Entries of calendars."""

    def to_dict(self) -> dict[str, Any]:
        """The form stores keep: what differs from the defaults."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if name in ("kind", "text", "timezone") or value != _DEFAULTS[name]
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """The schedule a store kept."""
        values: dict[str, Any] = {name: tuple(part) if isinstance(part, list) else part for name, part in value.items()}
        return cls(**values)


_DEFAULTS: Final = {field.name: field.default for field in fields(Schedule)}


def resolve(params: Timing, timezone: str, calendars: Mapping[str, Sequence[str]]) -> Schedule:
    """The schedule these params mean in this zone; calendars that do not exist exclude nothing."""
    zone = params.timezone or timezone
    common: dict[str, Any] = {
        "timezone": zone,
        "start_at": _ms(params.start_at, zone),
        "end_at": _ms(params.end_at, zone),
        "jitter_ms": params.jitter_ms,
        "misfire": params.misfire,
        "grace_ms": params.grace_ms,
        "max_catch_up": params.max_catch_up,
        "overlap": params.overlap,
        "excluded": tuple(entry for name in params.exclude for entry in calendars.get(name, ())),
    }
    if isinstance(params, IntervalParams):
        every = params.every if isinstance(params.every, int) else parse_duration(params.every)
        return Schedule("interval", f"every {duration_text(every)}", every_ms=every, **common)
    if isinstance(params, AtParams):
        written = [params.at] if isinstance(params.at, str) else params.at
        times = tuple(sorted({at for text in written if (at := _ms(text, zone)) is not None}))
        return Schedule("at", ", ".join(written), times=times, **common)
    if isinstance(params, CronParams):
        return Schedule("cron", params.cron, **common)
    raise TypeError(f"{type(params).__name__} is no kind of schedule")


def _ms(text: str | None, zone: str) -> int | None:
    return None if text is None else moment(text, zone)


def moment(text: str, zone: str) -> int:
    """The milliseconds of a date and time; one the clocks of the zone leave out is the end of that gap."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is not None:
        return round(at.timestamp() * 1000)
    local = at.replace(tzinfo=ZoneInfo(zone), fold=0)
    while local.astimezone(UTC).astimezone(local.tzinfo).replace(fold=0) != local:
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return round(local.timestamp() * 1000)
