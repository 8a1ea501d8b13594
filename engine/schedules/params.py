"""What people write about a schedule: the params of the `schedule.*` triggers, also those the API previews."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from engine.cron import check, check_zone
from engine.errors import Problem
from engine.models.base import Document
from engine.schedules.durations import parse_duration

Misfire = Literal["skip", "latest", "all"]
Overlap = Literal["skip", "queue", "parallel", "cancelPrevious"]

CRON_REF: Final = "schedule.cron"
INTERVAL_REF: Final = "schedule.interval"
AT_REF: Final = "schedule.at"

MAX_JITTER_MS: Final = 86_400_000
MAX_CATCH_UP: Final = 100
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9000
"""Beyond these, calendars cannot say the same moment in every zone."""


def _refuse(problem: Problem) -> PydanticCustomError:
    hint = f"; {problem.hint}" if problem.hint else ""
    return PydanticCustomError(problem.code, "{said}", {"said": f"{problem.message}{hint}"})


def _cron(expression: str) -> str:
    """Refuse what cannot be read, and what has no next time within fifty years."""
    for problem in check(expression, None):
        raise _refuse(problem)
    return expression


def _zone(name: str) -> str:
    for problem in check_zone(name):
        raise _refuse(problem)
    return name


def within_years(at: datetime) -> datetime:
    """Refuse a time that is too far away to be meant."""
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        raise PydanticCustomError(
            "far_away", "write a time between the years {first} and {last}", {"first": FIRST_YEAR, "last": LAST_YEAR}
        )
    return at


def _moment(value: object) -> object:
    """A date and time, as text: with an offset, or without one, as the clocks of the schedule's zone show it."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            raise PydanticCustomError(
                "time", "this is no date and time; write 2026-12-24T18:00, or with an offset 2026-12-24T18:00+01:00"
            ) from None
        within_years(at)
    return value


def _every(value: str | int) -> str | int:
    try:
        ms = value if isinstance(value, int) else parse_duration(value)
    except ValueError as error:
        raise PydanticCustomError("duration", "{said}", {"said": str(error)}) from None
    if not 1000 <= ms <= 366 * 86_400_000:
        raise PydanticCustomError("duration", "an interval is between 1s and 366d")
    return value


Cron = Annotated[str, AfterValidator(_cron)]
Zone = Annotated[str, AfterValidator(_zone)]
Moment = Annotated[str, BeforeValidator(_moment), Field(max_length=40)]


class Timing(Document):
    """What all kinds of schedules have in common."""

    model_config = ConfigDict(field_title_generator=lambda name, _: name.strip("_").replace("_", " ").capitalize())

    timezone: Zone | None = Field(default=None, max_length=64, examples=["Europe/Berlin", "UTC"])
    """The IANA zone times are read in; the workflow's own when not given."""
    start_at: Moment | None = Field(default=None, examples=["2026-12-01T00:00"])
    """Nothing starts before this time; without an offset, as the clocks of the zone show it."""
    end_at: Moment | None = Field(default=None, examples=["2026-12-31T23:59"])
    """Nothing starts after this time."""
    jitter_ms: int = Field(default=0, ge=0, le=MAX_JITTER_MS)
    """Delay each run by up to this many milliseconds, so that many schedules do not start at the same moment."""
    misfire: Misfire = "latest"
    """What to do about times that passed while no server was there: run none, the latest, or all of them."""
    grace_ms: int = Field(default=3_600_000, ge=1000, le=31 * 86_400_000)
    """A missed time older than this, in milliseconds, is not made up for."""
    max_catch_up: int = Field(default=10, ge=1, le=MAX_CATCH_UP)
    """How many times `misfire: all` makes up for, and how many wait under `overlap: queue`; the newest are kept."""
    overlap: Overlap = "skip"
    """When the run before has not finished: leave the new one out, queue it, run both, or cancel the one before."""
    exclude: list[str] = Field(default_factory=list, max_length=20, examples=[["holidays"]])
    """Names of the workflow's `calendars`; on their days nothing starts."""


class CronParams(Timing):
    """At the times of a cron expression."""

    cron: Cron = Field(max_length=200, examples=["0 9 * * 1-5", "*/15 * * * *", "@daily"])
    """Minute, hour, day of month, month, day of week; of six fields the first is seconds. Or a name: `@daily`."""


class IntervalParams(Timing):
    """Again and again after the same time."""

    every: Annotated[str | int, AfterValidator(_every)] = Field(examples=["15m", "1h30m", "2d"])
    """How long from one start to the next, such as `90s` or `1h30m`, or in milliseconds. Counted from `startAt`, or
    else from midnight of 1 January 1970 in UTC; changes of the clock do not matter to it."""


class AtParams(Timing):
    """Once, or at listed times."""

    at: Moment | Annotated[list[Moment], Field(min_length=1, max_length=100)] = Field(
        examples=["2026-12-24T18:00", ["2026-12-24T18:00", "2026-12-31T23:59:59+01:00"]]
    )
    """A date and time, or a list of them; without an offset, as the clocks of the zone show it."""


PARAMS: Final[dict[str, type[Timing]]] = {CRON_REF: CronParams, INTERVAL_REF: IntervalParams, AT_REF: AtParams}
"""The kinds of schedules by the ref of their trigger."""
