"""Undo steps, `finally`, and joins that cancel: over a store, with handlers under way."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.answers import Answer, Asker
from engine.errors import Conflict
from engine.models.run import JobStatus, RunStatus
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from tests.engine.world import World, eventually, fails, manual

STEPS: list[dict[str, Any]] = [
    {"id": "charge", "undo": "refund", "next": "ship"},
    {"id": "refund"},
    {"id": "ship"},
    {"id": "report"},
]


def hold(world: World, step_id: str) -> tuple[asyncio.Event, asyncio.Event]:
    """Let a step wait; what says that it has begun, and that it was stopped."""
    entered, stopped = asyncio.Event(), asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return StepResult.success({})

    world.doing[step_id] = held
    return entered, stopped


def ran(world: World) -> list[str]:
    return [call[0] for call in world.calls]


async def test_a_failed_run_undoes_and_comes_to_its_last_step() -> None:
    """R2."""
    world = World()
    world.doing["ship"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "broken"
        assert ran(world) == ["charge", "ship", "refund", "report"]
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        with pytest.raises(Conflict) as refused:
            await engine.retry_job(job.id, owner="owner", by="me")
        assert refused.value.code == "run_undone"
        assert "rerun" in str(refused.value.hint)


async def test_cancel_with_undo_stops_the_step_under_way_first() -> None:
    """Row 28."""
    world = World()
    entered, stopped = hold(world, "ship")
    order: list[bool] = []

    def refund(ctx: Context) -> StepResult:
        order.append(stopped.is_set())
        return StepResult.success({})

    world.doing["refund"] = refund
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await entered.wait()
        row = await engine.cancel(run_id, owner="owner", by="me", undo=True)
        assert row.status is RunStatus.CANCELLED
        assert order == [True]
        assert ran(world) == ["charge", "ship", "refund", "report"]
        with pytest.raises(Conflict):
            await engine.cancel(run_id, owner="owner", by="me", undo=True)


async def test_a_plain_cancel_runs_finally_and_a_forced_one_ends_even_that() -> None:
    """Row 28."""
    world = World()
    entered, _ = hold(world, "ship")
    cleaning, stopped = hold(world, "report")
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await entered.wait()
        asking = asyncio.create_task(engine.cancel(run_id, owner="owner", by="me"))
        await cleaning.wait()
        row = await engine.cancel(run_id, owner="owner", by="me", force=True)
        assert row.status is RunStatus.CANCELLED
        assert stopped.is_set()
        await asking
        assert "refund" not in ran(world)


async def test_a_second_cancel_leaves_the_clean_up_alone() -> None:
    world = World()
    entered, _ = hold(world, "ship")
    gate, cleaning = asyncio.Event(), asyncio.Event()

    async def report(ctx: Context) -> StepResult:
        cleaning.set()
        await gate.wait()
        return StepResult.success({})

    world.doing["report"] = report
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await entered.wait()
        first = asyncio.create_task(engine.cancel(run_id, owner="owner", by="me"))
        await cleaning.wait()
        second = asyncio.create_task(engine.cancel(run_id, owner="owner", by="me"))
        await world.store.runs.request_cancel(run_id, owner="owner")  # as another process wishes it
        gate.set()
        await first
        await asyncio.gather(second, return_exceptions=True)
        assert (await world.row(run_id)).status is RunStatus.CANCELLED
        assert (await world.kinds(run_id))[-2:] == ["step.succeeded report", "run.cancelled"]
        assert ran(world).count("report") == 1


async def test_cleaning_up_goes_on_in_another_process() -> None:
    """R3, R9: what was undone is not undone again; an undo under way is, with the same key."""
    world = World()
    world.doing["ship"] = fails(1)
    entered, _ = hold(world, "refund")
    first = world.make_engine()
    await first.start()
    plan = await world.plan(first, *STEPS, **{"finally": ["report"]})
    run_id = (await first.accept(plan, manual())).run.id
    await entered.wait()
    await first.stop(grace_s=0)
    del world.doing["refund"]
    async with world.engine():
        await world.until(run_id, RunStatus.FAILED)
    assert ran(world) == ["charge", "ship", "refund", "refund", "report"]
    assert world.calls[2][2] == world.calls[3][2] == f"{run_id}-refund"


@pytest.mark.parametrize("doubted", ["refund", "report"])
@pytest.mark.parametrize(
    ("outcome", "code", "again"), [("done", "broken", 0), ("again", "broken", 1), ("fail", "", 0)], ids=str
)
async def test_a_once_step_in_doubt_while_cleaning_up_waits_for_a_decision(
    doubted: str, outcome: str, code: str, again: int
) -> None:
    """Effects: nobody repeats an undo or `finally` step with `effect: once` unasked; the rest follows the decision."""
    world = World()
    world.doing["ship"] = fails(1)
    entered, _ = hold(world, doubted)
    steps = [{**step, "effect": "once"} if step["id"] == doubted else step for step in STEPS]
    first = world.make_engine()
    await first.start()
    plan = await world.plan(first, *steps, **{"finally": ["report"]})
    run_id = (await first.accept(plan, manual())).run.id
    await entered.wait()
    await first.stop(grace_s=0)
    del world.doing[doubted]
    before = ran(world)
    async with world.engine() as engine:
        row = await world.until(run_id, RunStatus.WAITING)
        assert row.waiting_for == "decision"
        assert ran(world) == before
        answer = Answer(doubted, outcome, reason="looked")
        await engine.decide(run_id, answer, who=Asker("me", ANYONE))
        row = await world.until(run_id, RunStatus.FAILED)
    followed = [doubted] * again + (["report"] if doubted == "refund" else [])
    assert ran(world) == before + followed
    assert row.error is not None
    assert row.error_code == (code or {"refund": "undo_failed", "report": "broken"}[doubted])


async def test_a_clean_up_that_takes_too_long_is_ended() -> None:
    """R7, row 27."""
    world = World()
    world.doing["ship"] = fails(1)
    entered, stopped = hold(world, "refund")
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, finallyTimeoutMs=5000, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await entered.wait()
        world.now += 6000
        engine.poke(run_id)
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error is not None
        assert row.error_code == "finally_timeout"
        assert row.error["left"] == ["refund", "report"]
        assert stopped.is_set()


async def test_a_retried_run_runs_finally_again_with_a_new_key() -> None:
    world = World()
    world.doing["ship"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "ship"}, {"id": "report"}, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.FAILED)
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        await engine.retry_job(job.id, owner="owner", by="me")
        await world.until(run_id, RunStatus.SUCCESS)
    assert [key for step_id, _, key in world.calls if step_id == "report"] == [
        f"{run_id}-report",
        f"{run_id}-report-2",
    ]


async def test_an_undo_step_that_failed_is_done_again_by_hand_with_its_key() -> None:
    """R2, R4: the money goes back once, and the run stays what it was: failed."""
    world = World()
    world.doing["ship"], world.doing["refund"] = fails(1), fails(1, "bank_down")
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "undo_failed"
        jobs = {job.step_id: job for job in (await world.store.jobs.page(owner="owner", limit=10)).items}
        with pytest.raises(Conflict) as refused:
            await engine.retry_job(jobs["ship"].id, owner="owner", by="me")
        assert refused.value.code == "run_undone"
        await engine.retry_job(jobs["refund"].id, owner="owner", by="me")

        async def told() -> bool:
            return (await world.row(run_id)).error_code == "broken"

        await eventually(told)
        assert ran(world) == ["charge", "ship", "refund", "report", "refund"]
        assert {key for step, _, key in world.calls if step == "refund"} == {f"{run_id}-refund"}
        done = await world.store.jobs.get(jobs["refund"].id, owner="owner")
        assert done.status is JobStatus.COMPLETED
        with pytest.raises(Conflict) as refused:
            await engine.retry_job(done.id, owner="owner", by="me")
        assert refused.value.code == "job_not_retryable"


async def test_an_undo_step_can_fail_again() -> None:
    world = World()
    world.doing["ship"], world.doing["refund"] = fails(1), fails(2, "bank_down")
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.FAILED)
        for tries, code in ((2, "undo_failed"), (3, "broken")):
            (job,) = [j for j in (await world.store.jobs.page(owner="owner", limit=9)).items if j.step_id == "refund"]
            await engine.retry_job(job.id, owner="owner", by="me")

            async def over(tries: int = tries) -> bool:
                return ran(world).count("refund") == tries and (await world.row(run_id)).status is RunStatus.FAILED

            await eventually(over)
            assert (await world.row(run_id)).error_code == code


async def test_a_last_step_that_failed_is_done_again_and_then_the_run_has_succeeded() -> None:
    world = World()
    world.doing["report"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(
            engine, {"id": "work"}, {"id": "report"}, {"id": "tidy"}, **{"finally": ["report", "tidy"]}
        )
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "finally_failed"
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        await engine.retry_job(job.id, owner="owner", by="me")
        await world.until(run_id, RunStatus.SUCCESS)
    assert ran(world).count("tidy") == 1
    assert ran(world).count("work") == 1
    assert ran(world).count("report") == 2


async def test_cleaning_up_again_survives_the_process() -> None:
    """R2."""
    world = World()
    world.doing["ship"], world.doing["refund"] = fails(1), fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS)
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.FAILED)
        entered, _ = hold(world, "refund")
        (job,) = [j for j in (await world.store.jobs.page(owner="owner", limit=9)).items if j.step_id == "refund"]
        await engine.retry_job(job.id, owner="owner", by="me")
        await entered.wait()
        await engine.stop(grace_s=0.01)
    del world.doing["refund"]
    async with world.engine():
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "broken"
    assert len({key for step, _, key in world.calls if step == "refund"}) == 1


async def test_a_join_stops_the_handlers_it_does_not_wait_for() -> None:
    """R2."""
    world = World()
    entered, stopped = hold(world, "slow")
    async with world.engine() as engine:
        plan = await world.plan(
            engine,
            {"id": "a", "next": ["slow", "fast"]},
            {"id": "slow", "next": "j"},
            {"id": "fast", "next": "j"},
            {"id": "j", "join": {"count": 1, "rest": "cancel"}},
        )
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.SUCCESS)
        assert entered.is_set() == stopped.is_set()
        assert "j" in ran(world)


@pytest.mark.parametrize("most", [1, 2])
async def test_no_more_steps_than_allowed_are_under_way(most: int) -> None:
    world = World()
    now = {"running": 0, "most": 0}

    async def count(ctx: Context) -> StepResult:
        now["running"] += 1
        now["most"] = max(now["most"], now["running"])
        for _ in range(3):
            await asyncio.sleep(0)
        now["running"] -= 1
        return StepResult.success({})

    legs = [f"leg{index}" for index in range(5)]
    world.doing.update(dict.fromkeys(legs, count))
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "next": legs}, *({"id": one} for one in legs), maxParallel=most)
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.SUCCESS)
    assert now["most"] == most
    assert ran(world) == ["a", *legs]


async def test_steps_that_clean_up_see_how_the_run_ends() -> None:
    world = World()
    seen: dict[str, Any] = {}

    def look(ctx: Context) -> StepResult:
        seen[ctx.step_id] = (ctx.scope["run"]["status"], (ctx.scope["run"]["error"] or {}).get("code"))
        return StepResult.success({})

    world.doing |= {"charge": look, "refund": look, "report": look, "ship": fails(1)}
    async with world.engine() as engine:
        plan = await world.plan(engine, *STEPS, **{"finally": ["report"]})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.FAILED)
    assert seen == {"charge": ("running", None), "refund": ("failed", "broken"), "report": ("failed", "broken")}
