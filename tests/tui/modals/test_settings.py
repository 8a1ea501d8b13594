"""How it looks: seen while choosing, kept by enter, as before after escape."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Checkbox, OptionList

from flowdesk.tui.memory import Memory
from flowdesk.tui.modals.settings import SettingsModal
from tests.tui.screen_text import screen_text
from tests.tui.waiting import idle, until
from tests.tui.world import World


async def test_a_theme_is_seen_at_once_and_escape_takes_it_back(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        before = app.theme
        await pilot.press("comma")
        await until(lambda: isinstance(app.screen, SettingsModal), "the settings")
        await pilot.press("home")
        await idle(app)
        assert app.theme == min(app.available_themes) != before
        await pilot.press("escape")
        await idle(app)
        assert app.theme == before
        assert app.memory.get("theme") is None


async def test_enter_keeps_it_for_the_next_start(world: World, tmp_path: Path) -> None:
    async with world.shown("workflows", state_dir=tmp_path) as (app, pilot):
        await pilot.press("comma")
        await until(lambda: isinstance(app.screen, SettingsModal), "the settings")
        await pilot.press("home", "enter")
        await idle(app)
        wanted = app.theme
    async with world.shown("workflows", state_dir=tmp_path) as (app, _pilot):
        assert app.theme == wanted


async def test_switches_are_remembered(world: World, tmp_path: Path) -> None:
    async with world.shown("workflows", state_dir=tmp_path) as (app, pilot):
        await pilot.press("comma")
        await until(lambda: isinstance(app.screen, SettingsModal), "the settings")
        app.screen.query_one("#mouse", Checkbox).toggle()
        await idle(app)
        assert app.screen.query_one(OptionList).option_count == len(app.available_themes)
    assert Memory(tmp_path / "session.json").get("mouse") is False


async def test_asking_before_every_change_is_for_who_wants_it(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        assert not app.production
        await pilot.press("comma")
        await until(lambda: isinstance(app.screen, SettingsModal), "the settings")
        app.screen.query_one("#confirm", Checkbox).toggle()
        await idle(app)
        assert app.production


@pytest.mark.parametrize("size", [(80, 24), (60, 15)])
async def test_a_small_terminal_shows_every_switch_and_whether_it_is_on(world: World, size: tuple[int, int]) -> None:
    """By its sign: not every terminal has colours, and not every eye sees them."""
    async with world.shown("workflows", size=size) as (app, pilot):
        await pilot.press("comma", "tab", "tab", "tab")
        await idle(app)
        assert "[ ] Ask before every change" in screen_text(app)
        await pilot.press("space")
        await idle(app)
        seen = screen_text(app)
        assert "[x] Ask before every change" in seen
        assert "[x] Mouse" in seen
        assert "[ ] Only ASCII" in seen
