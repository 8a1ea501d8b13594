"""Background work that is replaced: closed before it began, or ended where it waits."""

from __future__ import annotations

import asyncio
import gc
import inspect

import pytest

from flowdesk.tui.tasks import task
from tests.tui.waiting import idle, until
from tests.tui.world import World


@pytest.mark.filterwarnings("error")
async def test_work_that_is_replaced_before_it_began_is_closed(world: World) -> None:
    done: list[int] = []

    async def work(number: int) -> None:
        done.append(number)

    async with world.shown("workflows") as (app, _pilot):
        works = [work(number) for number in range(3)]
        for one in works:
            task(app, one, what="Counting", group="count", exclusive=True)
        await until(lambda: done, "the last one")
        await idle(app)
        assert done == [2]
        assert [inspect.getcoroutinestate(one) for one in works] == [inspect.CORO_CLOSED] * 3
        works.clear()
        gc.collect()


async def test_work_that_began_ends_where_it_waits_when_it_is_replaced(world: World) -> None:
    told: list[str] = []
    began = asyncio.Event()

    async def first() -> None:
        try:
            began.set()
            await asyncio.Event().wait()
        finally:
            told.append("first ended")

    async def second() -> None:
        told.append("second done")

    async with world.shown("workflows") as (app, _pilot):
        task(app, first(), what="Waiting", group="wait", exclusive=True)
        await began.wait()
        task(app, second(), what="Waiting", group="wait", exclusive=True)
        await until(lambda: len(told) == 2, "both")
        assert sorted(told) == ["first ended", "second done"]
