"""The list every area is made of, with a plain screen around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Static

from flowdesk.clean import clean
from flowdesk.tui.draw.rowset import Column
from flowdesk.tui.widgets.listing import PAGE, Fetched, Listing
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE

Thing = dict[str, Any]


class Host(App[None]):
    """One list of `things`."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - no ClassVar in textual

    def __init__(self, things: list[Thing]) -> None:
        super().__init__()
        self.things = things
        self.opened: list[Thing] = []
        self.asked: list[str | None] = []

    def compose(self) -> ComposeResult:
        columns = [
            Column[Thing]("name", "Name", lambda t: Text(clean(t["name"]))),
            Column[Thing]("size", "Size", lambda t: Text(str(t["size"])), order=lambda t: t["size"]),
            Column[Thing]("note", "Note", lambda t: Text("note"), wide=True, least=20),
        ]
        yield Listing[Thing](columns, key=lambda t: str(t["id"]), fetch=self.fetch, empty="nothing yet: press n")

    async def fetch(self, cursor: str | None) -> Fetched[Thing]:
        self.asked.append(cursor)
        first = int(cursor or 0)
        more = first + PAGE < len(self.things)
        return Fetched(self.things[first : first + PAGE], str(first + PAGE) if more else None)

    def on_listing_opened(self, message: Listing.Opened) -> None:
        self.opened.append(message.item)


def things(count: int) -> list[Thing]:
    return [{"id": n, "name": f"thing {n:03}", "size": count - n} for n in range(count)]


@asynccontextmanager
async def hosted(
    given: list[Thing], size: tuple[int, int] = (120, 30)
) -> AsyncIterator[tuple[Host, Listing[Thing], Pilot[None]]]:
    app = Host(given)
    async with app.run_test(size=size) as pilot:
        listing = app.query_one(Listing)
        listing.reload()
        await idle(app)
        listing.table.focus()
        await pilot.pause()
        yield app, listing, pilot


@presses("list.open")
async def test_rows_are_opened_by_enter() -> None:
    async with hosted(things(3)) as (app, _listing, pilot):
        await pilot.press("j", "enter")
        await idle(app)
        assert [t["id"] for t in app.opened] == [1]


@pytest.mark.parametrize("column", [2, 8])
async def test_a_click_chooses_a_row_and_only_a_double_click_opens_it(column: int) -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        for row in (0, 2):  # the cursor is on the first one before
            at = (column, row + 1)  # below the titles
            await pilot.click(listing.table, offset=at)
            await idle(app)
            assert listing.current == app.things[row]
            assert app.opened == [], "one click opens nothing"
        await pilot.click(listing.table, offset=(column, 2), times=2)
        await idle(app)
        assert [t["id"] for t in app.opened] == [1]


async def test_a_click_on_the_titles_or_below_the_rows_does_nothing() -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        for row in (0, 9):
            await pilot.click(listing.table, offset=(3, row), times=2)
        await idle(app)
        assert app.opened == []
        assert listing.current == app.things[0]


async def test_the_next_page_comes_when_the_cursor_nears_the_end() -> None:
    async with hosted(things(PAGE + 30)) as (app, listing, pilot):
        assert len(listing.items) == PAGE
        await pilot.press("G")
        await until(lambda: len(listing.items) == PAGE + 30, "the second page")
        assert app.asked == [None, str(PAGE)]
        assert listing.current is not None
        assert listing.current["id"] == PAGE - 1, "the cursor stays where it was"
        assert listing.cursor is None


@presses("list.filter")
async def test_the_filter_narrows_while_it_is_typed_and_escape_drops_it() -> None:
    async with hosted(things(20)) as (app, listing, pilot):
        await pilot.press("slash", *"01", "5")
        await idle(app)
        assert [t["id"] for t in listing.shown] == [15]
        await pilot.press("enter", "j")
        assert listing.current is not None
        assert listing.current["id"] == 15
        await pilot.press("escape")
        await idle(app)
        assert len(listing.shown) == 20
        assert listing.current["id"] == 15, "the cursor stays on its row when the others come back"


