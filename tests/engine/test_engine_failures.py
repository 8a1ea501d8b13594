"""What cancels, fails or misbehaves."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from engine.engine import Engine
from engine.errors import Conflict, NotFound
from engine.models.run import JobStatus, RunStatus
from engine.sdk import Context, RetryLater, StepResult, Stop
from tests.engine.kit import NOW
from tests.engine.world import Doing, World, fails, manual


async def test_cancelling_aborts_the_step_under_way_and_no_later_step_runs() -> None:
    """Row 28."""
    world = World()
    entered, aborted = asyncio.Event(), asyncio.Event()

    async def held(ctx: Context) -> StepResult:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            aborted.set()
        return StepResult.success({})

    world.doing["a"] = held
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b"})
        run_id = (await engine.accept(plan, manual())).run.id
        await entered.wait()
        row = await engine.cancel(run_id, owner="owner", by="me")
        assert row.status is RunStatus.CANCELLED
        assert aborted.is_set()
        assert [call[0] for call in world.calls] == ["a"]
        with pytest.raises(Conflict):
            await engine.cancel(run_id, owner="owner", by="me")
        with pytest.raises(NotFound):
            await engine.cancel(run_id, owner="somebody else", by="me")


async def waiting_for_a_retry(world: World, engine: Engine) -> str:
    world.doing["a"] = fails(1)
    plan = await world.plan(engine, {"id": "a", "retry": {"maxAttempts": 3, "backoffMs": 60_000}})
    run_id = (await engine.accept(plan, manual())).run.id
    await world.until(run_id, RunStatus.WAITING)
    return run_id


async def test_cancelling_a_run_that_waits_for_a_retry() -> None:
    """Row 28."""
    world = World()
    async with world.engine() as engine:
        run_id = await waiting_for_a_retry(world, engine)
        row = await engine.cancel(run_id, owner="owner", by="me")
        assert row.status is RunStatus.CANCELLED
        (job,) = (await world.store.jobs.page(owner="owner", limit=10)).items
        assert job.status is JobStatus.CANCELLED


async def test_a_cancel_that_comes_as_the_run_comes_to_rest_is_obeyed_at_once() -> None:
    """Row 28: the driver has written its last, and only has to let go."""
    world = World()
    async with world.engine() as engine:
        run_id = await waiting_for_a_retry(world, engine)

        drivers = engine.executor.drivers
        await engine.executor.wait_for(run_id, 5.0)
        drivers[run_id] = SimpleNamespace(interrupt=lambda _: drivers.pop(run_id))  # type: ignore[assignment]
        row = await engine.cancel(run_id, owner="owner", by="me")
        assert row.status is RunStatus.CANCELLED


async def test_a_step_that_never_returns_times_out() -> None:
    """Row 27."""
    world = World()

    async def forever(ctx: Context) -> StepResult:
        await asyncio.Event().wait()
        return StepResult.success({})

    world.doing["a"] = forever
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "timeoutMs": 5})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "timeout"


async def test_a_run_that_takes_too_long_as_a_whole_fails_also_while_it_rests() -> None:
    world = World()
    world.doing["a"] = fails(1)
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "retry": {"maxAttempts": 3, "backoffMs": 60_000}}, timeoutMs=5000)
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.WAITING)
        world.now += 5000
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == "run_timeout"


HOSTILE: dict[str, tuple[Doing, str]] = {
    "exception": (lambda ctx: 1 / 0, "exception"),
    "SystemExit": (lambda ctx: exec("raise SystemExit(3)"), "exception"),  # noqa: S102 - a handler that misbehaves
    "Stop": (lambda ctx: (_ for _ in ()).throw(Stop("enough", code="enough")), "enough"),
    "nonsense": (lambda ctx: 7, "bad_result"),
    "not JSON": (lambda ctx: StepResult.success({"a": object()}), "bad_output"),
    "huge": (lambda ctx: StepResult.success("x" * 17_000_000), "output_too_large"),
    "seed style failure": (lambda ctx: {"ok": False, "error": "no"}, "step_failed"),
}


@pytest.mark.parametrize(("doing", "code"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_nothing_a_handler_does_hurts_the_engine(doing: Doing, code: str) -> None:
    """Row 32: a step failed, the server alive."""
    world = World()
    world.doing["a"] = doing
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a"})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.FAILED)
        assert row.error_code == code
        world.doing["a"] = lambda ctx: {"ok": True, "data": {"fine": 1}}
        other = (await engine.accept(plan, manual())).run.id
        await world.until(other, RunStatus.SUCCESS)


async def test_a_step_may_say_when_it_wants_to_be_tried_again() -> None:
    world = World()

    def later(ctx: Context) -> StepResult:
        if ctx.attempt == 1:
            raise RetryLater(7000)
        return StepResult.success({})

    world.doing["a"] = later
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "retry": {"maxAttempts": 2, "backoffMs": 10}})
        run_id = (await engine.accept(plan, manual())).run.id
        row = await world.until(run_id, RunStatus.WAITING)
        assert row.due_at == NOW + 7000


async def test_log_lines_and_missing_names_reach_the_journal() -> None:
    world = World()

    def logs(ctx: Context) -> StepResult:
        ctx.log("one", order=7)
        ctx.log("two", "warning")
        return StepResult.success({})

    world.doing["a"] = logs
    async with world.engine() as engine:
        plan = await world.plan(engine, {"id": "a", "params": {"to": "{{gone.name}} x"}})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.SUCCESS)
        lines = [e.data for e in await world.store.runs.journal(run_id) if e.type == "step.log"]
        assert [line["message"] for line in lines][-2:] == ["one", "two"]
        assert "gone.name" in lines[0]["message"]
        assert lines[1]["fields"] == {"order": 7}


async def test_secret_looking_parameters_never_reach_the_journal() -> None:
    """Row 48."""
    world = World()
    async with world.engine() as engine:
        params = {"auth": {"Password": "hunter2"}, "headers": {"Authorization": "Bearer hunter2"}}
        plan = await world.plan(engine, {"id": "a", "params": params})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.SUCCESS)
        assert "hunter2" not in str(await world.store.runs.journal(run_id))


async def test_large_values_are_stored_once_and_come_back() -> None:
    world = World()
    big = "x" * 100_000
    world.doing["a"] = lambda ctx: StepResult.success({"big": big})
    world.doing["b"] = fails(1)
    async with world.engine() as engine:
        retry = {"maxAttempts": 2, "backoffMs": 1000}
        plan = await world.plan(engine, {"id": "a", "next": "b"}, {"id": "b", "retry": retry})
        run_id = (await engine.accept(plan, manual())).run.id
        await world.until(run_id, RunStatus.WAITING)
        assert len(str(await world.store.runs.journal(run_id))) < 10_000
        world.now += 1000
        await world.until(run_id, RunStatus.SUCCESS)
        history = await engine.history(run_id, owner="owner")
        assert history.data() == {"big": big, "ok": True}
