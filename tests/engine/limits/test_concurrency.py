"""How many runs of a workflow are unfinished at once, on one engine and on several over one store."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from engine.engine import Engine
from engine.errors import Limited
from engine.models.run import RunRow, RunStatus, WaitingFor
from engine.plan import Plan
from engine.sdk import Context, StepResult
from engine.store import ANYONE, RunFilter
from engine.stores.memory import MemoryStore
from tests.engine.world import World, eventually, fails, manual


class Crowd(World):
    """Steps that stay until they are let go, and how many were there at once."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.inside: dict[str, asyncio.Event] = {}
        self.most = 0
        self.order: list[str] = []
        self.doing["a"] = self._stay

    async def _stay(self, ctx: Context) -> StepResult:
        name = str(ctx.data["name"])
        self.order.append(name)
        self.inside[name] = asyncio.Event()
        self.most = max(self.most, len(self.inside))
        try:
            await self.inside[name].wait()
        finally:
            del self.inside[name]
        return StepResult.success({})

    async def send(self, engine: Engine, plan: Plan, *names: str) -> list[RunRow]:
        rows = []
        for name in names:
            self.now += 1  # ids sort by the time they were made
            rows.append((await engine.accept(plan, manual(name=name, group=name[0]))).run)
        return rows

    async def entered(self, *names: str) -> None:
        async def there() -> bool:
            return self.inside.keys() >= set(names)

        await eventually(there)

    async def let_go(self, *names: str) -> None:
        await self.entered(*names)
        for name in names:
            self.inside[name].set()

    async def ended(self, count: int) -> list[RunRow]:
        rows: list[RunRow] = []

        async def over() -> bool:
            rows[:] = (await self.store.runs.page(RunFilter(ANYONE), limit=100)).items
            return sum(row.finished_at is not None for row in rows) >= count

        await eventually(over)
        return rows


async def _limited(world: World, engine: Engine, **concurrency: Any) -> Plan:
    return await world.plan(engine, {"id": "a"}, concurrency=concurrency)


async def test_runs_too_many_wait_their_turn_in_order() -> None:
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=2)
        rows = await world.send(engine, plan, "1", "2", "3", "4", "5")
        await world.entered("1", "2")
        for row in rows[2:]:
            await eventually(partial(_held, world, row.id))
        for name in ("1", "2", "3", "4", "5"):
            await world.let_go(name)
        assert {row.status for row in await world.ended(5)} == {RunStatus.SUCCESS}
    assert world.most == 2
    assert world.order == ["1", "2", "3", "4", "5"]


async def test_each_key_has_a_limit_of_its_own() -> None:
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1, key="{{group}}")
        await world.send(engine, plan, "x1", "y1", "x2")
        await world.entered("x1", "y1")
        assert "x2" not in world.order
        for name in ("y1", "x1", "x2"):
            await world.let_go(name)
        await world.ended(3)


async def test_one_too_many_is_refused_under_drop() -> None:
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1, strategy="drop")
        await world.send(engine, plan, "1")
        await world.entered("1")
        with pytest.raises(Limited) as refused:
            await world.send(engine, plan, "2")
        assert refused.value.code == "concurrency_limit"
        assert len((await world.store.runs.page(RunFilter(ANYONE), limit=10)).items) == 1, "nothing was accepted"
        await world.let_go("1")
        await world.ended(1)

        async def free() -> bool:
            return not await engine.gate.holders(f"{plan.workflow.id}/concurrency")

        await eventually(free)
        await world.send(engine, plan, "3")
        await world.let_go("3")
        await world.ended(2)


async def test_the_new_run_takes_the_place_of_the_old_one_under_cancel() -> None:
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1, strategy="cancel")
        (first,) = await world.send(engine, plan, "1")
        await world.entered("1")
        (second,) = await world.send(engine, plan, "2")
        await world.entered("2")
        assert (await world.row(first.id)).status is RunStatus.CANCELLED
        last = (await world.send(engine, plan, "3", "4", "5"))[-1]
        await world.let_go("5")
        statuses = {row.id: row.status for row in await world.ended(5)}
        assert statuses.pop(last.id) is RunStatus.SUCCESS
        assert set(statuses.values()) == {RunStatus.CANCELLED}
        assert second.id in statuses


