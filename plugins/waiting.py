"""Steps that wait without holding anything: for a time, for a signal, for somebody's approval.

While a run only waits it is a row with a due time, in no process's memory. Restarts change nothing about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from engine.sdk import Context, Ending, Example, Params, StepResult, Steps, Wait, check_form
from plugins.durations import Duration
from plugins.values import Text

APPROVE: Final = "approve"
REJECT: Final = "reject"
SEND_BACK: Final = "send-back"

steps = Steps("flow")


class SleepParams(Params):
    """How long, or until when; one of the two."""

    duration: Duration | None = Field(default=None, examples=["2h", "1d 12h", 90_000])
    """A text such as `90s`, `2h` or `1d 12h`, or milliseconds as a number; at most ten years."""
    until: AwareDatetime | None = Field(default=None, examples=["2026-12-24T18:00:00+01:00", "{{data.remindAt}}"])
    """A time with its zone; when it has passed already, the run goes on at once."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.duration is None) == (self.until is None):
            raise ValueError("give either duration or until")
        return self


@steps.action(
    "sleep",
    SleepParams,
    title="Sleep",
    effect="pure",
    instant=True,
    waits=True,
    examples=(
        Example("Two hours", {"duration": "2h"}, runnable=False),
        Example(
            "Until a time from the data",
            {"until": "{{data.remindAt}}"},
            {"remindAt": "2026-12-24T18:00:00+01:00"},
            runnable=False,
        ),
    ),
)
async def sleep(ctx: Context, params: SleepParams) -> StepResult:
    """Go on later, after a duration or at a time.

    Nothing is held meanwhile: ten thousand sleeping runs are ten thousand rows, and a restart changes nothing about
    when they go on. For a pause of less than a second use `core.sleep`.
    """
    due_at = None if params.until is None else _millis(params.until)
    due_in = None if params.duration is None else int(params.duration)
    return StepResult.wait(Wait("timer", {"due": Ending()}, due_at=due_at, due_in_ms=due_in))


SignalName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class WaitParams(Params):
    """Which signal, and how long."""

    signal: SignalName = Field(examples=["paid"])
    """The name of the signal; whoever sends it says the same."""
    timeout: Duration | None = Field(default=None, examples=["7d"])
    """How long to wait at most, such as `30m` or `7d`; for ever when not given."""
    until_step: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        default=None, examples=["ship"]
    )
    """The id of a step beside this one: when that has ended, whatever came of it, the time is up here, too."""
    on_timeout: Literal["fail", "continue"] = "fail"
    """When no signal came in time: `fail` with the code `no_signal`, or `continue` along the route `timeout`."""
    default: Any = None
    """The output when the run continues without a signal."""


def _wait_routes(params: Mapping[str, Any]) -> tuple[str, ...]:
    return ("received", "timeout") if params.get("onTimeout") == "continue" else ("received",)


def _signals(params: Mapping[str, Any]) -> tuple[str, ...]:
    name = params.get("signal")
    return (name,) if isinstance(name, str) else ()


def _until_step(params: Mapping[str, Any]) -> str | None:
    named = params.get("untilStep")
    return named if isinstance(named, str) else None


@steps.action(
    "wait",
    WaitParams,
    title="Wait for a signal",
    effect="pure",
    instant=True,
    waits=True,
    routes=_wait_routes,
    signals=_signals,
    until_step=_until_step,
    examples=(Example("Until it is paid", {"signal": "paid", "timeout": "7d"}, runnable=False),),
)
async def wait(ctx: Context, params: WaitParams) -> StepResult:
    """Go on when a signal comes: `POST /api/runs/{id}/signals/{name}`, `flowdesk signal`, or a link of the run.

    What was sent is the output. A signal that came before the step began is kept for it. The route is `received`, or
    `timeout`; arrows without a label are taken either way.
    """
    endings = {"signal": Ending(route="received")}
    if params.on_timeout == "continue":
        endings["due"] = Ending(route="timeout", data=params.default)
    else:
        endings["due"] = Ending(code="no_signal", message=f"no signal {params.signal} came in time")
    due_in = None if params.timeout is None else int(params.timeout)
    return StepResult.wait(Wait("signal", endings, due_in_ms=due_in, name=params.signal))


def _form(schema: dict[str, Any]) -> dict[str, Any]:
    check_form(schema)
    return schema


class ApprovalParams(Params):
    """What to ask whom, and until when."""

    message: Text = Field(examples=["Pay {{data.total}} to {{data.supplier}}?"])
    """The question, as people read it."""
    deciders: list[Annotated[str, StringConstraints(min_length=1, max_length=254)]] = Field(
        default_factory=list, max_length=100, examples=[["boss@example.com", "role:admin"]]
    )
    """Who may decide: ids or e-mail addresses of users, or `role:admin`. The run's owner and administrators always
    may."""
    form: Annotated[dict[str, Any], AfterValidator(_form)] | None = Field(
        default=None,
        examples=[{"type": "object", "properties": {"costCentre": {"type": "string"}}, "required": ["costCentre"]}],
    )
    """A JSON Schema of the answer: it draws the form, and an approval that does not fit it is refused."""
    deadline: Duration | None = Field(default=None, examples=["2d"])
    """How long to wait at most, such as `4h` or `2d`; for ever when not given."""
    default: Literal["approve", "reject", "send-back", "fail"] = "fail"
    """What counts as decided when the deadline has passed; `fail` fails the step with the code `deadline_passed`."""


def _approval_routes(params: Mapping[str, Any]) -> tuple[str, ...]:
    return (APPROVE, REJECT, SEND_BACK)


@steps.action(
    "approval",
    ApprovalParams,
    title="Approval",
    effect="pure",
    instant=True,
    waits=True,
    routes=_approval_routes,
    examples=(
        Example(
            "Before paying",
            {
                "message": "Pay {{data.total}} to {{data.supplier}}?",
                "deciders": ["boss@example.com"],
                "deadline": "2d",
                "default": "reject",
            },
            {"total": 250, "supplier": "ACME"},
            runnable=False,
        ),
    ),
)
async def approval(ctx: Context, params: ApprovalParams) -> StepResult:
    """Ask somebody: approve, reject, or send back with feedback.

    Each answer is a route: label the arrows `approve`, `reject` and `send-back`; arrows without a label are taken
    whatever was decided. A rejection without an arrow of its own fails the step with the code `rejected`, and sending
    back can be chosen only where an arrow has that label. The output is `outcome`, `by`, `answer` and `feedback`.
    """
    endings = {APPROVE: Ending(route=APPROVE)}
    labelled = set(ctx.edges)
    if REJECT in labelled:
        endings[REJECT] = Ending(route=REJECT)
    else:
        endings[REJECT] = Ending(code="rejected", message="it was rejected")
    if SEND_BACK in labelled:
        endings[SEND_BACK] = Ending(route=SEND_BACK)
    default = params.default if params.default in endings else "due"
    if default == "due":
        endings["due"] = Ending(code="deadline_passed", message="nobody decided before the deadline")
    details: dict[str, Any] = {"message": params.message, "deciders": params.deciders}
    details |= {"form": params.form} if params.form is not None else {}
    due_in = None if params.deadline is None else int(params.deadline)
    return StepResult.wait(Wait("approval", endings, due_in_ms=due_in, when_due=default, details=details))


def _millis(when: datetime) -> int:
    return round(when.timestamp() * 1000)
