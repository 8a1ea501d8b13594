"""Processes stop, die and oversleep; runs go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from engine.answers import Answer, Asker
from engine.engine import Engine
from engine.errors import Conflict, Unavailable
from engine.inputs import Begin, Reopen
from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus, WaitingFor
from engine.plan import Plan
from engine.recovery import SUSPECT_AFTER
from engine.runner.driver import Driver
from engine.sdk import Context, StepResult
from engine.store import ANYONE, Commit
from engine.sweeper import ORPHANS_S
from tests.engine.calling import call, callee, ended
from tests.engine.world import World, eventually, fails, manual


async def left_behind(engine: Engine, plan: Plan) -> RunRow:
    """A run as its process leaves it when it dies right after accepting it."""
    row = engine.accepting.new_row(plan, manual(), None, None, None, None)
    driver = engine.accepting.new_driver(plan, row, Begin(manual()))
    await driver.ledger.write()
    return driver.row


class TestRecovery:
    async def test_stopping_parks_runs_and_the_next_process_goes_on(self) -> None:
        """Row 4: running steps that do not end within the grace time are released; R3: finished ones stay finished."""
        world = World()
        entered = asyncio.Event()

        async def held(ctx: Context) -> StepResult:
            entered.set()
            if ctx.attempt == 1:
                await asyncio.Event().wait()
            return StepResult.success({})

        world.doing["b"] = held
        async with world.engine() as engine:
            plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b", "next": "c"}, {"id": "c"})
            run_id = (await engine.accept(plan, manual())).run.id
            await entered.wait()
            await engine.stop(grace_s=0.01)
            with pytest.raises(Unavailable):
                await engine.accept(plan, manual())
        row = await world.store.runs.get(run_id, owner=ANYONE)
        assert (row.status, row.owner) == (RunStatus.QUEUED, None)
        async with world.engine():
            await world.until(run_id, RunStatus.SUCCESS)
        assert [call[0] for call in world.calls] == ["a", "b", "b", "c"]
        assert len({key for step, _, key in world.calls if step == "b"}) == 1

    async def test_a_run_that_kills_its_process_every_time_is_parked(self) -> None:
        """R12: five deaths without progress end it; it can be retried by hand."""
        world = World()
        asleep = world.make_engine()
        plan = await world.plan(asleep, {"id": "a"})
        run_id = (await left_behind(asleep, plan)).id
        holder = asleep.owner
        for death in range(4):
            row = await world.store.runs.claim(
                run_id, owner=f"dead{death}", expected_owner=holder, now=world.now, count_death=True
            )
            assert row is not None
            assert row.deaths == death + 1
            holder = f"dead{death}"
        async with world.engine() as engine:
            row = await world.until(run_id, RunStatus.FAILED)
            assert (row.error_code, row.deaths) == ("crashed_too_often", 5)
            assert world.calls == []
            (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
            await engine.retry_job(job.id, owner="owner", by="me")
            await world.until(run_id, RunStatus.SUCCESS)

    async def test_suspects_go_on_one_at_a_time_and_without_a_pause(self) -> None:
        """R12: hundreds of runs that were under way at several deaths must not take minutes to be cleared."""
        world = World()
        together: list[int] = []
        at_work: set[str] = set()

        async def work(ctx: Context) -> StepResult:
            at_work.add(ctx.run_id)
            together.append(len(at_work))
            await asyncio.sleep(0)
            at_work.discard(ctx.run_id)
            return StepResult.success({})

        world.doing["a"] = work
        asleep = world.make_engine()
        plan = await world.plan(asleep, {"id": "a"})
        suspects = [(await left_behind(asleep, plan)).id for _ in range(20)]
        for run_id in suspects:
            holder = asleep.owner
            for death in range(SUSPECT_AFTER):
                assert await world.store.runs.claim(
                    run_id, owner=f"dead{death}", expected_owner=holder, now=world.now, count_death=True
                )
                holder = f"dead{death}"
        began = monotonic()
        async with world.engine():
            for run_id in suspects:
                await world.until(run_id, RunStatus.SUCCESS)
        assert monotonic() - began < ORPHANS_S * 3, "one of twenty in each look for orphans would take forty seconds"
        assert max(together) == 1

    async def test_a_suspect_waits_until_its_process_has_settled(self) -> None:
        """R2: a process that is killed again and again, soon after its start, must not blame what it had begun with."""
        world = World()
        asleep = world.make_engine()
        plan = await world.plan(asleep, {"id": "a"})
        suspect, other = (await left_behind(asleep, plan)).id, (await left_behind(asleep, plan)).id
        holder = asleep.owner
        for death in range(SUSPECT_AFTER):
            row = await world.store.runs.claim(
                suspect, owner=f"dead{death}", expected_owner=holder, now=world.now, count_death=True
            )
            assert row is not None
            holder = f"dead{death}"
        async with world.engine(calm_s=3600.0):
            await world.until(other, RunStatus.SUCCESS)
            assert (await world.row(suspect)).deaths == SUSPECT_AFTER
        async with world.engine(calm_s=0.1):
            await world.until(suspect, RunStatus.SUCCESS)

    async def test_progress_forgives_deaths(self) -> None:
        """R12: a long run that outlives many restarts is not blamed for them."""
        world = World()
        asleep = world.make_engine()
        plan = await world.plan(asleep, {"id": "a"})
        run_id = (await left_behind(asleep, plan)).id
        row = await world.store.runs.claim(
            run_id, owner="dead", expected_owner=asleep.owner, now=world.now, count_death=True
        )
        assert row is not None
        assert (row.deaths, row.death_seq) == (1, row.seq)
        moved = replace(row, seq=row.seq + 1)
        line = Event(moved.seq, world.now, EventType.STEP_LOG, "a", 1, {"level": "info", "message": "moved"})
        await world.store.runs.commit(Commit(moved, [line], row.seq, "dead"))
        row = await world.store.runs.claim(
            run_id, owner="dead again", expected_owner="dead", now=world.now, count_death=True
        )
        assert row is not None
        assert row.deaths == 1

    async def test_a_zombies_write_is_refused(self) -> None:
        """R11: a process that was asleep while its run was taken over cannot overwrite anything."""
        world = World()
        gate, entered = asyncio.Event(), asyncio.Event()

        async def held(ctx: Context) -> StepResult:
            entered.set()
            await gate.wait()
            return StepResult.success({"by": "zombie"})

        world.doing["a"] = held
        async with world.engine() as zombie:
            plan = await world.plan(zombie, {"id": "a"})
            run_id = (await zombie.accept(plan, manual())).run.id
            await entered.wait()
            world.doing["a"] = lambda ctx: StepResult.success({"by": "heir"})
            async with world.engine() as heir:
                await world.until(run_id, RunStatus.SUCCESS)
                gate.set()

                async def let_go() -> bool:
                    return zombie.executor.running == 0

                await eventually(let_go)
                history = await heir.history(run_id, owner="owner")
                assert history.data() == {"by": "heir"}

    async def test_a_once_step_with_unknown_outcome_waits_for_a_decision(self) -> None:
        world = World()
        entered = asyncio.Event()

        async def held(ctx: Context) -> StepResult:
            entered.set()
            await asyncio.Event().wait()
            return StepResult.success({})

        world.doing["a"] = held
        async with world.engine() as engine:
            plan = await world.plan(engine, {"id": "a", "effect": "once", "next": "b"}, {"id": "b"})
            run_id = (await engine.accept(plan, manual())).run.id
            await entered.wait()
            await engine.stop(grace_s=0.01)
        async with world.engine() as engine:
            row = await world.until(run_id, RunStatus.WAITING)
            assert row.waiting_for is WaitingFor.DECISION
            with pytest.raises(Conflict):
                await engine.decide(run_id, Answer("b", "done"), who=Asker("me", "owner"))
            await engine.decide(run_id, Answer("a", "done", {"paid": 1}), who=Asker("me", "owner"))
            await world.until(run_id, RunStatus.SUCCESS)
            assert [call[0] for call in world.calls] == ["a", "b"]
            assert (await engine.history(run_id, owner="owner")).data() == {"paid": 1}

    async def test_more_runs_than_fit_wait_in_the_store_and_are_all_executed(self) -> None:
        """R2: what was accepted beyond what memory may hold is taken up later."""
        world = World()
        async with world.engine(max_running=2, max_queued=3) as engine:
            plan = await world.plan(engine, {"id": "a"})
            runs = [(await engine.accept(plan, manual(n=n))).run.id for n in range(40)]
            for run_id in runs:
                await world.until(run_id, RunStatus.SUCCESS)
        assert len(world.calls) == 40


async def test_a_doorbell_that_rings_twice_claims_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or while the sweeper takes the same run up: a process does not lose a claim to itself."""
    world = World()
    claim = world.store.runs.claim
    claimed: list[str] = []

    async def counted(run_id: str, **more: Any) -> RunRow | None:
        claimed.append(run_id)
        await asyncio.sleep(0)  # as long as there is a way to the store, others have their turn
        return await claim(run_id, **more)

    monkeypatch.setattr(world.store.runs, "claim", counted)
    accepting, taking = world.make_engine(execute="none"), world.make_engine()
    plan = await world.plan(accepting, {"id": "a"})
    run_id = (await accepting.accept(plan, manual())).run.id
    await asyncio.gather(taking.take(run_id), taking.take(run_id))
    await world.until(run_id, RunStatus.SUCCESS)
    assert claimed == [run_id]
    assert len(world.calls) == 1
    await taking.stop(grace_s=1)


async def test_who_dies_after_opening_a_called_run_again_leaves_its_caller_to_the_next() -> None:
    """R2: the called run is open again, the run that failed because of it is not yet; both go on to their end."""
    world = World()
    world.doing["work"] = fails(1)
    async with world.engine() as engine:
        await callee(world, engine, {"id": "work"})
        run_id = await ended(world, engine, await world.plan(engine, call()))
    (called,) = await world.children(run_id)
    assert (await world.row(run_id)).status is RunStatus.FAILED
    dying = world.make_engine()
    history = await dying.history(called.id, owner=ANYONE)
    (job,) = (await world.store.jobs.page(owner="owner", run_id=called.id, limit=10)).items
    driver = Driver(dying, history.plan, history.row, history.state)
    driver.feed(Reopen("work", job.id, "me"))
    await driver.ledger.write(claim=True)
    async with world.engine():
        await world.until(called.id, RunStatus.SUCCESS)
        await world.until(run_id, RunStatus.SUCCESS)
    assert [step for step, _, _ in world.calls] == ["work", "work"]