async def test_an_exclamation_mark_leaves_out_what_fits() -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        await pilot.press("slash", "exclamation_mark", "0", "0", "1")
        await idle(app)
        assert [t["id"] for t in listing.shown] == [0, 2]


async def test_nothing_found_says_what_was_looked_for() -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        await pilot.press("slash", "x", "[", "slash")
        await idle(app)
        assert listing.has_class("-empty")
        assert "nothing fits 'x[/'" in str(listing.query_one(".empty", Static).content)


async def test_an_empty_list_says_what_to_do() -> None:
    async with hosted([]) as (_app, listing, _pilot):
        assert listing.has_class("-empty")
        assert "press n" in str(listing.query_one(".empty", Static).content)


@presses("list.mark", "list.mark_all", "list.leave")
async def test_marks_are_what_actions_are_about() -> None:
    async with hosted(things(4)) as (app, listing, pilot):
        assert [t["id"] for t in listing.chosen] == [0]
        await pilot.press("space", "j", "space")
        assert [t["id"] for t in listing.chosen] == [0, 2]
        await pilot.press("asterisk")
        assert len(listing.chosen) == 4
        await pilot.press("escape")
        await idle(app)
        assert listing.marked == []


@presses("list.sort", "list.reverse")
async def test_sorting_goes_through_the_columns_and_back() -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        await pilot.press("s", "s")
        await idle(app)
        assert [t["size"] for t in listing.shown] == [1, 2, 3]
        await pilot.press("S")
        await idle(app)
        assert [t["size"] for t in listing.shown] == [3, 2, 1]
        await pilot.press("s", "s")
        await idle(app)
        assert [t["id"] for t in listing.shown] == [0, 1, 2]


async def test_a_change_keeps_the_cursor_and_a_new_thing_comes_first() -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        await pilot.press("j")
        listing.upsert({"id": 1, "name": "changed", "size": 9})
        listing.upsert({"id": 9, "name": "new", "size": 0})
        await idle(app)
        assert [t["id"] for t in listing.shown] == [9, 0, 1, 2]
        assert listing.current == {"id": 1, "name": "changed", "size": 9}
        listing.take_out("1")
        await idle(app)
        assert listing.current["id"] == 2


async def test_hostile_names_are_only_text() -> None:
    async with hosted([{"id": 1, "name": HOSTILE, "size": 1}]) as (app, listing, _pilot):
        await idle(app)
        shown = listing.table.get_row("1")[1].plain
        assert shown == clean(HOSTILE)
        assert "\x1b" not in shown
        assert "\u202e" not in shown


async def test_narrow_terminals_lose_the_wide_columns() -> None:
    async with hosted(things(2), size=(20, 24)) as (app, listing, pilot):
        assert [c.title for c in listing.table.columns] == ["Name", "Size"]
        await pilot.resize_terminal(140, 30)
        await idle(app)
        assert [c.title for c in listing.table.columns] == ["Name", "Size", "Note"]
        assert len(listing.shown) == 2


@presses("list.down", "list.up", "list.first", "list.end", "list.page_down", "list.page_up", "list.copy", "list.more")
@presses("list.screen_down", "list.screen_up")
async def test_keys_move_copy_and_read_on() -> None:
    async with hosted(things(PAGE + 40), size=(120, 12)) as (app, listing, pilot):
        table = listing.table
        for down, up in (("j", "k"), ("down", "up"), ("ctrl+d", "ctrl+u"), ("pagedown", "pageup")):
            await pilot.press(down)
            moved = table.cursor_row
            assert (moved == 1) is (down in ("j", "down")), down
            assert moved < 12
            await pilot.press("y")
            assert f"thing {moved:03}" in app.clipboard
            await pilot.press(up)
            assert table.cursor_row == 0, up
        assert len(listing.shown) == PAGE
        await pilot.press("full_stop")
        await idle(app)
        assert len(listing.shown) == PAGE + 40, "the next page was asked for"
        for last, first in (("G", "g"), ("end", "home")):
            await pilot.press(last)
            assert table.cursor_row == PAGE + 39, last
            await pilot.press(first)
            assert table.cursor_row == 0, first


