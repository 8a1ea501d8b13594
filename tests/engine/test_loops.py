"""Loops: a run for each item of a list, or one after another until a condition holds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.models.run import FINISHED, JobStatus, RunStatus
from engine.sdk import Context, StepResult
from engine.store import ANYONE
from tests.engine.calling import each, ended, pure
from tests.engine.world import World, eventually, manual


async def test_foreach_gives_results_in_order_whatever_ends_first() -> None:
    world = World()

    async def work(ctx: Context) -> StepResult:
        await asyncio.sleep(0.01 * (3 - ctx.data["index"]))
        return StepResult.success({"doubled": ctx.data["item"] * 2, "with": ctx.data["rate"]})

    world.doing["work"] = work
    async with world.engine() as engine:
        plan = await world.plan(engine, each({"id": "work"}, concurrency=3))
        run_id = await ended(world, engine, plan, items=[1, 2, 3], rate=7)
        output = await world.output_of(engine, run_id, "each")
    assert output["results"] == [{"doubled": 2 * n, "with": 7} for n in (1, 2, 3)]
    assert (output["total"], output["succeeded"], output["failed"]) == (3, 3, 0)


async def test_no_more_items_are_under_way_than_allowed() -> None:
    world = World()
    now = most = 0

    async def work(ctx: Context) -> StepResult:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.002)
        now -= 1
        return StepResult.success({})

    world.doing["work"] = work
    async with world.engine() as engine:
        plan = await world.plan(engine, each({"id": "work"}, concurrency=4))
        run_id = await ended(world, engine, plan, items=list(range(20)))
    assert (await world.row(run_id)).status is RunStatus.SUCCESS
    assert most == 4


async def test_rounds_of_pure_steps_are_few_events_of_the_caller() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, each(pure(v="{{data.item}}")))
        run_id = await ended(world, engine, plan, items=list(range(1000)))
        output = await world.output_of(engine, run_id, "each")
        assert [result["v"] for result in output["results"]] == list(range(1000))
    assert len(await world.kinds(run_id)) < 20


async def test_large_data_of_the_caller_is_kept_once_for_all_rounds() -> None:
    world = World()
    async with world.engine() as engine:
        plan = await world.plan(engine, each(pure(v="{{data.text}}", n="{{data.item}}")))
        run_id = await ended(world, engine, plan, items=[1, 2], text="x" * 5000)
        for child in await world.children(run_id):
            started = (await world.store.runs.journal(child.id))[0]
            assert started.data["trigger"]["base"].keys() == {"run", "ref"}
            history = await engine.history(child.id, owner=ANYONE)
            assert history.state.trigger.data["text"] == "x" * 5000


@pytest.mark.parametrize(
    ("policy", "results", "errors"),
    [("collect", [{"ok": 1}, None, {"ok": 3}], 1), ("skip", [{"ok": 1}, {"ok": 3}], 1)],
)
async def test_failed_items_are_collected_or_left_out(policy: str, results: list[Any], errors: int) -> None:
    world = World()

    def work(ctx: Context) -> StepResult:
        if ctx.data["item"] == 2:
            return StepResult.failure("no", code="two")
        return StepResult.success({"ok": ctx.data["item"]})

    world.doing["work"] = work
    async with world.engine() as engine:
        plan = await world.plan(engine, each({"id": "work"}, onItemError=policy))
        run_id = await ended(world, engine, plan, items=[1, 2, 3])
        output = await world.output_of(engine, run_id, "each")
    assert output["results"] == results
    (error,) = output["errors"]
    assert (error["item"], error["code"], error["stepId"]) == (1, "two", "work")


async def test_stop_cancels_what_is_under_way_and_names_the_item() -> None:
    world = World()
    forever = asyncio.Event()

    async def work(ctx: Context) -> StepResult:
        if ctx.data["item"] == 2:
            return StepResult.failure("no", code="two")
        await forever.wait()
        return StepResult.success({})

    world.doing["work"] = work
    async with world.engine() as engine:
        plan = await world.plan(engine, each({"id": "work"}, concurrency=3))
        run_id = await ended(world, engine, plan, items=[1, 2, 3, 4, 5])
        row = await world.row(run_id)
        assert row.error is not None
        assert row.error["message"].startswith("item 1: ")
        children = await world.children(run_id)
        assert len(children) == 3
        for child, status in zip(children, ("CANCELLED", "FAILED", "CANCELLED"), strict=True):
            await world.until(child.id, RunStatus(status))


async def test_retrying_the_step_runs_only_what_is_not_finished() -> None:
    world = World()
    broken = True

    def work(ctx: Context) -> StepResult:
        if ctx.data["item"] == 3 and broken:
            return StepResult.failure("no", code="three")
        return StepResult.success({"ok": ctx.data["item"]})

    world.doing["work"] = work
    async with world.engine() as engine:
        run_id = await ended(world, engine, await world.plan(engine, each({"id": "work"})), items=[1, 2, 3, 4])
        broken = False
        (job,) = (await world.store.jobs.page(owner=ANYONE, limit=9, run_id=run_id)).items
        await engine.retry_job(job.id, owner=ANYONE, by="me")
        await world.until(run_id, RunStatus.SUCCESS)
        output = await world.output_of(engine, run_id, "each")
    assert [result["ok"] for result in output["results"]] == [1, 2, 3, 4]
    executed = [key for _, _, key in world.calls]
    assert len(executed) == 5
    assert len(set(executed)) == 5, "the failed item ran anew, the finished ones did not"


async def test_retrying_the_run_of_one_item_lets_its_caller_go_on() -> None:
    world = World()
    broken = True

    def work(ctx: Context) -> StepResult:
        if ctx.data["item"] == 2 and broken:
            return StepResult.failure("no", code="two")
        return StepResult.success({"ok": ctx.data["item"]})

    world.doing["work"] = work
    async with world.engine() as engine:
        run_id = await ended(world, engine, await world.plan(engine, each({"id": "work"})), items=[1, 2, 3])
        broken = False
        failed = next(row for row in await world.children(run_id) if row.status is RunStatus.FAILED)
        page = await world.store.jobs.page(owner=ANYONE, limit=9, run_id=failed.id, status=JobStatus.FAILED)
        await engine.retry_job(page.items[0].id, owner=ANYONE, by="me")
        await world.until(run_id, RunStatus.SUCCESS)
        output = await world.output_of(engine, run_id, "each")
        assert [result["ok"] for result in output["results"]] == [1, 2, 3]
        assert (await world.row(failed.id)).status is RunStatus.SUCCESS
    assert len(await world.children(run_id)) == 3


async def test_repeat_goes_on_until_its_condition_holds_and_passes_results_on() -> None:
    world = World()
    seen: list[Any] = []

    def work(ctx: Context) -> StepResult:
        seen.append((ctx.data["iteration"], ctx.data["last"]))
        return StepResult.success({"n": ctx.data["iteration"]})

    world.doing["work"] = work
    repeat = {
        "id": "again",
        "ref": "flow.repeat",
        "params": {"until": "result.n >= data.wanted", "max": 9},
        "body": {"steps": [{"id": "work", "ref": "do.it"}]},
    }
    async with world.engine() as engine:
        run_id = await ended(world, engine, await world.plan(engine, repeat), wanted=3)
        assert await world.output_of(engine, run_id, "again") == {"result": {"n": 3}, "iterations": 3}
    assert seen == [(1, None), (2, {"n": 1}), (3, {"n": 2})]


async def test_the_delay_of_a_repetition_is_a_row_with_a_due_time() -> None:
    world = World()
    repeat = {
        "id": "again",
        "ref": "flow.repeat",
        "params": {"until": "iteration == 2", "delay": "1h"},
        "body": {"steps": [pure(v=1)]},
    }
    async with world.engine() as engine:
        run_id = (await engine.accept(await world.plan(engine, repeat), manual())).run.id
        row = await world.until(run_id, RunStatus.WAITING)
        assert row.due_at == world.now + 3_600_000
        assert row.owner is None
        assert len(await world.children(run_id)) == 1
    async with world.engine():
        await asyncio.sleep(0.03)
        assert len(await world.children(run_id)) == 1, "a restart does not shorten the delay"
        world.now += 3_600_001
        await world.until(run_id, RunStatus.SUCCESS)
    assert len(await world.children(run_id)) == 2


@pytest.mark.parametrize(("more", "status"), [({}, "FAILED"), ({"whenNotReached": "go_on"}, "SUCCESS")])
async def test_a_repetition_is_bounded(more: dict[str, Any], status: str) -> None:
    world = World()
    repeat = {
        "id": "again",
        "ref": "flow.repeat",
        "params": {"until": "false", "max": 3, **more},
        "body": {"steps": [pure(v=1)]},
    }
    async with world.engine() as engine:
        run_id = await ended(world, engine, await world.plan(engine, repeat))
    row = await world.row(run_id)
    assert row.status == status
    assert row.error_code == (None if more else "not_reached")


async def test_lines_and_pages_are_items() -> None:
    world = World()
    async with world.engine() as engine:
        step = each(pure(v="{{data.item}}"), lines="data.text", pageSize=2)
        del step["params"]["items"]
        run_id = await ended(world, engine, await world.plan(engine, step), text="a\nb\n\nc\n")
        output = await world.output_of(engine, run_id, "each")
    assert [result["v"] for result in output["results"]] == [["a", "b"], ["c"]]


async def test_an_empty_list_is_done_at_once() -> None:
    world = World()
    async with world.engine() as engine:
        run_id = await ended(world, engine, await world.plan(engine, each({"id": "work"})), items=[])
        assert (await world.output_of(engine, run_id, "each"))["results"] == []


@pytest.mark.parametrize(("items", "code"), [("text", "not_a_list"), (None, "not_a_list")])
async def test_what_is_no_list_is_a_failed_step(items: Any, code: str) -> None:
    world = World()
    async with world.engine() as engine:
        run_id = await ended(world, engine, await world.plan(engine, each({"id": "work"})), items=items)
    assert (await world.row(run_id)).error_code == code


async def test_nested_loops_have_runs_of_runs() -> None:
    world = World()
    inner = {
        "id": "inner",
        "ref": "flow.foreach",
        "params": {"items": "data.item"},
        "saveAs": "row",
        "body": {"steps": [{"id": "leaf", "ref": "t.echo", "params": {"v": "{{data.item}}"}}]},
    }
    async with world.engine() as engine:
        plan = await world.plan(engine, each(inner))
        run_id = await ended(world, engine, plan, items=[[1, 2], [3]])
        output = await world.output_of(engine, run_id, "each")
        rows = [[one["v"] for one in result["row"]["results"]] for result in output["results"]]
    assert rows == [[1, 2], [3]]
    await eventually(lambda: _all_finished(world, run_id))


async def _all_finished(world: World, run_id: str) -> bool:
    return all(row.status in FINISHED for row in await world.children(run_id))