async def test_a_run_that_waits_for_its_turn_can_be_cancelled() -> None:
    """Row 28."""
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1)
        _, second, third = await world.send(engine, plan, "1", "2", "3")
        await world.entered("1")
        row = await engine.cancel(second.id, owner="owner", by="me")
        assert row.status is RunStatus.CANCELLED
        await world.let_go("1")
        await world.let_go("3")
        assert (await world.until(third.id, RunStatus.SUCCESS)).id == third.id
    assert world.order == ["1", "3"]


async def test_a_run_whose_time_is_up_ends_without_a_turn() -> None:
    world = Crowd()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, concurrency={"limit": 1}, timeoutMs=1000)
        _, second = await world.send(engine, plan, "1", "2")
        await world.entered("1")
        await world.until(second.id, RunStatus.QUEUED)
        world.now += 1000
        row = await world.until(second.id, RunStatus.FAILED)
        assert row.error_code == "run_timeout"


async def test_a_retried_run_waits_for_its_turn_again() -> None:
    world = Crowd()
    world.doing["a"] = fails(1)
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1)
        (first,) = await world.send(engine, plan, "1")
        await world.until(first.id, RunStatus.FAILED)
        world.doing["a"] = world._stay
        await world.send(engine, plan, "2")
        await world.entered("2")
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        await engine.retry_job(job.id, owner="owner", by="me")
        await eventually(lambda: _held(world, first.id))
        await world.let_go("2")
        await world.let_go("1")
        await world.until(first.id, RunStatus.SUCCESS)
    assert world.most == 1


async def _held(world: World, run_id: str) -> bool:
    row = await world.row(run_id)
    return (row.status, row.waiting_for, row.owner) == (RunStatus.QUEUED, WaitingFor.LIMIT, None)


async def test_the_place_of_a_process_that_died_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """R2: who held a place ended, and nobody gave it back."""
    monkeypatch.setattr("engine.limits.gate.LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr("engine.sweeper.TURNS_S", 0.01)
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1)
        (first,) = await world.send(engine, plan, "1")
        await world.entered("1")
        monkeypatch.setattr(engine, "_next_turn", _nobody)
        await world.send(engine, plan, "2")
        await world.let_go("1")
        await world.until(first.id, RunStatus.SUCCESS)
        await world.let_go("2")
        await world.ended(2)


async def _nobody(row: RunRow) -> None:
    """Stands for a process that was killed at this moment."""


class SharedStore(MemoryStore):
    """One that other processes can have open."""

    exclusive = False


async def test_several_servers_keep_one_limit_together() -> None:
    world = Crowd(store=SharedStore())
    async with world.engine() as one, world.engine() as other:
        plan = await _limited(world, one, limit=3)
        names = [str(number) for number in range(12)]
        sent = [world.send(engine, plan, name) for name, engine in zip(names, [one, other] * 6, strict=True)]
        await asyncio.gather(*sent)
        for _ in names:

            async def somebody() -> bool:
                return bool(world.inside)

            await eventually(somebody)
            next(iter(world.inside.values())).set()
            await asyncio.sleep(0)
        assert {row.status for row in await world.ended(12)} == {RunStatus.SUCCESS}
    assert world.most == 3
    assert sorted(world.order) == sorted(names)


async def test_who_waits_for_the_result_is_answered_when_the_turn_has_come() -> None:
    world = Crowd()
    async with world.engine() as engine:
        plan = await _limited(world, engine, limit=1)
        await world.send(engine, plan, "1")
        await world.entered("1")
        waiting = asyncio.create_task(engine.run_and_wait(plan, manual(name="2"), timeout_s=20))
        await world.let_go("1")
        await world.let_go("2")
        assert (await waiting).run.status is RunStatus.SUCCESS
