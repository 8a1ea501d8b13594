"""When runs start, and which triggers count as one: rate, dedupe, debounce; and what is refused at save."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.errors import Invalid, Limited
from engine.graph import validate
from engine.models.run import RunStatus, Trigger, TriggerKind, WaitingFor
from engine.store import ANYONE, RunFilter
from tests.engine.kit import make_registry
from tests.engine.world import World, eventually, manual


async def _count(world: World) -> int:
    return len((await world.store.runs.page(RunFilter(ANYONE), limit=100)).items)


async def test_a_rate_puts_starts_off() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, rate={"limit": 2, "windowMs": 60_000})
        rows = [(await engine.accept(plan, manual())).run for _ in range(5)]
        await world.until(rows[1].id, RunStatus.SUCCESS)
        waiting = await world.row(rows[2].id)
        assert (waiting.status, waiting.waiting_for) == (RunStatus.QUEUED, WaitingFor.LIMIT)
        assert [row.due_at for row in rows[2:]] == [world.now + 60_000, world.now + 60_000, world.now + 120_000]
        assert len(world.calls) == 2
        world.now += 60_000
        await world.until(rows[3].id, RunStatus.SUCCESS)
        await world.until(rows[2].id, RunStatus.SUCCESS)
        assert (await world.row(rows[4].id)).status is RunStatus.QUEUED
        assert len(world.calls) == 4


async def test_a_doorbell_does_not_start_a_run_before_its_time() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, rate={"limit": 1, "windowMs": 60_000})
        rows = [(await engine.accept(plan, manual())).run for _ in range(2)]
        await engine.take(rows[1].id)
        await world.until(rows[0].id, RunStatus.SUCCESS)
        assert (await world.row(rows[1].id)).status is RunStatus.QUEUED


async def test_a_rate_refuses_under_drop_and_says_when_to_come_back() -> None:
    world = World()
    async with world.engine() as engine:
        limit = {"limit": 1, "windowMs": 2500, "strategy": "drop", "key": "{{who}}"}
        plan = await world.plan(engine, {"id": "a"}, rate=limit)
        await engine.accept(plan, manual(who="x"))
        await engine.accept(plan, manual(who="y"))
        with pytest.raises(Limited) as refused:
            await engine.accept(plan, manual(who="x"))
        assert (refused.value.code, refused.value.retry_after_s) == ("rate_limit", 3)
        assert await _count(world) == 2
        world.now += 2500
        await engine.accept(plan, manual(who="x"))


async def test_a_delay_nobody_would_wait_for_is_refused() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, rate={"limit": 1, "windowMs": 5 * 86_400_000})
        for _ in range(2):
            await engine.accept(plan, manual())
        with pytest.raises(Limited):
            await engine.accept(plan, manual())


async def test_the_same_event_twice_is_one_run_within_the_window() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, dedupe={"key": "{{id}}", "windowMs": 1000})
        at_once = await asyncio.gather(*(engine.accept(plan, manual(id=7)) for _ in range(10)))
        assert len({accepted.run.id for accepted in at_once}) == 1
        assert sorted(accepted.duplicate for accepted in at_once) == [False] + [True] * 9
        other = await engine.accept(plan, manual(id="8"))
        assert not other.duplicate
        await world.until(at_once[0].run.id, RunStatus.SUCCESS)
        assert (await engine.accept(plan, manual(id=7))).duplicate, "an ended run counts as well"
        world.now += 1000
        assert not (await engine.accept(plan, manual(id=7))).duplicate
        assert await _count(world) == 3


async def test_a_first_that_never_reached_the_disk_does_not_stand_in_the_way() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, dedupe={"key": "{{id}}", "windowMs": 3_600_000})
        row = engine.accepting.new_row(plan, manual(id=1), None, None, None, None)
        assert plan.limits is not None
        admitted = await engine.gate.admit(plan.limits, row, {"data": {"id": 1}})
        assert admitted.duplicate is None
        world.now += 20_000  # its process was killed before it could write the run
        assert not (await engine.accept(plan, manual(id=1))).duplicate


async def test_only_the_last_of_a_burst_is_executed() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, debounce={"delayMs": 1000, "maxMs": 2500, "key": "{{doc}}"})
        rows = []
        for _ in range(3):
            rows.append((await engine.accept(plan, manual(doc="x"))).run)
            world.now += 500
        other = (await engine.accept(plan, manual(doc="y"))).run
        for row in rows[:2]:
            await world.until(row.id, RunStatus.CANCELLED)
        assert not world.calls
        world.now += 1000
        await world.until(rows[2].id, RunStatus.SUCCESS)
        await world.until(other.id, RunStatus.SUCCESS)
        assert len(world.calls) == 2


async def test_idempotency_keys_are_not_counted_twice() -> None:
    """R6: the second of two equal requests gets the first one's run, and no other place or start is used up."""
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, rate={"limit": 2, "windowMs": 60_000, "strategy": "drop"})
        first = await engine.accept(plan, manual(), key="k")
        for _ in range(3):
            again = await engine.accept(plan, manual(), key="k")
            assert (again.run.id, again.duplicate) == (first.run.id, True)
        await engine.accept(plan, manual(), key="other")


