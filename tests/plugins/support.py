"""What a step needs around it when it is called without an engine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.conditions import compile_condition
from engine.errors import Invalid
from engine.registry import Registry
from engine.sdk import Level, StepDefinition, StepResult, Stop
from plugins.builtins import BUILTINS


@dataclass
class Line:
    """A line a step logged."""

    message: str
    level: Level
    fields: dict[str, Any]


@dataclass
class Recorder:
    """A Context that remembers what the step logged."""

    data: Mapping[str, Any] = field(default_factory=dict)
    state: Any = None
    run_id: str = "run-1"
    workspace_id: str = "workspace-1"
    workflow_id: str = "workflow-1"
    workflow_version: int = 1
    step_id: str = "step-1"
    attempt: int = 1
    idempotency_key: str = "run-1-step-1"
    traceparent: str | None = None
    edges: tuple[str, ...] = ()
    lines: list[Line] = field(default_factory=list)
    asked: list[tuple[str, int | None]] = field(default_factory=list)

    @property
    def scope(self) -> Mapping[str, Any]:
        return {"data": self.data, "steps": {}, "trigger": {}, "run": {"id": self.run_id}, "workflow": {}}

    @scope.setter
    def scope(self, value: Mapping[str, Any]) -> None:
        raise AttributeError("the scope follows from the data")

    def log(self, message: str, level: Level = "info", **fields: Any) -> None:
        self.lines.append(Line(message, level, fields))

    def evaluate(self, expression: str, **names: Any) -> Any:

        try:
            return compile_condition(expression).value({**self.scope, **names})
        except Invalid as error:
            raise Stop(str(error), code=error.code) from None

    def require_host(
        self, host: str, port: int | None = None, *, carrying: Iterable[str | bytes] | None = None
    ) -> None:
        self.asked.append((host, port))


def builtin_registry() -> Registry:
    """The registry with the built-in steps only."""
    registry = Registry()
    registry.load(BUILTINS, third_party=False)
    return registry


def definition(ref: str) -> StepDefinition:
    """One built-in step."""
    found = builtin_registry().get(ref)
    assert found is not None
    return found


def checked(ref: str, params: Mapping[str, Any]) -> Any:
    """The params as the handler of that step receives them; raises ValidationError."""
    model = definition(ref).params
    assert model is not None
    return model.model_validate(params)


async def run(ref: str, params: Mapping[str, Any], ctx: Recorder | None = None) -> StepResult:
    """Call a built-in step with these rendered params."""
    handler: Callable[..., Any] | None = definition(ref).handler
    assert handler is not None
    result = await handler(ctx or Recorder(), checked(ref, params))
    assert isinstance(result, StepResult)
    return result
