"""Workflows, plans and a hand-driven state machine for the engine's tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.inputs import Begin, Finished, Input, Started
from engine.models.event import Event
from engine.models.run import Trigger, TriggerKind
from engine.models.workflow import Workflow
from engine.plan import Plan, compile_plan
from engine.registry import Registry
from engine.sdk import Context, StepResult, Steps
from engine.state import RunState, fold, new_state
from engine.transition.decide import Decision, decide
from engine.transition.readiness import ready
from engine.visible import View

NOW = 1_700_000_000_000

steps = Steps("t")
steps.trigger("hook", title="Hook", description="Starts runs.")
steps.trigger("tick", title="Tick", description="Starts runs, too.")


@steps.action("echo", effect="pure", instant=True)
async def echo(ctx: Context, params: dict[str, Any]) -> StepResult:
    """Give back the parameters."""
    return StepResult.success(params)


@steps.action("work")
async def work(ctx: Context, params: dict[str, Any]) -> StepResult:
    """Stand for anything with an effect."""
    return StepResult.success(params)


@steps.action("route", effect="pure", instant=True, routes=lambda params: ("yes", "no"))
async def route(ctx: Context, params: dict[str, Any]) -> StepResult:
    """Choose the route the parameters name."""
    return StepResult.success({}, goto=params["to"])


@steps.action("reply", effect="pure", instant=True, replies=True)
async def reply(ctx: Context, params: dict[str, Any]) -> StepResult:
    """Answer whoever waits."""
    return StepResult.success({"status": 200, "headers": {}, "body": params.get("body")})


def make_registry() -> Registry:
    """A registry with this module's steps, as built-ins."""
    registry = Registry()
    registry.include(steps, source="built in")
    return registry


def make_workflow(*given: dict[str, Any], **more: Any) -> Workflow:
    """A saved workflow of these steps; `ref` is `t.echo` where a step has none."""
    document = {
        "id": "w" * 36,
        "name": "test",
        "ownerId": "owner",
        "version": 1,
        "createdAt": NOW,
        "updatedAt": NOW,
        "timezone": "UTC",
        "steps": [{"ref": "t.echo", **step} for step in given],
        **more,
    }
    return Workflow.model_validate(document)


def make_plan(*given: dict[str, Any], registry: Registry | None = None, **more: Any) -> Plan:
    """The plan of such a workflow."""
    return compile_plan(make_workflow(*given, **more), registry or make_registry())


class Play:
    """A run moved by hand, one input after another, without engine, store or handlers."""

    def __init__(self, plan: Plan, data: dict[str, Any] | None = None, *, fired: str | None = None) -> None:
        self.plan = plan
        self.state: RunState = new_state(plan.steps, "run1")
        self.view = View(plan, self.state)
        self.events: list[Event] = []
        self.now = NOW
        self.give(Begin(Trigger(TriggerKind.MANUAL, data or {}, {}, fired)))

    def give(self, given: Input) -> Decision:
        """Let the state machine take one input."""
        decision = decide(self.plan, self.view, self.state, given, self.now)
        self.events.extend(decision.events)
        return decision

    def start(self, step_id: str) -> None:
        self.view.data(self.plan.steps[step_id])
        self.give(Started(step_id, {}, "key"))

    def end(self, step_id: str, output: Any = None, *, goto: str | None = None) -> Decision:
        """Run a step to success."""
        self.start(step_id)
        return self.done(step_id, output, goto=goto)

    def done(self, step_id: str, output: Any = None, *, goto: str | None = None) -> Decision:
        """A step under way succeeds."""
        return self.give(Finished(step_id, StepResult.success({} if output is None else output, goto=goto)))

    def fail(self, step_id: str, code: str = "broken", **more: Any) -> Decision:
        """Run a step to failure."""
        self.start(step_id)
        return self.stop(step_id, code, **more)

    def stop(self, step_id: str, code: str = "broken", **more: Any) -> Decision:
        """A step under way fails."""
        return self.give(Finished(step_id, StepResult.failure("it broke", code=code, **more), job_id="job1"))

    def ready(self) -> list[str]:
        return ready(self.plan, self.state)

    def statuses(self) -> dict[str, str]:
        return {step_id: step.status.value for step_id, step in self.state.steps.items()}

    def kinds(self, events: Iterable[Event] | None = None) -> list[str]:
        found = self.events if events is None else events
        return [event.type.value + (f" {event.step_id}" if event.step_id else "") for event in found]

    def refold(self) -> RunState:
        """The state after reading the journal again."""
        return fold(self.plan.steps, "run1", self.events)
