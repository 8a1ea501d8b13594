"""What the screens look like, at three sizes: pictures that a person has looked at, kept and compared.

python -m pytest tests/tui/snapshots -n 0 --snapshot-update      # then look at what changed
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.app import App

from flowdesk.tui.screens.welcome import WelcomeScreen
from tests.tui.runs import failed_run, running_run
from tests.tui.screens.editor import desk
from tests.tui.screens.run import test_screen as runs
from tests.tui.waiting import until
from tests.tui.world import World

Same = Callable[[App[Any]], Awaitable[None]]
Size = tuple[int, int]


@pytest.mark.parametrize("area", ["dashboard", "workflows", "runs", "jobs", "schedules", "secrets", "plugins"])
async def test_area(area: str, size: Size, world: World, same: Same) -> None:
    async with world.shown(area, size=size) as (app, _pilot):
        await same(app)


async def test_welcome(size: Size, world: World, same: Same) -> None:
    world.workflows.clear()
    app = world.app()
    async with app.run_test(size=size):
        await until(lambda: isinstance(app.screen, WelcomeScreen), "the welcome")
        await same(app)


async def test_editor(size: Size, world: World, same: Same) -> None:
    desk.Desk(world)
    async with desk.opened(world, size=size, step="send") as (app, _pilot, _screen):
        await same(app)


async def test_editor_with_problems(world: World, same: Same) -> None:
    desk.Desk(world).problems = [
        {"code": "url_invalid", "message": "this is not a URL", "stepId": "send", "field": "params.url"},
        {"code": "unreachable", "message": "no way leads to this step", "stepId": "auto", "field": None},
    ]
    async with desk.opened(world, step="send") as (app, _pilot, screen):
        await until(lambda: screen.problems, "the problems")
        await same(app)


async def test_failed_run(size: Size, world: World, same: Same) -> None:
    async with runs.opened(failed_run(world), size=size) as (app, _pilot, _screen):
        await same(app)


async def test_running_run(world: World, same: Same) -> None:
    async with runs.opened(running_run(world)) as (app, _pilot, screen):
        await until(lambda: "connecting" in runs.log_texts(screen), "the log")
        await same(app)


async def test_production(world: World, same: Same) -> None:
    world.label = "production"
    async with world.shown("workflows", size=(80, 24), read_only=True) as (app, _pilot):
        await until(lambda: app.production, "the label")
        await same(app)


async def test_plain_ascii(world: World, same: Same) -> None:
    async with world.shown("runs", ascii=True, size=(80, 24)) as (app, _pilot):
        await same(app)
