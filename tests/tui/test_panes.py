"""Getting from pane to pane by letters, giving one the whole screen, and a screen without colours."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from flowdesk.tui.modals.jump import JumpModal, panes
from tests.house.tree import python
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until
from tests.tui.world import World


@presses("app.jump")
async def test_each_pane_has_a_letter_at_its_corner_and_pressing_it_goes_there(world: World) -> None:
    async with world.shown("dashboard") as (app, pilot):
        under = app.screen
        wanted = panes(under)
        assert len(wanted) > 1
        await pilot.press("ctrl+o")
        await until(lambda: isinstance(app.screen, JumpModal), "the letters")
        await idle(app)
        letters = list(app.screen.query(Static))
        assert [str(letter.content).strip() for letter in letters] == list("abcdefgh")[: len(wanted)]
        assert [letter.region.offset for letter in letters] == [pane.region.offset for pane in wanted]
        await pilot.press(str(letters[-1].content).strip())
        await idle(app)
        assert app.screen is under
        assert app.focused is wanted[-1]


@pytest.mark.parametrize("key", [pytest.param("escape", marks=presses("JumpModal/escape")), "9"])
async def test_any_other_key_stays(world: World, key: str) -> None:
    async with world.shown("dashboard") as (app, pilot):
        focused = app.focused
        await pilot.press("ctrl+o")
        await until(lambda: isinstance(app.screen, JumpModal), "the letters")
        await pilot.press(key)
        await until(lambda: not app.screen.is_modal, "the end of the letters")
        assert app.focused is focused
        assert app.current_mode == "dashboard"


@pytest.mark.parametrize("back", ["z", "escape"])
@presses("app.zoom")
async def test_z_gives_a_pane_the_whole_screen_and_takes_it_back(world: World, back: str) -> None:
    async with world.shown("dashboard") as (app, pilot):
        await idle(app)
        focused = app.focused
        assert focused is not None
        before = focused.region
        await pilot.press("z")
        await idle(app)
        assert focused.region.area > before.area
        await pilot.press(back)
        await idle(app)
        assert app.screen.maximized is None
        assert focused.region == before
        assert app.focused is focused


async def test_z_is_a_letter_where_text_is_typed(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        await pilot.press("slash", "z")
        await idle(app)
        assert app.screen.maximized is None
        assert app.screen.query_one("#filter", Input).value == "z"


async def test_a_gap_in_the_events_reads_the_shown_list_again(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        before = len(world.http.calls("GET", "/api/workflows"))
        world.workflows.pop()
        await until(lambda: world.http.streams, "the stream")
        world.http.gap()
        await until(lambda: len(world.http.calls("GET", "/api/workflows")) > before, "the list being read again")
        await idle(app)
        assert len(app.screen.listing.shown) == 3  # type: ignore[attr-defined]


_COLOURS = """
import asyncio
from tests.tui.world import World

async def look():
    async with World().shown("workflows") as (app, _pilot):
        strips = [strip for line in app.screen._compositor.render_strips() for strip in line]
        colours = {c.triplet for s in strips if s.style for c in (s.style.color, s.style.bgcolor) if c and c.triplet}
        print(all(c.red == c.green == c.blue for c in colours), len(colours) > 1)

asyncio.run(look())
"""


@pytest.mark.parametrize("grey", [True, False])
def test_no_color_leaves_only_shades_of_grey(monkeypatch: pytest.MonkeyPatch, grey: bool) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    if grey:
        monkeypatch.setenv("NO_COLOR", "1")
    ran = python(_COLOURS)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(grey), "True"]
