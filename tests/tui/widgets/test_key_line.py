"""The keys in the last line: what leads to all others is always seen, and in a wide terminal all are."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App

from flowdesk.tui.widgets.key_line import KeyLine
from tests.tui.runs import failed_run, running_run
from tests.tui.screens.editor import desk
from tests.tui.screens.run.test_screen import opened as run_opened
from tests.tui.waiting import idle, until
from tests.tui.world import World

AREAS = ("dashboard", "workflows", "runs", "jobs", "schedules", "secrets", "plugins")
SIZES = ((80, 24), (120, 36))
sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


async def check_here(app: App[Any]) -> None:
    """Palette and help come first and are seen, and at 120 columns so is the rest."""
    line = app.screen.query_one(KeyLine)
    await idle(app)
    await until(lambda: len(line.children) > 1, "the keys")
    shown = [str(child.render()) for child in line.children]
    assert [text.split()[1] for text in shown[:2]] == ["Palette", "Help"], shown
    assert line.children[1].region.right <= line.region.right
    if app.size.width >= 120:
        assert line.virtual_size.width <= line.size.width, (app.focused, shown)


async def check_everywhere(app: App[Any]) -> None:
    """The same, whatever has the focus."""
    for focused in app.screen.focus_chain:
        focused.focus()
        await check_here(app)


@sizes
@pytest.mark.parametrize("area", AREAS)
async def test_in_every_area(world: World, area: str, size: tuple[int, int]) -> None:
    async with world.shown(area, size=size) as (app, _pilot):
        await check_everywhere(app)


@sizes
async def test_in_the_run_view(world: World, size: tuple[int, int]) -> None:
    async with run_opened(failed_run(world), size=size) as (app, _pilot, _screen):
        await check_everywhere(app)
    async with run_opened(running_run(world), size=size) as (app, _pilot, _screen):
        await check_everywhere(app)


@sizes
async def test_in_the_editor(world: World, size: tuple[int, int]) -> None:
    desk.Desk(world)
    async with desk.opened(world, size=size, step="send") as (app, _pilot, screen):
        for pane in (screen.map.active, screen.form, screen.source):
            pane.focus()
            await check_here(app)
