"""Each key that moves in the log, and those of the line that filters it."""

from __future__ import annotations

from textual.widgets import Input

from flowdesk.tui.draw.logline import LogLine
from tests.tui.pressing import presses
from tests.tui.waiting import idle
from tests.tui.widgets.test_log_pane import Host, hosted, lines


def standing(app: Host) -> str:
    line = app.pane.line
    return "" if line is None else line.text[:10]


@presses("log.down", "log.up", "log.page_down", "log.page_up", "log.first", "log.end")
async def test_each_key_that_moves_up_and_down() -> None:
    async with hosted(lines(100)) as (app, pilot):
        for first, down, page, back, up, last in (
            ("g", "j", "ctrl+d", "ctrl+u", "k", "G"),
            ("home", "down", "pagedown", "pageup", "up", "end"),
        ):
            await pilot.press(first)
            assert (standing(app), app.pane.following) == ("line 00000", False), first
            await pilot.press(down)
            assert standing(app) == "line 00001", down
            await pilot.press(page)
            assert standing(app) > "line 00003", page
            await pilot.press(back)
            assert standing(app) == "line 00001", back
            await pilot.press(up)
            assert standing(app) == "line 00000", up
            await pilot.press(last)
            await idle(app)
            assert app.pane.following, last
            assert app.seen()[-1].endswith("line 00099")


@presses("log.left", "log.right", "log.times")
async def test_long_lines_move_sideways_and_times_come_and_go() -> None:
    async with hosted([LogLine(1, "2026-11-23T12:00:01Z", "send", "info", "x" * 300)]) as (app, pilot):
        for right, left in (("l", "h"), ("right", "left")):
            await pilot.press(right)
            assert app.pane.scroll_offset.x > 0, right
            await pilot.press(left)
            assert app.pane.scroll_offset.x == 0, left
        assert app.seen()[0].startswith("12:00:01")
        await pilot.press("t")
        await idle(app)
        assert not app.seen()[0].startswith("12:00:01")


@presses("logfilter.leave")
async def test_both_keys_that_leave_the_filter_line_keep_the_filter() -> None:
    async with hosted(lines(30)) as (app, pilot):
        for key in ("down", "escape"):
            await pilot.press("slash")
            await idle(app)
            assert app.query_one(Input).has_focus
            await pilot.press(*"0002", key)
            await idle(app)
            assert app.pane.has_focus, key
            assert len(app.texts()) == 11
