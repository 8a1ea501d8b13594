"""Steps that choose where a run goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from engine.sdk import Context, Example, Params, StepResult, Steps
from plugins.values import Expression, Label, holds

steps = Steps("flow")


class IfParams(Params):
    """What to decide by."""

    condition: Expression = Field(examples=["data.email != ''"])
    """A CEL expression that comes to true or false."""


def _if_routes(params: Mapping[str, Any]) -> tuple[str, ...]:
    return ("true", "false")


@steps.action(
    "if",
    IfParams,
    title="If",
    effect="pure",
    instant=True,
    routes=_if_routes,
    expressions=("condition",),
    examples=(Example("Is there an address?", {"condition": "data.email != ''"}, {"email": "user@example.com"}),),
)
async def if_(ctx: Context, params: IfParams) -> StepResult:
    """Go on along the arrows labelled `true` or `false`.

    A route without an arrow ends there; arrows without a label are taken either way.
    """
    return StepResult.success(goto="true" if holds(ctx, params.condition) else "false")


class Case(Params):
    """One route and when it is chosen."""

    label: Label = Field(examples=["express"])
    """The label of the arrows to take."""
    when: Expression = Field(examples=["data.total > 1000"])
    """A CEL expression that comes to true or false."""


class SwitchParams(Params):
    """The routes, in the order they are tried."""

    cases: list[Case] = Field(min_length=1, max_length=100)
    """The first case whose `when` is true is chosen; the ones after it are not looked at."""
    default: Label | None = Field(default=None, examples=["standard"])
    """The label chosen when no case fits; without it the `otherwise` arrows are taken."""


def _switch_routes(params: Mapping[str, Any]) -> tuple[str, ...]:
    cases = params.get("cases")
    listed = [case.get("label") for case in cases if isinstance(case, dict)] if isinstance(cases, list) else []
    labels = [label for label in [*listed, params.get("default")] if isinstance(label, str)]
    return tuple(dict.fromkeys(labels))


@steps.action(
    "switch",
    SwitchParams,
    title="Switch",
    effect="pure",
    instant=True,
    routes=_switch_routes,
    expressions=("cases[].when",),
    examples=(
        Example(
            "By the size of an order",
            {
                "cases": [
                    {"label": "express", "when": "data.total > 1000"},
                    {"label": "standard", "when": "data.total > 0"},
                ],
                "default": "free",
            },
            {"total": 250},
        ),
    ),
)
async def switch(ctx: Context, params: SwitchParams) -> StepResult:
    """Go on along the arrows of the first case that fits."""
    for case in params.cases:
        if holds(ctx, case.when):
            return StepResult.success(goto=case.label)
    return StepResult.success(goto=params.default)
