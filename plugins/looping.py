"""Steps that run something several times: for each of many items, or until a condition holds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from engine.sdk import Calls, Context, Example, Params, StepResult, Steps, Stop
from plugins.durations import Duration
from plugins.values import Expression, WorkflowId

_PATH: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)

steps = Steps("flow")


class ForeachParams(Params):
    """What to go through, and how."""

    items: list[Any] | Expression | None = Field(default=None, examples=["data.orders", [1, 2, 3]])
    """The items: a list, or a CEL expression that comes to one."""
    lines: Expression | None = Field(default=None, examples=["data.body"])
    """Instead of `items`: a CEL expression that comes to a text, each line of which is an item. Empty lines are not."""
    page_size: int | None = Field(default=None, ge=1, le=10_000, examples=[100])
    """Take so many items together as one, which is then a list of them."""
    workflow: WorkflowId | None = None
    """The workflow to run for each item, when the step has no `body`."""
    data: dict[str, Any] | None = Field(default=None, examples=[{"customer": "{{data.customer}}"}])
    """What a workflow is given besides its item. A `body` sees all of `data` anyway."""
    concurrency: int = Field(default=1, ge=1, le=1000)
    """How many items may be under way at once. Rounds of only pure steps are made many at once whatever this says."""
    on_item_error: Literal["stop", "collect", "skip"] = "stop"
    """When an item fails: `stop` fails the step, `collect` goes on and lists the error, `skip` leaves the item out."""
    results: Literal["all", "errors", "count"] = "all"
    """What the output holds: all results in the order of the items, only the errors, or only how many there were."""

    @model_validator(mode="after")
    def _one_source(self) -> ForeachParams:
        if (self.items is None) == (self.lines is None):
            raise PydanticCustomError("one_source", "say what to go through: either `items` or `lines`")
        return self


def _found(ctx: Context, expression: str) -> Any:
    """The value; a plain path is followed here, since CEL would copy all of a long list."""
    if _PATH.fullmatch(expression.strip()):
        value: Any = ctx.scope
        for name in expression.strip().split("."):
            if not isinstance(value, Mapping) or name not in value:
                return ctx.evaluate(expression)  # which says best what is missing
            value = value[name]
        return value
    return ctx.evaluate(expression)


def _items(ctx: Context, params: ForeachParams) -> list[Any]:
    if params.lines is not None:
        text = _found(ctx, params.lines)
        if not isinstance(text, str):
            raise Stop(f"`lines` comes to {_kind(text)}, not to a text: {params.lines}", code="not_a_text")
        items: Any = [line for line in text.splitlines() if line.strip()]
    else:
        items = _found(ctx, params.items) if isinstance(params.items, str) else params.items
    if not isinstance(items, list):
        raise Stop(f"`items` comes to {_kind(items)}, not to a list: {params.items}", code="not_a_list")
    size = params.page_size
    return items if size is None else [items[at : at + size] for at in range(0, len(items), size)]


def _kind(value: Any) -> str:
    kinds = {str: "a text", dict: "an object", bool: "true or false", int: "a number", float: "a number"}
    return "null" if value is None else kinds.get(type(value), type(value).__name__)


@steps.action(
    "foreach",
    ForeachParams,
    title="For each item",
    effect="pure",
    instant=True,
    calls=True,
    takes_body=True,
    expressions=("items", "lines"),
    examples=(
        Example(
            "Ten orders at a time",
            {"items": "data.orders", "concurrency": 10, "onItemError": "collect"},
            {"orders": [{"id": "a1"}, {"id": "a2"}]},
            runnable=False,
        ),
        Example("Each line of a file", {"lines": "data.body", "pageSize": 100}, {"body": "a\nb\nc"}, runnable=False),
    ),
)
async def foreach(ctx: Context, params: ForeachParams) -> StepResult:
    """Run the step's `body`, or a workflow, once for each item.

    Each item is a run of its own: it is there to look at, and after a crash or a retry of this step only items that
    have not finished run. A body sees this run's `data`, with `item` and `index` in it. A workflow is given the item as
    its data when that is an object, else `item` and `index`. The output is `results` in the order of the items,
    `total`, `succeeded`, `failed` and `errors`.
    """
    return StepResult(
        True,
        calls=Calls(
            _items(ctx, params),
            params.workflow,
            params.data,
            concurrency=params.concurrency,
            on_item_error=params.on_item_error,
            results=params.results,
        ),
    )


class RepeatParams(Params):
    """What to repeat, and until when."""

    until: Expression | None = Field(default=None, examples=["result.status == 'done'"])
    """A CEL expression over `result`, `iteration` and what else conditions see; it is asked after each time."""
    max: int = Field(default=100, ge=1, le=100_000)
    """How often at most."""
    delay: Duration = Field(default=0, examples=["10s", "5m"])
    """How long to wait between two times: milliseconds as a number, or a text such as `30s`, `5m` or `1d 12h`."""
    when_not_reached: Literal["fail", "go_on"] = "fail"
    """What becomes of the step when `until` does not hold after the last time."""
    workflow: WorkflowId | None = None
    """The workflow to run each time, when the step has no `body`."""
    data: dict[str, Any] | None = Field(default=None, examples=[{"order": "{{data.id}}"}])
    """What a workflow is given besides `iteration` and `last`. A `body` sees all of `data` anyway."""


@steps.action(
    "repeat",
    RepeatParams,
    title="Repeat",
    effect="pure",
    instant=True,
    calls=True,
    takes_body=True,
    expressions=("until",),
    names=("result", "iteration"),
    examples=(
        Example(
            "Ask until it is done",
            {"until": "result.status == 'done'", "max": 20, "delay": "30s"},
            runnable=False,
        ),
    ),
)
async def repeat(ctx: Context, params: RepeatParams) -> StepResult:
    """Run the step's `body`, or a workflow, again and again until a condition holds.

    Each time is a run of its own, which sees `iteration`, counted from 1, and `last`, what the time before came to.
    The output is `result`, what the last one came to, and `iterations`. The delay survives restarts. When the condition
    does not hold after `max` times the step fails with the code `not_reached`, unless `whenNotReached` says otherwise.
    """
    return StepResult(
        True,
        calls=Calls(
            range(params.max),
            params.workflow,
            params.data,
            results="last",
            repeats=True,
            until=params.until,
            delay_ms=int(params.delay),
            fails_unless_reached=params.when_not_reached == "fail",
        ),
    )
