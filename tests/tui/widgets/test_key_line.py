"""The keys in the last line: what leads to all others is always seen, and in a wide terminal all are."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App

from flowdesk.tui.draw.key_strip import Key
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
    """Palette and help come first and are seen, each key is whole, and at 120 columns so is the rest."""
    line = app.screen.query_one(KeyLine)
    await idle(app)
    await until(lambda: len(line.keys) > 1, "the keys")
    drawn = str(line.render())
    shown = [f"{key.shown} {key.title}" for _, key in line.strip.placed]
    assert [key.title for _, key in line.strip.placed[:2]] == ["Palette", "Help"], drawn
    assert drawn == " ".join([*shown, "…"] if line.strip.more else shown)
    assert cell_len(drawn) <= app.size.width
    if app.size.width >= 120:
        assert not line.strip.more, (app.focused, shown)


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


async def test_a_click_presses_the_key_and_the_mouse_shows_which(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        line, below = app.screen.query_one(KeyLine), app.screen
        await until(lambda: len(line.keys) > 2, "the keys")
        left, key = next((left, key) for left, key in line.strip.placed if key.action == "app_help")
        await pilot.hover(KeyLine, offset=(left + 1, 0))
        await until(lambda: line.under_mouse == key, "the key under the mouse")
        await pilot.hover(KeyLine, offset=(left - 1, 0))
        await until(lambda: line.under_mouse is None, "no key there")
        await pilot.click(KeyLine, offset=(left - 1, 0))
        assert app.screen is below
        await pilot.click(KeyLine, offset=(left + 1, 0))
        await until(lambda: app.screen is not below, "the help")


async def test_what_cannot_be_done_is_dim_and_only_rings(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with run_opened(failed_run(world)) as (app, pilot, _screen):
        line, rung = app.screen.query_one(KeyLine), list[bool]()
        monkeypatch.setattr(app, "bell", lambda: rung.append(True))
        monkeypatch.setattr(app, "simulate_key", pytest.fail)
        await until(lambda: any(not key.enabled for key in line.keys), "a key that is off")
        left, key = next((left, key) for left, key in line.strip.placed if not key.enabled)
        spans = [span for span in line.render().spans if span.start <= left < span.end]
        assert any(getattr(span.style, "dim", False) for span in spans), key
        await pilot.click(KeyLine, offset=(left, 0))
        assert rung == [True]


async def test_it_is_drawn_again_only_when_the_keys_have_changed(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        line, changes = app.screen.query_one(KeyLine), list[tuple[Key, ...]]()
        await until(lambda: len(line.keys) > 1, "the keys")

        def note(keys: tuple[Key, ...]) -> None:
            changes.append(keys)

        line.watch(line, "keys", note, init=False)
        for _ in range(3):
            app.screen.refresh_bindings()
        await idle(app)
        assert changes == []
        app.screen.set_focus(None)
        await until(lambda: changes, "the keys of the screen alone")
        assert len(changes) == 1
