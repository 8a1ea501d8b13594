"""`greet.hello`: a step with its own form, made with a decorator."""

from __future__ import annotations

from typing import Final, Literal

from flowdesk.sdk import Context, Example, Params, StepResult, Steps
from pydantic import Field

GREETINGS: Final = {"en": "Hello", "de": "Guten Tag", "tr": "Merhaba"}

steps = Steps("greet")


class Hello(Params):
    """Whom to greet, and how."""

    name: str = Field(min_length=1, max_length=200, examples=["{{data.name}}"])
    """The name to say."""
    language: Literal["en", "de", "tr"] = "en"
    """The language to say it in."""


@steps.action(
    "hello",
    Hello,
    title="Say hello",
    effect="pure",
    examples=(
        Example(
            "In German",
            {"name": "{{data.name}}", "language": "de"},
            data={"name": "Ali"},
            output={"greeting": "Guten Tag Ali"},
        ),
    ),
)
async def hello(ctx: Context, params: Hello) -> StepResult:
    """Greet somebody in their language."""
    greeting = f"{GREETINGS[params.language]} {params.name}"
    ctx.log(f"said: {greeting}")
    return StepResult.success({"greeting": greeting})