async def test_a_scheduled_run_is_counted_once_for_two_servers() -> None:
    """Row 15."""
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, rate={"limit": 2, "windowMs": 60_000, "strategy": "drop"})
        tick = Trigger(TriggerKind.CRON)
        for _ in range(3):
            await engine.accept(plan, tick, run_id="derived", scheduled_at=world.now)
        await engine.accept(plan, manual())


async def test_limits_survive_the_process() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, rate={"limit": 1, "windowMs": 60_000})
        rows = [(await engine.accept(plan, manual())).run for _ in range(2)]
        await world.until(rows[0].id, RunStatus.SUCCESS)
    async with world.engine() as engine:
        assert (await world.row(rows[1].id)).status is RunStatus.QUEUED
        third = (await engine.accept(await engine.plans.current(plan.workflow.id), manual())).run
        assert third.due_at == world.now + 120_000
        world.now += 60_000
        await world.until(rows[1].id, RunStatus.SUCCESS)


async def test_a_key_that_cannot_be_rendered_is_the_callers_error() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"}, concurrency={"limit": 1, "key": "{{name | upper}}"})
        with pytest.raises(Invalid):
            await engine.accept(plan, manual(name={"not": "a text"}))
        assert await _count(world) == 0


async def test_runs_of_an_owner_with_many_leave_room_for_others() -> None:
    """Row 66."""
    world = World()
    inside: list[str] = []
    leave = asyncio.Event()

    async def stay(ctx: Any) -> None:
        inside.append(ctx.workflow_id)
        await leave.wait()

    world.doing["a"] = stay
    async with world.engine(max_running=4, max_queued=20, max_per_owner=3) as engine:
        mine = await world.plan(engine, {"id": "a"}, ownerId="many", id="w-many")
        yours = await world.plan(engine, {"id": "a"}, ownerId="few", id="w-few")
        for _ in range(60):
            await engine.accept(mine, manual())
        await eventually(lambda: _is(lambda: len(inside) == 3))
        one = (await engine.accept(yours, manual())).run
        await eventually(lambda: _is(lambda: yours.workflow.id in inside))
        assert inside.count(mine.workflow.id) == 3
        leave.set()
        await world.until(one.id, RunStatus.SUCCESS)


async def _is(holds: Any) -> bool:
    return bool(holds())


@pytest.mark.parametrize(
    ("limits", "field", "code"),
    [
        ({"concurrency": {"limit": 0}}, "concurrency.limit", "bad_value"),
        ({"concurrency": {"limit": 1, "key": "{{"}}, "concurrency.key", None),
        ({"concurrency": {"limit": 1, "key": "{{steps.a.id}}"}}, "concurrency.key", "bad_limit_key"),
        ({"concurrency": {"limit": 1, "strategy": "wait"}}, "concurrency.strategy", None),
        ({"rate": {"limit": 1}}, "rate.windowMs", None),
        ({"dedupe": {"windowMs": 1000}}, "dedupe.key", None),
        ({"debounce": {"delayMs": 1000, "maxMs": 10}}, "debounce", "debounce_max"),
    ],
)
def test_wrong_limits_are_refused_with_their_place(limits: dict[str, Any], field: str, code: str | None) -> None:
    document = {"name": "x", "steps": [{"id": "a", "ref": "t.echo"}], **limits}
    draft, problems = validate(document, make_registry())
    assert draft is None
    assert [problem.field for problem in problems] == [field]
    if code is not None:
        assert problems[0].code == code
