"""What a handler is given: the run it works for, its data, a way to log and a way to evaluate."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from engine.conditions import Condition, compile_condition
from engine.errors import Invalid
from engine.ids import idempotency_key
from engine.plan import Plan, PlanStep
from engine.runner.secrets import UNBOUND, HostBinding
from engine.sdk import Level, Stop

MAX_MESSAGE: Final = 16_384
MAX_LINES: Final = 10_000
"""Log lines one attempt may write; what comes after is counted, not kept."""


class StepContext:
    """The `engine.sdk.Context` of one attempt."""

    __slots__ = (
        "_binding",
        "_lines",
        "_write",
        "attempt",
        "data",
        "edges",
        "idempotency_key",
        "run_id",
        "scope",
        "state",
        "step_id",
        "traceparent",
        "workflow_id",
        "workflow_version",
        "workspace_id",
    )

    def __init__(
        self,
        plan: Plan,
        step: PlanStep,
        run_id: str,
        attempt: int,
        scope: Mapping[str, Any],
        family_state: Any,
        write: Callable[[dict[str, Any]], None],
        round_: int = 0,
        binding: HostBinding = UNBOUND,
        traceparent: str | None = None,
    ) -> None:
        self.run_id = run_id
        self.workspace_id = plan.workflow.owner_id
        self.workflow_id = plan.workflow.id
        self.workflow_version = plan.workflow.version
        self.step_id = step.id
        self.attempt = attempt
        self.idempotency_key = idempotency_key(run_id, step.id, round_)
        self.scope = scope
        self.data: Mapping[str, Any] = scope["data"]
        self.state = family_state
        self.edges = step.labels
        self.traceparent = traceparent
        self._write = write
        self._binding = binding
        self._lines = 0

    def log(self, message: str, level: Level = "info", **fields: Any) -> None:
        """Add a line to the run's journal and live log; callable from any thread."""
        self._lines += 1
        if self._lines > MAX_LINES:
            return
        line: dict[str, Any] = {"level": level, "message": str(message)[:MAX_MESSAGE]}
        if self._lines == MAX_LINES:
            line = {"level": "warning", "message": f"more than {MAX_LINES} lines: the rest is not kept"}
        elif fields:
            line["fields"] = fields
        self._write(line)

    def evaluate(self, expression: str, **names: Any) -> Any:
        """The value of a CEL expression over the scope and these names; raises Stop with what is wrong."""
        try:
            return _compiled(expression).value({**self.scope, **names} if names else self.scope)
        except Invalid as error:
            raise Stop(str(error), code=error.code) from None

    def require_host(
        self, host: str, port: int | None = None, *, carrying: Iterable[str | bytes] | None = None
    ) -> None:
        """Raise Stop when a secret among the params is bound to other hosts."""
        self._binding.require_host(host, port, carrying)


@functools.lru_cache(maxsize=4096)
def _compiled(expression: str) -> Condition:
    return compile_condition(expression)


def threadsafe(loop: asyncio.AbstractEventLoop, write: Callable[[dict[str, Any]], None]) -> Callable[..., None]:
    """A writer for handlers that run in a thread: lines reach the loop in the order they were written."""

    def hand_over(line: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(write, line)

    return hand_over
