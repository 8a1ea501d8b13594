"""Gets a step ready to be called: what it sees, its parameters, and where its log lines go."""

from __future__ import annotations

import asyncio
import inspect
from functools import partial
from typing import Any, Protocol

from engine.errors import FlowDeskError, Invalid
from engine.ids import idempotency_key
from engine.inputs import Input, Started
from engine.journal import SECRET_NAMES, holds_secret, mask
from engine.links import hide_links, wait_links
from engine.models.event import Event, EventType
from engine.models.run import RunRow
from engine.plan import Plan, PlanStep
from engine.runner.attempt import Call, check_params, render
from engine.runner.context import StepContext, threadsafe
from engine.runner.ledger import Ledger, Services
from engine.runner.secrets import UNBOUND, HostBinding, RunSecrets, in_templates
from engine.sdk import StepResult
from engine.state import RunState, StepStatus
from engine.tracing import attempt_span, within
from engine.vault import SecretValue
from engine.visible import View, run_scope


class Run(Protocol):
    """What this needs of the run whose steps are called."""

    plan: Plan
    state: RunState
    view: View
    services: Services
    ledger: Ledger
    secrets: RunSecrets | None

    @property
    def row(self) -> RunRow: ...

    def feed(self, given: Input) -> list[Event]:
        """Let the state machine take an input."""


class Desk:
    """Prepares the steps of one run."""

    __slots__ = ("_run", "_scope")

    def __init__(self, run: Run) -> None:
        self._run = run
        self._scope: dict[str, Any] | None = None

    async def prepare_with_secrets(self, step: PlanStep) -> Call | StepResult:
        """The same for a step that reads secrets, which are fetched now."""
        try:
            given = {} if self._run.secrets is None else await self._run.secrets.given(step)
        except FlowDeskError as error:
            key = idempotency_key(self._run.row.id, step.id, self._run.state.steps[step.id].round)
            self._run.feed(Started(step.id, None, key))
            return StepResult.failure(str(error), code=error.code, retryable=not isinstance(error, Invalid))
        return self.prepare(step, given)

    def prepare(self, step: PlanStep, given: dict[str, SecretValue] | None = None) -> Call | StepResult:
        """Record the start; the call to make, or why it cannot be made."""
        data = self._run.view.data(step)
        scope: dict[str, Any] = {"data": data, "steps": {}, **self.roots()}
        if step.reads_steps:
            scope["steps"] = self._run.view.outputs(step)
        missing: list[str] = []
        key = idempotency_key(self._run.row.id, step.id, self._run.state.steps[step.id].round)
        definition = step.definition
        if definition is None or definition.handler is None:
            self._run.feed(Started(step.id, None, key))
            return _not_installed(step)
        secrets = None if given is None else in_templates(given)
        try:
            rendered = render(step, scope if secrets is None else {**scope, "secrets": secrets}, missing)
        except Invalid as error:
            self._run.feed(Started(step.id, None, key))
            return StepResult.failure(error.message, code=error.code, retryable=False)
        if secrets and self._run.secrets is not None:
            self._run.secrets.masker.learn(secrets.all_made())
        names = SECRET_NAMES | definition.secret_fields if definition.secret_fields else SECRET_NAMES
        shown = mask(rendered, names) if holds_secret(rendered, names) else rendered
        if self._run.secrets is not None:
            shown = self._run.secrets.masker.value(shown)
        self._run.feed(Started(step.id, hide_links(shown) if self._run.plan.waiting else shown, key))
        for path in dict.fromkeys(missing) if missing else ():
            self._write(step, {"level": "warning", "message": f"the template name {path} is missing"})
        try:
            params = check_params(definition, rendered)
        except Invalid as error:
            return StepResult.failure(error.message, code=error.code, retryable=False)
        binding = UNBOUND if given is None or secrets is None else HostBinding(given, secrets.made)
        if (refusal := binding.refusal(step)) is not None:
            return refusal
        in_thread = not step.instant and not inspect.iscoroutinefunction(definition.handler)
        return Call(definition, definition.handler, self._context(step, scope, binding, in_thread), params)

    def _context(self, step: PlanStep, scope: dict[str, Any], binding: HostBinding, in_thread: bool) -> StepContext:
        write = partial(self._write, step)
        return StepContext(
            self._run.plan,
            step,
            self._run.row.id,
            self._run.state.steps[step.id].attempt,
            scope,
            self._run.services.family_state(step.step.ref),
            threadsafe(asyncio.get_running_loop(), write) if in_thread else write,
            self._run.state.steps[step.id].round,
            binding,
            self._traceparent(step),
        )

    def _traceparent(self, step: PlanStep) -> str | None:
        trace = self._run.state.trigger.trace
        if trace is None:
            return None
        return within(trace, attempt_span(self._run.row.id, step.id, self._run.state.steps[step.id].attempt))

    def forget(self) -> None:
        """Look at the run anew: how it ends is part of what its steps see."""
        self._scope = None

    def roots(self) -> dict[str, Any]:
        """What is the same for every step of the run."""
        if self._scope is None:
            self._scope = run_scope(self._run.plan, self._run.state)
            if self._run.plan.waiting:
                links = wait_links(self._run.plan, self._run.row.id, self._run.services.links)
                self._scope["run"] = {**self._scope["run"], "waits": links}
        return self._scope

    def _write(self, step: PlanStep, line: dict[str, Any]) -> None:
        """Add a log line, unless the attempt it belongs to is over."""
        known = self._run.state.steps[step.id]
        if known.status is not StepStatus.RUNNING or self._run.state.finished:
            return
        line = hide_links(line) if self._run.plan.waiting else line
        if self._run.secrets is not None:
            line = self._run.secrets.masker.value(line)
        self._run.state.seq += 1
        self._run.ledger.pending.append(
            Event(self._run.state.seq, self._run.services.clock(), EventType.STEP_LOG, step.id, known.attempt, line)
        )


def _not_installed(step: PlanStep) -> StepResult:
    message = f"no step {step.step.ref!r} is installed here"
    return StepResult.failure(message, code="unknown_ref", retryable=False)
