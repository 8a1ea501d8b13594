"""Plays a pattern with a real engine: steps end when they are told to, signals come from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from engine.answers import Asker
from engine.engine import Engine
from engine.models.event import Event, EventType
from engine.models.run import FINISHED
from engine.registry import Registry
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from tests.engine.calling import callee
from tests.engine.world import World, eventually, manual
from tests.patterns.catalogue import Pattern

_MARKS = {
    EventType.STEP_STARTED: "+",
    EventType.STEP_SUCCEEDED: "-",
    EventType.STEP_FAILED: "!",
    EventType.STEP_SKIPPED: "~",
    EventType.STEP_CANCELLED: "x",
    EventType.WAIT_STARTED: "?",
    EventType.WAIT_RESOLVED: "=",
    EventType.ITEMS_ADVANCED: "*",
}


def told(events: list[Event]) -> str:
    """A journal as the catalogue writes it. How many steps a loop's progress was written down in is luck."""
    marks = [event.type.value if event.step_id is None else _MARKS[event.type] + event.step_id for event in events]
    return " ".join(mark for at, mark in enumerate(marks) if mark[0] != "*" or mark not in marks[:at])


class Stage(World):
    """A world whose steps are held until a move lets them go."""

    def __init__(self, pattern: Pattern) -> None:
        super().__init__()
        self.pattern = pattern
        self.held: dict[str, list[tuple[str, asyncio.Event]]] = {}
        self.at_once = 0
        for step in ("a", "b", "c", "d", "at", "one", "ship", "refund", "change", "recall", "z"):
            self.doing[step] = self._hold

    def registry(self) -> Registry:
        registry = super().registry()
        registry.load(("plugins.waiting",), third_party=False)
        return registry

    async def _hold(self, ctx: Context) -> StepResult:
        part = ctx.data.get("item", ctx.data.get("iteration"))
        name = ctx.step_id if part is None else f"{ctx.step_id}.{part}"
        held = (ctx.run_id, asyncio.Event())
        self.held.setdefault(name, []).append(held)
        self.at_once = max(self.at_once, sum(map(len, self.held.values())))
        await held[1].wait()
        return StepResult.success(self.pattern.outputs.get(name, {}))

    async def play(self, engine: Engine) -> str:
        """Make the moves; the id of the run that was played."""
        pattern = self.pattern
        if pattern.calls:
            await callee(self, engine, *pattern.calls)
        plan = await self.plan(engine, *pattern.steps, **pattern.more)
        run_id = (await engine.accept(plan, manual(**pattern.data))).run.id
        for move in pattern.moves.split():
            await self._move(engine, run_id, move)
        for played in [run_id, *[one async for one in self.below(run_id)]]:
            await self.until(played, *FINISHED)
        return run_id

    async def below(self, run_id: str) -> AsyncIterator[str]:
        """The runs it called, each before those it called in turn."""
        for child in await self.children(run_id):
            yield child.id
            async for further in self.below(child.id):
                yield further

    async def _move(self, engine: Engine, run_id: str, move: str) -> None:
        if move == "end":
            await self.until(run_id, *FINISHED)
        elif move.endswith("!"):
            await self._signal(engine, run_id, move[:-1])
        else:
            name = move[1:]
            await self._sees(lambda: bool(self.held.get(name)))
            if move[0] == "-":
                held_in, gate = self.held[name].pop(0)
                gate.set()
                await self._wrote(held_in, EventType.STEP_SUCCEEDED, name.partition(".")[0])

    async def _signal(self, engine: Engine, run_id: str, name: str) -> None:
        waiting: list[str] = []

        async def found() -> bool:
            for one in [run_id, *[one async for one in self.below(run_id)]]:
                state = (await engine.history(one, owner=ANYONE)).state
                if any(
                    s.waits_for == "signal" and s.wait and s.wait.data["name"] == name for s in state.steps.values()
                ):
                    waiting.append(one)
            return bool(waiting)

        await eventually(found)
        await engine.signal(waiting[-1], name, {}, who=Asker("somebody", ANYONE))
        await self._wrote(waiting[-1], EventType.SIGNAL_RECEIVED, None)

    async def _sees(self, holds: Callable[[], bool]) -> None:
        async def so() -> bool:
            return holds()

        await eventually(so)

    async def _wrote(self, run_id: str, kind: EventType, step_id: str | None) -> None:
        async def written() -> bool:
            return any((e.type, e.step_id) == (kind, step_id) for e in await self.store.runs.journal(run_id))

        await eventually(written)
