"""Background work that is replaced: closed before it began, or ended where it waits."""

from __future__ import annotations

import asyncio
import gc
import inspect

import pytest
from textual.widgets import Tree

from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.tasks import task
from tests.tui.runs import failed_run
from tests.tui.waiting import idle, said, until
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


async def test_work_of_a_screen_that_is_left_may_miss_its_parts(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """They are gone before it is ended: reading a run's journal said so in the corner of the next screen."""

    async def reading(screen: RunScreen) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            screen.query_one(Tree)

    async with world.shown("workflows", toasts=True) as (app, pilot):
        under = app.screen
        app.open_run(failed_run(world).id)
        await until(lambda: isinstance(app.screen, RunScreen), "the run view")
        await idle(app)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        screen.background(reading(screen), what="Reading on", group="bg:test")
        await pilot.press("escape")
        await until(lambda: app.screen is under and not screen.is_running, "the list")
        await idle(app)
        assert said(app) == []
        assert "Reading on" not in caplog.text


async def test_parts_that_are_missed_on_a_screen_that_stays_are_told(world: World) -> None:
    async def reading() -> None:
        app.screen.query_one(Tree)

    async with world.shown("workflows", toasts=True) as (app, _pilot):
        task(app.screen, reading(), what="Reading on")
        await until(lambda: "Reading on" in "".join(said(app)), "the message")
