"""An engine over a memory store, with a clock and steps that do what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from engine.engine import Engine, EngineOptions
from engine.events import LocalBus
from engine.models.run import RunRow, RunStatus, Trigger, TriggerKind
from engine.models.workflow import Workflow
from engine.plan import Plan
from engine.registry import Registry
from engine.sdk import Context, StepResult, Steps
from engine.store import ANYONE, RunFilter, Store
from engine.stores.memory import MemoryStore
from tests.engine.kit import NOW, make_registry, make_workflow

Doing = Callable[[Context], Any]


@dataclass
class World:
    """A store, a clock, and what the test's steps did."""

    store: Store = field(default_factory=MemoryStore)
    now: int = NOW
    calls: list[tuple[str, int, str]] = field(default_factory=list)
    doing: dict[str, Doing] = field(default_factory=dict)
    engines: int = 0

    def registry(self) -> Registry:
        registry = make_registry()
        registry.load(("plugins.data", "plugins.calling", "plugins.looping"), third_party=False)
        steps = Steps("do")

        @steps.action("it")
        async def it(ctx: Context, params: dict[str, Any]) -> Any:
            """Do what the test says."""
            self.calls.append((ctx.step_id, ctx.attempt, ctx.idempotency_key))
            done = self.doing[ctx.step_id](ctx) if ctx.step_id in self.doing else StepResult.success({})
            return await done if asyncio.iscoroutine(done) else done

        registry.include(steps, source="built in")
        return registry

    def make_engine(self, **options: Any) -> Engine:
        """An engine that has not been started: it accepts, but nothing of it runs in the background."""
        self.engines += 1
        return Engine(
            self.store,
            self.registry(),
            LocalBus(),
            owner=f"process{self.engines}",
            options=EngineOptions(sweep_s=0.01, **{"calm_s": 0.0, **options}),
            clock=lambda: self.now,
        )

    @asynccontextmanager
    async def engine(self, **options: Any) -> AsyncIterator[Engine]:
        """A started engine; it is stopped at the end, whatever happens."""
        engine = self.make_engine(**options)
        await engine.start()
        try:
            yield engine
        finally:
            await engine.stop(grace_s=1)

    async def children(self, run_id: str) -> list[RunRow]:
        """The runs this one has called, in the order of their items."""
        page = await self.store.runs.page(RunFilter(ANYONE, caller_run_id=run_id), limit=1000)
        return sorted(page.items, key=lambda row: (row.call.item if row.call else 0, row.created_at))

    async def output_of(self, engine: Engine, run_id: str, step_id: str) -> Any:
        """What a step came to."""
        return (await engine.history(run_id, owner=ANYONE)).state.steps[step_id].output

    async def plan(self, engine: Engine, *steps: dict[str, Any], **more: Any) -> Plan:
        workflow: Workflow = make_workflow(*[{"ref": "do.it", **step} for step in steps], **more)
        await self.store.workflows.create(workflow, [], saved_by="owner")
        return await engine.plans.current(workflow.id)

    async def row(self, run_id: str) -> RunRow:
        return await self.store.runs.get(run_id, owner=ANYONE)

    async def until(self, run_id: str, *statuses: RunStatus) -> RunRow:
        """The run's row as soon as it has one of these statuses."""

        async def reached() -> bool:
            return (await self.row(run_id)).status in statuses

        await eventually(reached)
        return await self.row(run_id)

    async def kinds(self, run_id: str) -> list[str]:
        events = await self.store.runs.journal(run_id)
        return [e.type.value + (f" {e.step_id}" if e.step_id else "") for e in events]


def manual(**data: Any) -> Trigger:
    return Trigger(TriggerKind.MANUAL, data)


def fails(times: int, code: str = "broken") -> Doing:
    left = [times]

    def act(ctx: Context) -> StepResult:
        left[0] -= 1
        return StepResult.failure("no", code=code) if left[0] >= 0 else StepResult.success({"ok": True})

    return act


async def eventually(holds: Callable[[], Awaitable[bool]], *, within_s: float = 30.0) -> None:
    """Wait until this holds; fail when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await holds():  # noqa: ASYNC110 - what is watched is a database row, which sets no event
            await asyncio.sleep(0.002)
