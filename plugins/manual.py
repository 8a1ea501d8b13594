"""The trigger for runs that a person or a program starts by name."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.sdk import Example, Params, StepDefinition, Steps


class ManualParams(Params):
    """Nothing is needed; a sample makes the run form friendlier."""

    sample: dict[str, Any] | None = Field(
        default=None, examples=[{"email": "user@example.com", "name": "Ali"}], max_length=200
    )
    """Data the run form is filled in with. It is not used unless somebody sends it."""


steps = Steps("manual")
# `manual` is one word, so it cannot be declared with steps.trigger, which makes `family.name`.
steps.definitions.append(
    StepDefinition(
        ref="manual",
        kind="TRIGGER",
        handler=None,
        params=ManualParams,
        title="Manual start",
        description=(
            "Starts a run by hand: the run button, `flowdesk run`, or `POST /api/workflows/{id}/execute`.\n"
            "The object sent as `data` becomes the run's data."
        ),
        effect="pure",
        instant=True,
        examples=(
            Example(
                "With a sample for the run form",
                {"sample": {"email": "user@example.com", "name": "Ali"}},
                runnable=False,
            ),
        ),
    )
)
