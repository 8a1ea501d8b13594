"""The keys that act on every screen, one after the other."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input

from flowdesk.tui.modals.help import HelpModal
from flowdesk.tui.modals.palette import PaletteModal
from flowdesk.tui.widgets.data_inspector import DataInspector
from flowdesk.tui.widgets.value_tree import ValueTree
from tests.tui.pressing import presses
from tests.tui.runs import failed_run
from tests.tui.screens.run.test_screen import opened as run_opened
from tests.tui.waiting import idle, until
from tests.tui.world import World

AREAS = {1: "dashboard", 2: "workflows", 3: "runs", 4: "jobs", 5: "schedules", 6: "secrets", 7: "plugins"}


@presses(*(f"area.{area}" for area in AREAS.values()), "app.last")
async def test_each_area_has_its_number_and_minus_goes_back(world: World) -> None:
    async with world.shown("dashboard") as (app, pilot):
        for prefix in ("", "alt+"):
            for number, area in reversed(AREAS.items()):
                await pilot.press(f"{prefix}{number}")
                await until(lambda area=area: app.current_mode == area, area)  # type: ignore[misc]
                assert app.memory.get("area") == area, "the next start shows it again"
        await pilot.press("minus")
        await until(lambda: app.current_mode == "workflows", "the area before")
        await pilot.press("minus")
        await until(lambda: app.current_mode == "dashboard", "and back")


@presses("app.palette", "app.help", "PaletteModal/escape")
async def test_palette_and_help_open_by_both_of_their_keys(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        under = app.screen
        for key, kind in (
            ("colon", PaletteModal),
            ("ctrl+p", PaletteModal),
            ("question_mark", HelpModal),
            ("f1", HelpModal),
        ):
            await pilot.press(key)
            await until(lambda kind=kind: type(app.screen) is kind, key)  # type: ignore[misc]
            await pilot.press("escape")
            await until(lambda: app.screen is under, "the end of it")


@presses("app.back", "app.settings", "SettingsModal/escape")
async def test_escape_leaves_what_lies_on_an_area_and_stays_there(world: World) -> None:
    async with world.shown("runs") as (app, pilot):
        area = app.screen
        await pilot.press("comma")
        await until(lambda: app.screen.is_modal, "the settings")
        await pilot.press("escape")
        await until(lambda: app.screen is area, "the area")
        app.open_run("run_0004")
        await until(lambda: app.screen.query("#steps"), "the run view")
        await idle(app)
        await pilot.press("escape")
        await until(lambda: app.screen is area, "the area")
        await pilot.press("escape")
        await idle(app)
        assert app.screen is area


@presses("list.filter", "list.leave")
async def test_keys_that_come_faster_than_the_screen_are_typed_into_what_the_first_one_opened(world: World) -> None:
    """A slow machine or a paste: nothing of it may act as a key of the list, or go to another area."""
    async with world.shown("workflows") as (app, _pilot):
        fast(app, "slash", *"1x4n", "enter", "escape", "j")
        screen: Any = app.screen
        await until(lambda: screen.listing.table.has_focus and screen.listing.table.cursor_row == 1, "the last key")
        assert app.current_mode == "workflows"
        assert app.screen is screen
        assert screen.query_one("#filter", Input).value in ("1x4n", "")


def fast(app: Any, *keys: str) -> None:
    """All of these at once, as a terminal gives them that has fallen behind."""
    from textual.events import Key

    for key in keys:
        event = Key(key, key if len(key) == 1 else None)
        event.set_sender(app)
        app._driver.send_message(event)


async def test_keys_right_behind_enter_are_not_typed_into_the_line_that_finds(world: World) -> None:
    """`/`, a word, enter and the next key in one go: the word is looked for, and the key is the tree's."""
    async with run_opened(failed_run(world), tab="input") as (app, _pilot, screen):
        await until(lambda: bool(screen.tabs.query(DataInspector)), "the input")
        inspector = next(one for one in screen.tabs.query(DataInspector) if one.region)
        tree = inspector.query_one(ValueTree)
        tree.focus()
        await idle(app)
        fast(app, "slash", *"url", "enter", "n", "n")
        line = inspector.query_one(Input)
        await until(lambda: bool(line.value) and app.focused is tree, "the word, and the tree again")
        await idle(app)
        assert line.value == "url"
        assert not inspector.has_class("-finding")


async def test_an_area_keeps_what_lies_on_it(world: World) -> None:
    """`2` leads back to the editor one left, and the editor of one area is not on another."""
    async with world.shown("workflows") as (app, pilot):
        app.open_editor("wf_0001")
        await until(lambda: len(app.screen_stack) == 2, "the editor")
        editor = app.screen
        await idle(app)
        await pilot.press("alt+3")
        await until(lambda: app.current_mode == "runs", "the runs")
        assert len(app.screen_stack) == 1
        await pilot.press("2")
        await until(lambda: app.current_mode == "workflows", "the workflows")
        assert app.screen is editor
