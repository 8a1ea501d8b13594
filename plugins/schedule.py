"""The trigger that starts runs by the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from engine.sdk import Example, Params, Steps

steps = Steps("schedule")


def _cron(expression: str) -> str:
    """Refuse what the scheduler cannot read, and what has no next time within fifty years."""
    try:
        next(CronSim(expression, datetime.now(UTC)))
    except StopIteration:
        raise PydanticCustomError("cron_never", "this schedule never comes up") from None
    except CronSimError as error:
        reason = str(error)
        raise PydanticCustomError(
            "cron",
            "not a cron expression: {reason}; write minute, hour, day, month and weekday",
            {"reason": reason[:1].lower() + reason[1:]},
        ) from None
    return expression


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError: a name such as `Europe` is a directory of the database
        raise PydanticCustomError(
            "timezone", "there is no time zone {name}; names look like Europe/Berlin or UTC", {"name": repr(name)}
        ) from None
    return name


class CronParams(Params):
    """When to start."""

    cron: Annotated[str, AfterValidator(_cron)] = Field(max_length=200, examples=["0 9 * * 1-5", "*/15 * * * *"])
    """Minute, hour, day of month, month, day of week; with six fields the first one is seconds."""
    timezone: Annotated[str, AfterValidator(_zone)] | None = Field(
        default=None, max_length=64, examples=["Europe/Berlin", "UTC"]
    )
    """The IANA zone the times are read in; the workflow's own when not given."""


steps.trigger(
    "cron",
    CronParams,
    title="Schedule",
    description=(
        "Starts a run at the times of a cron expression.\n"
        "One run per tick, however many servers there are. When clocks change, a time in the spring gap comes up\n"
        "right after it, and a fixed time in a repeated hour comes up once."
    ),
    examples=(
        Example("Weekdays at nine in Berlin", {"cron": "0 9 * * 1-5", "timezone": "Europe/Berlin"}, runnable=False),
    ),
)
