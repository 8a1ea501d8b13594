"""Steps for the run itself: say something, check something, give up, wait a moment."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from engine.sdk import Context, Example, Params, StepResult, Steps
from plugins.values import Expression, Text, holds

MAX_SLEEP_MS: Final = 60_000
_UNITS: Final = {"": 1, "ms": 1, "s": 1000, "m": 60_000}
_DURATION: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*(ms|s|m|)")

steps = Steps("core")


def _free_name(name: str) -> str:
    if name in ("message", "level", "self"):
        raise PydanticCustomError(
            "log_field_name", "a field may not be called {name}: the log line has it", {"name": name}
        )
    return name


class LogParams(Params):
    """What to say."""

    message: Text = Field(examples=["order {{data.id}} came in"])
    """The line."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """How much it matters."""
    fields: dict[Annotated[str, AfterValidator(_free_name)], Any] = Field(
        default_factory=dict, max_length=50, examples=[{"total": "{{data.total}}"}]
    )
    """Values kept beside the line, to search and filter by."""


@steps.action(
    "log",
    LogParams,
    title="Log",
    effect="pure",
    instant=True,
    examples=(
        Example(
            "A line with a field",
            {"message": "order {{data.id}} came in", "fields": {"total": "{{data.total}}"}},
            {"id": "a1", "total": 250},
        ),
    ),
)
async def log(ctx: Context, params: LogParams) -> StepResult:
    """Write a line into the run's log."""
    ctx.log(params.message, params.level, **params.fields)
    return StepResult.success()


class AssertParams(Params):
    """What must be true."""

    condition: Expression = Field(examples=["data.total >= 0"])
    """A CEL expression that comes to true or false."""
    message: Text = Field(default="", examples=["the total of order {{data.id}} is negative"])
    """What to say when it is false; the condition itself when not given."""


@steps.action(
    "assert",
    AssertParams,
    title="Assert",
    effect="pure",
    instant=True,
    expressions=("condition",),
    examples=(Example("A total must not be negative", {"condition": "data.total >= 0"}, {"total": 250}),),
)
async def assert_(ctx: Context, params: AssertParams) -> StepResult:
    """Fail unless a condition is true.

    The error has the code `assertion_failed` and is not tried again.
    """
    if holds(ctx, params.condition):
        return StepResult.success()
    message = params.message or f"this is not true: {params.condition}"
    return StepResult.failure(message, code="assertion_failed", retryable=False)


class FailParams(Params):
    """How to fail."""

    message: Text = Field(examples=["order {{data.id}} has no address"])
    """The error people see."""
    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")] = Field(
        default="failed", examples=["no_address"]
    )
    """The stable name of the error, for `retry.unless` and for filters."""
    retryable: bool = False
    """Whether the step's `retry` applies."""


@steps.action(
    "fail",
    FailParams,
    title="Fail",
    effect="pure",
    instant=True,
    examples=(
        Example(
            "Give up with a reason",
            {"message": "order {{data.id}} has no address", "code": "no_address"},
            {"id": "a1"},
            runnable=False,
        ),
    ),
)
async def fail(ctx: Context, params: FailParams) -> StepResult:
    """Fail on purpose."""
    return StepResult.failure(params.message or "failed on purpose", code=params.code, retryable=params.retryable)


def _milliseconds(value: float | str) -> int:
    if isinstance(value, str):
        found = _DURATION.fullmatch(value.strip())
        if found is None:
            raise PydanticCustomError("duration", 'a duration looks like 500, "250ms", "2s" or "1.5s"')
        value = float(found[1]) * _UNITS[found[2]]
    if not 0 <= value <= MAX_SLEEP_MS:
        raise PydanticCustomError("duration_range", "a duration is between 0 and 60 seconds")
    return round(value)


class SleepParams(Params):
    """How long to wait."""

    duration: Annotated[float | str, AfterValidator(_milliseconds)] = Field(examples=["250ms", "2s", 500])
    """Milliseconds as a number, or a text such as `250ms` or `2s`; at most 60 seconds."""


@steps.action(
    "sleep",
    SleepParams,
    title="Sleep",
    effect="pure",
    timeout_ms=MAX_SLEEP_MS + 10_000,
    examples=(Example("A short pause", {"duration": "20ms"}),),
)
async def sleep(ctx: Context, params: SleepParams) -> StepResult:
    """Wait a moment, inside this process.

    After a restart of the server the wait begins anew.
    """
    await asyncio.sleep(int(params.duration) / 1000)
    return StepResult.success()
