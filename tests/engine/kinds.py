"""Kinds of steps to validate workflows against, and short ways to say what was found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from engine.errors import Problem
from engine.graph import validate
from engine.registry import Registry
from engine.sdk import Params, Steps


class Note(Params):
    text: str = Field(max_length=20)
    level: Literal["info", "warning"] = "info"


class Basic(Params):
    kind: Literal["basic"]
    user: str


class Bearer(Params):
    kind: Literal["bearer"]
    token: str


def _even(value: int) -> int:
    if value % 2:
        raise PydanticCustomError("odd_number", "{value} is odd", {"value": value})
    return value


class Call(Params):
    url: Annotated[str, Field(pattern="^https?://")]
    timeout_ms: int | None = Field(default=None, ge=1)
    wanted: list[int] = Field(default_factory=list, max_length=3)
    auth: Annotated[Basic | Bearer, Field(discriminator="kind")] | None = None
    body: str | list[Note] | None = None
    pairs: Annotated[int, AfterValidator(_even)] = 2

    @model_validator(mode="after")
    def _together(self) -> Call:
        if self.wanted and self.wanted[0] > 599:
            raise ValueError("a status is at most 599")
        return self


class Decide(Params):
    condition: str


class Case(Params):
    label: str
    when: str


class Switch(Params):
    cases: list[Case]


def _cases(params: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(case["label"] for case in params["cases"])


def registry() -> Registry:
    steps = Steps("t")
    hooks = Steps("http")
    hooks.trigger("webhook", title="Webhook", description="Starts a run.")
    steps.trigger("manual", title="Manual", description="Starts a run.")

    @steps.action("note", Note)
    async def note(ctx: Any, params: Note) -> None:
        """Write a note."""

    @steps.action("call", Call, url_fields=("url",))
    async def call(ctx: Any, params: Call) -> None:
        """Call something."""

    @steps.action("if", Decide, routes=lambda params: ("true", "false"), expressions=("condition",))
    async def if_(ctx: Any, params: Decide) -> None:
        """Decide."""

    @steps.action("switch", Switch, routes=_cases, expressions=("cases[].when",))
    async def switch(ctx: Any, params: Switch) -> None:
        """Decide between many."""

    @steps.action("free")
    async def free(ctx: Any, params: Any) -> None:
        """Takes anything, and may choose any route."""

    found = Registry()
    found.include(steps, source="test")
    found.include(hooks, source="test")
    return found


REGISTRY = registry()


def step(step_id: str, ref: str = "t.free", **more: Any) -> dict[str, Any]:
    return {"id": step_id, "ref": ref, **more}


def problems(*steps: Any, **more: Any) -> list[Problem]:
    draft, found = validate({"name": "w", "steps": list(steps), **more}, REGISTRY)
    assert (draft is None) is bool(found)
    return found


def the(*steps: Any, **more: Any) -> tuple[str, str | None, str | None]:
    """Code, step and field of the only problem."""
    (problem,) = problems(*steps, **more)
    return problem.code, problem.step_id, problem.field


def params(ref: str, **given: Any) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.field) for problem in problems(step("s", ref, params=given))]
