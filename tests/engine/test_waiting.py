"""Runs that wait, in engines: what they hold, who goes on with them, and who decides when several try."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.answers import Answer, Asker
from engine.engine import Engine
from engine.errors import Conflict, FlowDeskError, Invalid, NotFound
from engine.models.run import RunStatus, WaitingFor
from engine.registry import Registry
from engine.sdk import Context, Ending, StepResult, Wait
from engine.store import ANYONE
from engine.stores.memory import MemoryStore
from engine.stores.sqlite.store import SqliteStore
from plugins.waiting import steps as waiting_steps
from tests.engine.kit import NOW
from tests.engine.world import World, eventually, manual


class SharedMemory(MemoryStore):
    """One that several engines have open."""

    exclusive = False


ALI = Asker("ali", ANYONE)
APPROVAL: dict[str, Any] = {"id": "ask", "ref": "flow.approval", "params": {"message": "pay?"}}
SIGNAL: dict[str, Any] = {"id": "hear", "ref": "flow.wait", "params": {"signal": "go"}}


class Waits(World):
    """A world whose engines have the steps that wait."""

    def registry(self) -> Registry:
        registry = super().registry()
        registry.include(waiting_steps, source="built in")
        return registry

    async def start(self, engine: Engine, *steps: dict[str, Any], **more: Any) -> str:
        return (await engine.accept(await self.plan(engine, *steps, **more), manual())).run.id

    async def resting(self, run_id: str, kind: WaitingFor) -> None:
        async def rests() -> bool:
            row = await self.row(run_id)
            return (row.status, row.waiting_for, row.owner) == (RunStatus.WAITING, kind, None)

        await eventually(rests)

    async def output(self, run_id: str, step_id: str) -> Any:
        events = await self.store.runs.journal(run_id)
        return next(e.data["output"] for e in events if e.type == "step.succeeded" and e.step_id == step_id)

    async def resolved(self, run_id: str) -> list[str]:
        return [e.data["outcome"] for e in await self.store.runs.journal(run_id) if e.type == "wait.resolved"]


@pytest.fixture(params=["memory", "sqlite"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Waits]:
    world = Waits()
    if request.param == "sqlite":
        store = SqliteStore(tmp_path / "flowdesk.db")
        await store.open()
        world.store = store
    yield world
    await world.store.close()


async def tried(engine: Engine, run_id: str, outcome: str, step_id: str = "ask", **more: Any) -> str:
    """`won`, or the code of the refusal."""
    try:
        await engine.decide(run_id, Answer(step_id, outcome, **more), who=ALI)
    except FlowDeskError as error:
        return error.code
    return "won"


async def test_a_sleeping_run_is_a_row_and_goes_on_at_its_time(world: Waits) -> None:
    """R7: the time is in the row; no process holds the run, and a restart changes nothing."""
    async with world.engine() as engine:
        sleep = {"id": "nap", "ref": "flow.sleep", "params": {"duration": "1h"}, "next": "a"}
        run_id = await world.start(engine, sleep, {"id": "a"})
        await world.resting(run_id, WaitingFor.TIMER)
        await eventually(lambda: _nothing_held(engine))
        assert (await world.row(run_id)).due_at == NOW + 3_600_000
    async with world.engine() as engine:
        world.now = NOW + 3_599_999
        await asyncio.sleep(0.03)
        assert (await world.row(run_id)).status is RunStatus.WAITING
        world.now = NOW + 3_600_000
        await world.until(run_id, RunStatus.SUCCESS)
    assert [call[0] for call in world.calls] == ["a"]
    assert await world.kinds(run_id) == [
        "run.started",
        "step.started nap",
        "wait.started nap",
        "wait.resolved nap",
        "step.succeeded nap",
        "step.started a",
        "step.succeeded a",
        "run.succeeded",
    ]


async def _nothing_held(engine: Engine) -> bool:
    return not engine.executor.drivers


async def test_a_timer_is_due_while_another_branch_executes(world: Waits) -> None:
    entered, leave = _hold(world, "busy")
    async with world.engine() as engine:
        sleep = {"id": "nap", "ref": "flow.sleep", "params": {"duration": "50ms"}, "next": "a"}
        run_id = await world.start(engine, {"id": "s", "next": ["nap", "busy"]}, sleep, {"id": "busy"}, {"id": "a"})
        await entered.wait()
        world.now += 50

        async def done() -> bool:
            return "step.succeeded a" in await world.kinds(run_id)

        await eventually(done)
        leave.set()
        await world.until(run_id, RunStatus.SUCCESS)


def _hold(world: Waits, step_id: str) -> tuple[asyncio.Event, asyncio.Event]:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        entered.set()
        await leave.wait()
        return StepResult.success({})

    world.doing[step_id] = held
    return entered, leave


async def test_a_signal_wakes_a_resting_run_and_one_that_came_before_is_kept(world: Waits) -> None:
    entered, leave = _hold(world, "a")
    async with world.engine() as engine:
        second = {**SIGNAL, "id": "again", "params": {"signal": "more"}}
        run_id = await world.start(engine, {"id": "a", "next": "hear"}, {**SIGNAL, "next": "again"}, second)
        await entered.wait()
        await engine.signal(run_id, "more", {"n": 2}, who=ALI)

        async def received() -> bool:
            return "signal.received" in await world.kinds(run_id)

        await eventually(received)
        leave.set()
        await world.resting(run_id, WaitingFor.SIGNAL)
        await engine.signal(run_id, "go", {"n": 1}, who=ALI, message_id="key")
        await world.until(run_id, RunStatus.SUCCESS)
        assert (await world.output(run_id, "hear"), await world.output(run_id, "again")) == ({"n": 1}, {"n": 2})
        with pytest.raises(Conflict) as over:
            await engine.signal(run_id, "go", None, who=ALI)
        assert over.value.code == "already_finished"


async def test_a_signal_sent_twice_with_one_key_counts_once(world: Waits) -> None:
    async with world.engine() as engine:
        second = {**SIGNAL, "id": "again"}
        run_id = await world.start(engine, {**SIGNAL, "next": "again"}, second)
        for _ in range(2):
            await world.resting(run_id, WaitingFor.SIGNAL)
            await engine.signal(run_id, "go", None, who=ALI, message_id="key")
        await eventually(lambda: _heard(world, run_id))
        assert (await world.kinds(run_id)).count("signal.received") == 1
        await engine.signal(run_id, "go", None, who=ALI, message_id="other")
        await world.until(run_id, RunStatus.SUCCESS)


async def _heard(world: Waits, run_id: str) -> bool:
    return not await world.store.upkeep.messages(run_id)


async def test_signals_nobody_waits_for_are_refused_with_those_there_are(world: Waits) -> None:
    async with world.engine() as engine:
        run_id = await world.start(engine, SIGNAL)
        with pytest.raises(Invalid) as unknown:
            await engine.signal(run_id, "og", None, who=ALI)
        assert (unknown.value.code, unknown.value.hint) == ("unknown_signal", "there are: go")
        with pytest.raises(NotFound):
            await engine.signal(run_id, "go", None, who=Asker("veli", "veli"))


async def test_an_approval_decides_a_resting_run(world: Waits) -> None:
    async with world.engine() as engine:
        ask = {**APPROVAL, "next": [{"to": "yes", "label": "approve"}, {"to": "no", "label": "send-back"}]}
        run_id = await world.start(engine, ask, {"id": "yes"}, {"id": "no"})
        await world.resting(run_id, WaitingFor.APPROVAL)
        assert await tried(engine, run_id, "send-back", reason="which order?") == "won"
        await world.until(run_id, RunStatus.SUCCESS)
        output = await world.output(run_id, "ask")
        assert output == {"outcome": "send-back", "by": "ali", "answer": None, "feedback": "which order?"}
        assert [call[0] for call in world.calls] == ["no"]
        assert await tried(engine, run_id, "approve") == "already_decided"


async def test_an_approval_decides_a_run_that_executes_here(world: Waits) -> None:
    entered, leave = _hold(world, "busy")
    async with world.engine() as engine:
        run_id = await world.start(engine, {"id": "s", "next": ["ask", "busy"]}, APPROVAL, {"id": "busy"})
        await entered.wait()

        async def asked() -> bool:
            return "wait.started ask" in await world.kinds(run_id)

        await eventually(asked)
        assert await tried(engine, run_id, "approve") == "won"
        assert "step.succeeded ask" in await world.kinds(run_id), "it is on disk when the answer is given"
        assert await tried(engine, run_id, "reject") == "already_decided"
        leave.set()
        await world.until(run_id, RunStatus.SUCCESS)


async def test_an_approval_decides_a_run_that_another_process_executes() -> None:
    world = Waits(SharedMemory())
    entered, leave = _hold(world, "busy")
    async with world.engine() as first, world.engine() as second:
        run_id = await world.start(first, {"id": "s", "next": ["ask", "busy"]}, APPROVAL, {"id": "busy"})
        await entered.wait()

        async def asked() -> bool:
            return "wait.started ask" in await world.kinds(run_id)

        await eventually(asked)
        assert run_id not in second.executor.drivers
        found = await asyncio.gather(
            tried(second, run_id, "approve"), tried(first, run_id, "reject"), tried(second, run_id, "reject")
        )
        assert sorted(found) == ["already_decided", "already_decided", "won"]
        leave.set()
        await world.until(run_id, RunStatus.SUCCESS, RunStatus.FAILED)
        assert len(await world.resolved(run_id)) == 1


async def test_of_many_who_decide_at_once_one_wins(world: Waits) -> None:
    async with world.engine() as engine:
        for _ in range(5):
            world.store = engine.store
            run_id = await world.start(engine, {**APPROVAL, "stopOnFailure": False}, id=_fresh())
            await world.resting(run_id, WaitingFor.APPROVAL)
            found = await asyncio.gather(*(tried(engine, run_id, "approve" if n % 2 else "reject") for n in range(6)))
            assert sorted(found) == [*["already_decided"] * 5, "won"]
            winner = found.index("won")
            assert await world.resolved(run_id) == ["approve" if winner % 2 else "reject"]


_count = iter(range(1000))


def _fresh() -> str:
    return f"{next(_count):036d}"


async def test_cancel_against_approve_has_one_outcome(world: Waits) -> None:
    _hold(world, "after")
    async with world.engine() as engine:
        for _ in range(6):
            run_id = await world.start(engine, {**APPROVAL, "next": "after"}, {"id": "after"}, id=_fresh())
            await world.resting(run_id, WaitingFor.APPROVAL)
            cancelling = engine.cancel(run_id, owner=ANYONE, by="veli")
            approved, cancelled = await asyncio.gather(tried(engine, run_id, "approve"), cancelling)
            assert cancelled.status is RunStatus.CANCELLED
            assert (await world.resolved(run_id) == ["approve"]) is (approved == "won")
            assert approved in ("won", "no_decision_awaited")


async def test_a_decision_after_the_deadline_is_refused_and_the_default_counts(world: Waits) -> None:
    async with world.engine() as engine:
        ask = {**APPROVAL, "params": {"message": "pay?", "deadline": "1h", "default": "reject"}, "stopOnFailure": False}
        run_id = await world.start(engine, ask)
        await world.resting(run_id, WaitingFor.APPROVAL)
        await engine._sweeper.stop()
        world.now = NOW + 3_600_000
        assert await tried(engine, run_id, "approve") == "deadline_passed"
        assert await world.resolved(run_id) == ["reject"]


async def test_an_answer_given_in_time_counts_although_it_is_heard_late(world: Waits) -> None:
    async with world.engine() as engine:
        ask = {**APPROVAL, "params": {"message": "pay?", "deadline": "1h"}}
        run_id = await world.start(engine, ask)
        await world.resting(run_id, WaitingFor.APPROVAL)
    other = world.make_engine()
    history = await other.history(run_id, owner=ANYONE)
    message = other.answers._message(history, Answer("ask", "approve"), ALI)
    await world.store.runs.post(message, owner=ANYONE)
    world.now = NOW + 7_200_000
    async with world.engine():
        await world.until(run_id, RunStatus.SUCCESS)
    assert await world.resolved(run_id) == ["approve"]


async def test_what_people_fill_in_is_checked_against_the_form(world: Waits) -> None:
    form = {
        "type": "object",
        "properties": {"amount": {"type": "integer", "minimum": 1}, "why": {"enum": ["a", "b"]}},
        "required": ["amount"],
        "additionalProperties": False,
    }
    async with world.engine() as engine:
        run_id = await world.start(engine, {**APPROVAL, "params": {"message": "?", "form": form}})
        await world.resting(run_id, WaitingFor.APPROVAL)
        for data, fields in (
            (None, ["data.amount"]),
            ({"amount": 0}, ["data.amount"]),
            ({"amount": True, "why": "c", "x": 1}, ["data.amount", "data.why", "data.x"]),
            ([], ["data"]),
        ):
            with pytest.raises(Invalid) as refused:
                await engine.decide(run_id, Answer("ask", "approve", data), who=ALI)
            assert [problem.field for problem in refused.value.problems] == fields, json.dumps(data)
        assert await tried(engine, run_id, "approve", data={"amount": 3}) == "won"
        await world.until(run_id, RunStatus.SUCCESS)
        assert (await world.output(run_id, "ask"))["answer"] == {"amount": 3}


async def test_only_deciders_the_owner_and_admins_decide(world: Waits) -> None:
    """Row 41: for everybody else the run is not there."""
    async with world.engine() as engine:
        params = {"message": "?", "deciders": ["Boss@example.com", "u7", "role:admin"]}
        for who, may in (
            (Asker("u1", "u1", "boss@example.com", "user"), True),
            (Asker("u7", "u7", "", "user"), True),
            (Asker("u2", "u2", "other@example.com", "user"), False),
            (Asker("u3", "u3", "", "admin"), True),
            (Asker("owner", "owner", "", "user"), True),
        ):
            run_id = await world.start(engine, {**APPROVAL, "params": params}, id=_fresh())
            await world.resting(run_id, WaitingFor.APPROVAL)
            if not may:
                with pytest.raises(NotFound):
                    await engine.decide(run_id, Answer("ask", "approve"), who=who)
                continue
            await engine.decide(run_id, Answer("ask", "approve"), who=who)
            assert (await world.output(run_id, "ask"))["by"] == who.by


async def test_the_runs_deadline_reaches_waits(world: Waits) -> None:
    async with world.engine() as engine:
        run_id = await world.start(engine, APPROVAL, timeoutMs=1000)
        await world.resting(run_id, WaitingFor.APPROVAL)
        world.now += 1000
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "run_timeout"
        job = (await world.store.jobs.page(owner=ANYONE, limit=9)).items[0]
        await engine.retry_job(job.id, owner=ANYONE, by="ali")
        await world.resting(run_id, WaitingFor.APPROVAL)
        assert await tried(engine, run_id, "approve") == "won"
        await world.until(run_id, RunStatus.SUCCESS)


async def test_a_rerun_from_behind_an_approval_takes_its_outcome_over(world: Waits) -> None:
    async with world.engine() as engine:
        run_id = await world.start(engine, {**APPROVAL, "next": "a"}, {"id": "a"})
        await world.resting(run_id, WaitingFor.APPROVAL)
        assert await tried(engine, run_id, "approve", reason="fine") == "won"
        await world.until(run_id, RunStatus.SUCCESS)
        again = await engine.rerun(run_id, owner=ANYONE, by="ali", from_step="a")
        await world.until(again.id, RunStatus.SUCCESS)
        assert (await world.output(again.id, "ask"))["feedback"] == "fine"


async def test_a_kind_that_is_not_declared_to_wait_cannot(world: Waits) -> None:
    world.doing["a"] = lambda ctx: StepResult.wait(Wait("timer", {"due": Ending()}, due_in_ms=5))
    async with world.engine() as engine:
        run_id = await world.start(engine, {"id": "a"})
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "bad_result"


async def test_parked_runs_cost_no_process_anything(world: Waits) -> None:
    async with world.engine() as engine:
        plan = await world.plan(engine, APPROVAL)
        for _ in range(200):
            await engine.accept(plan, manual())

        async def all_rest() -> bool:
            return not engine.executor.drivers

        await eventually(all_rest)
        assert await world.store.runs.active(owner=ANYONE) == 200
        assert (engine.executor.running, engine.executor.queued) == (0, 0)
