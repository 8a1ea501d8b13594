"""Trying a step alone: one execution of the real handler, and nothing left behind."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from engine.engine import Engine
from engine.errors import Unavailable
from engine.sdk import Context, StepResult, Stop
from engine.store import ANYONE
from engine.trial import MAX_AT_ONCE, MAX_PER_USER, Trial, Wish
from tests.engine.world import World, eventually


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def engine(world: World) -> AsyncIterator[Engine]:
    async with world.engine() as running:
        yield running


def wish(ref: str = "do.it", **data: Any) -> Wish:
    return Wish({"name": "w", "steps": [{"id": "a", "ref": ref, "params": {"n": "{{n}}"}}]}, "a", None, data)


async def attempt(engine: Engine, user: str = "me", **data: Any) -> Trial:
    return await engine.trials.run(wish(**data), owner=ANYONE, user_id=user)


async def test_the_handler_runs_once_with_a_key_of_its_own(world: World, engine: Engine) -> None:
    def say(ctx: Context) -> StepResult:
        ctx.log("here", n=1)
        return StepResult.success({"seen": ctx.data["n"]}, goto="on")

    world.doing["a"] = say
    first, second = await attempt(engine, n=5), await attempt(engine, n=6)
    assert (first.result.data, first.result.goto, first.params) == ({"seen": 5}, "on", {"n": 5})
    assert [(line.level, line.message, line.fields, line.at) for line in first.lines] == [
        ("info", "here", {"n": 1}, world.now)
    ]
    assert [(step, nth) for step, nth, _ in world.calls] == [("a", 1), ("a", 1)]
    assert world.calls[0][2] != world.calls[1][2]
    assert second.error is None
    assert (await world.store.runs.feed(None, limit=1))[0].cursor == "0"


async def test_whatever_a_handler_does_is_a_result(world: World, engine: Engine) -> None:
    def stop(ctx: Context) -> None:
        raise Stop("enough", code="full", data={"left": 0})

    def leave(ctx: Context) -> None:
        raise SystemExit(3)

    async def cancel(ctx: Context) -> None:
        raise asyncio.CancelledError

    world.doing["a"] = stop
    assert (await attempt(engine)).error == {"code": "full", "message": "enough", "data": {"left": 0}}
    world.doing["a"] = leave
    assert (await attempt(engine)).error == {"code": "exception", "message": "SystemExit: 3"}
    world.doing["a"] = cancel
    assert ((await attempt(engine)).error or {})["code"] == "plugin_error"
    world.doing["a"] = lambda ctx: object()
    assert ((await attempt(engine)).error or {})["code"] == "bad_result"


async def test_whoever_leaves_takes_the_step_along(world: World, engine: Engine) -> None:
    ended: list[str] = []

    async def wait(ctx: Context) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(ctx.step_id)

    world.doing["a"] = wait
    asking = asyncio.create_task(attempt(engine))

    async def begun() -> bool:
        return bool(world.calls)

    await eventually(begun)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert ended == ["a"]
    world.doing.clear()
    assert (await attempt(engine)).result.ok


async def test_places_are_limited_for_one_user_and_for_all(world: World, engine: Engine) -> None:
    gate = asyncio.Event()

    async def wait(ctx: Context) -> None:
        await gate.wait()

    world.doing["a"] = wait
    users = [f"user{number // MAX_PER_USER}" for number in range(MAX_AT_ONCE)]
    asking = [asyncio.create_task(attempt(engine, user)) for user in users]

    async def all_begun() -> bool:
        return len(world.calls) == MAX_AT_ONCE

    await eventually(all_begun)
    with pytest.raises(Unavailable) as caught:
        await attempt(engine, "one more")
    assert caught.value.code == "too_many_trials"
    gate.set()
    assert all([(await task).result.ok for task in asking])
    assert (await attempt(engine, "one more")).result.ok


async def test_a_stopping_engine_ends_what_is_tried(world: World, engine: Engine) -> None:
    async def wait(ctx: Context) -> None:
        await asyncio.sleep(60)

    world.doing["a"] = wait
    asking = asyncio.create_task(attempt(engine))

    async def begun() -> bool:
        return bool(world.calls)

    await eventually(begun)
    await engine.trials.stop()
    with pytest.raises(Unavailable):
        await asking
    with pytest.raises(Unavailable):
        await attempt(engine)


async def test_a_handler_in_a_thread_may_write_lines(world: World, engine: Engine) -> None:
    threads: list[str] = []

    class Work:
        def run(self, ctx: Context, params: dict[str, Any]) -> StepResult:
            threads.append(threading.current_thread().name)
            ctx.log("from a thread")
            return StepResult.success({"n": params["n"]})

    engine.registry.register("in.thread", Work())
    trial = await engine.trials.run(wish("in.thread", n=1), owner=ANYONE, user_id="me")
    assert (trial.result.data, [line.message for line in trial.lines]) == ({"n": 1}, ["from a thread"])
    assert threads != [threading.main_thread().name]
