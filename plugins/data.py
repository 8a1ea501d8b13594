"""Steps that make and rearrange data."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.sdk import Context, Example, Params, StepResult, Steps
from plugins.values import Expression, Key

steps = Steps("data")


class SetParams(Params):
    """What to set."""

    values: dict[str, Any] = Field(examples=[{"greeting": "Hello {{name}}", "customer": {"email": "{{email}}"}}])
    """The keys to set and their values: any JSON, nested as deep as needed, with templates anywhere in it."""


@steps.action(
    "set",
    SetParams,
    title="Set data",
    effect="pure",
    instant=True,
    examples=(
        Example(
            "A greeting and a nested object",
            {"values": {"greeting": "Hello {{name}}", "customer": {"email": "{{email}}", "vip": True}}},
            {"name": "Ali", "email": "user@example.com"},
            {"greeting": "Hello Ali", "customer": {"email": "user@example.com", "vip": True}},
        ),
    ),
)
async def set_values(ctx: Context, params: SetParams) -> StepResult:
    """Set keys of the run's data.

    A key that exists is replaced whole; `data.merge` mixes nested objects instead.
    """
    return StepResult.success(params.values)


class PickParams(Params):
    """What to work out, and where to put it."""

    expression: Expression = Field(examples=["data.orders.filter(o, o.total > 100).map(o, o.id)"])
    """A CEL expression over `data`, `steps`, `trigger`, `run` and `workflow`."""
    as_: Key | None = Field(default=None, alias="as", title="As", examples=["bigOrders"])
    """The key the result is put under. Without it an object becomes the output itself, and any other value is found
    only under `steps.<id>`."""


@steps.action(
    "pick",
    PickParams,
    title="Pick data",
    effect="pure",
    instant=True,
    expressions=("expression",),
    examples=(
        Example(
            "The ids of large orders",
            {"expression": "data.orders.filter(o, o.total > 100).map(o, o.id)", "as": "bigOrders"},
            {"orders": [{"id": "a", "total": 50}, {"id": "b", "total": 150}]},
            {"bigOrders": ["b"]},
        ),
        Example(
            "A part of the data as the output itself",
            {"expression": "data.customer"},
            {"customer": {"email": "user@example.com"}},
            {"email": "user@example.com"},
        ),
    ),
)
async def pick(ctx: Context, params: PickParams) -> StepResult:
    """Work out a value with a CEL expression.

    The expression selects, filters, counts and reshapes; it cannot change anything.
    """
    value = ctx.evaluate(params.expression)
    return StepResult.success(value if params.as_ is None else {params.as_: value})


class MergeParams(Params):
    """Which objects to mix, and how."""

    sources: list[dict[str, Any] | None] = Field(
        min_length=1, max_length=100, examples=[["{{data.defaults}}", "{{data.customer}}"]]
    )
    """The objects, in order: later ones win. A missing one (null) counts as empty."""
    deep: bool = False
    """Mix nested objects key by key, instead of taking the later one whole. Lists are always taken whole."""


@steps.action(
    "merge",
    MergeParams,
    title="Merge objects",
    effect="pure",
    instant=True,
    examples=(
        Example(
            "Defaults below what the caller sent",
            {"sources": [{"limits": {"rows": 10, "pages": 2}}, "{{data.wanted}}"], "deep": True},
            {"wanted": {"limits": {"rows": 50}}},
            {"limits": {"rows": 50, "pages": 2}},
        ),
    ),
)
async def merge(ctx: Context, params: MergeParams) -> StepResult:
    """Mix several objects into one."""
    mixed: dict[str, Any] = {}
    for source in params.sources:
        mixed = _deep(mixed, source or {}) if params.deep else mixed | (source or {})
    return StepResult.success(mixed)


def _deep(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    mixed = dict(below)
    for key, value in above.items():
        old = mixed.get(key)
        mixed[key] = _deep(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return mixed