@presses("list.left", "list.right")
async def test_rows_that_are_too_wide_move_sideways() -> None:
    async with hosted([{"id": 1, "name": "x" * 200, "size": 1}], size=(40, 12)) as (_app, listing, pilot):
        await pilot.press("right")
        assert listing.table.scroll_offset.x > 0
        await pilot.press("left")
        assert listing.table.scroll_offset.x == 0


async def test_a_key_right_behind_enter_is_not_typed_into_the_filter() -> None:
    async with hosted(things(20)) as (app, listing, pilot):
        await pilot.press("slash", "0")
        for key in (Key("enter", None), Key("j", "j")):
            app.post_message(key)
        await until(lambda: listing.table.cursor_row == 1, "that j moved the cursor")
        assert listing.filter_text == "0"


async def test_ten_thousand_rows_are_drawn_by_what_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a row costs is worked out once when it comes; filter, sorting and moving look at seen cells only."""
    drawn: list[str] = []
    async with hosted(things(PAGE)) as (app, listing, pilot):
        listing.put(things(10_000))
        await idle(app)
        learn = listing.rows.learn

        def counted(key: str) -> list[Text]:
            drawn.append(key)
            return learn(key)

        monkeypatch.setattr(listing.rows, "learn", counted)
        await pilot.press("s", "S", "slash", "9", "enter", "G", "home", "escape", "pagedown")
        await idle(app)
        assert 0 < len(drawn) < 1_000


async def test_a_title_is_clicked_to_sort_and_says_how() -> None:
    async with hosted(things(3)) as (app, listing, pilot):
        for wanted in ([2, 1, 0], [0, 1, 2], [0, 1, 2]):
            await pilot.click(listing.table, offset=(15, 0))
            await idle(app)
            assert [t["id"] for t in listing.shown] == wanted
        await pilot.press("s", "S")
        await idle(app)
        assert "Name ↓" in "".join(segment.text for segment in listing.table.render_line(0))


async def test_wide_rows_move_sideways_and_say_that_they_go_on() -> None:
    wide = [{"id": 1, "name": "x" * 200, "size": 1}]
    async with hosted(wide, size=(60, 20)) as (app, listing, pilot):

        def line() -> str:
            return "".join(segment.text for segment in listing.table.render_line(1))

        assert line().endswith("…")
        await pilot.press(*["right"] * 30)
        await idle(app)
        assert line().rstrip().endswith("1")
        await pilot.press(*["left"] * 30)
        await idle(app)
        assert line().endswith("…")


async def test_a_filter_without_a_match_reads_on_but_not_for_ever() -> None:
    async with hosted(things(8_000)) as (app, listing, pilot):
        await pilot.press("slash", *"nowhere")
        await until(lambda: len(listing.items) >= 5_000, "what may be read by itself")
        await idle(app)
        assert len(listing.items) == 5_000
        assert "among the first 5,000" in str(listing.query_one(".empty", Static).content)


@presses("list.filter")
async def test_a_filter_that_was_dropped_comes_back_selected_with_the_next_slash() -> None:
    async with hosted(things(30)) as (app, listing, pilot):
        await pilot.press("slash", "2", "9", "enter", "escape")
        assert listing.filter_text == ""
        await pilot.press("slash")
        await idle(app)
        assert listing.filter_text == "29"
        await pilot.press("7")
        await idle(app)
        assert listing.filter_text == "7", "typing takes its place"
