"""The log pane: following, filtering, moving, copying."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import MouseScrollUp
from textual.pilot import Pilot
from textual.widgets import Input

from flowdesk.tui.draw.log_store import LogView
from flowdesk.tui.draw.logline import LogLine
from flowdesk.tui.widgets.log_pane import LogPane
from flowdesk.tui.widgets.log_panel import LogPanel
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE

NOON = datetime(2026, 11, 23, 12, 0, 9, tzinfo=UTC)


def lines(count: int, first: int = 0, level: str = "info", step: str | None = "send") -> list[LogLine]:
    return [
        LogLine(n, f"2026-11-23T12:00:{n % 60:02}Z", step, level, f"line {n:05}") for n in range(first, first + count)
    ]


class Host(App[None]):
    """A log panel and what it said."""

    def __init__(self, *, view: LogView | None = None, plain: bool = False) -> None:
        super().__init__()
        self.panel = LogPanel(view=view, ascii=plain, clock=lambda: NOON)
        self.pane = self.panel.pane
        self.said: list[tuple[str, Any]] = []

    def compose(self) -> ComposeResult:
        yield self.panel

    def on_log_pane_copy(self, message: LogPane.Copy) -> None:
        self.said.append(("copy", message.text))

    def on_log_pane_pager_wanted(self, message: LogPane.PagerWanted) -> None:
        self.said.append(("pager", message.text))

    def on_log_pane_inspect(self, message: LogPane.Inspect) -> None:
        self.said.append(("inspect", message.line))

    def on_log_canvas_older_wanted(self, message: LogPane.OlderWanted) -> None:
        self.said.append(("older", None))

    def on_log_pane_view_changed(self, message: LogPane.ViewChanged) -> None:
        self.said.append(("view", message.view))

    def seen(self) -> list[str]:
        return [self.pane.render_line(y).text.rstrip() for y in range(self.pane.size.height)]

    def texts(self) -> list[str]:
        return [line.text for line in self.pane.store.shown]


@asynccontextmanager
async def hosted(
    given: list[LogLine], size: tuple[int, int] = (80, 12), **options: Any
) -> AsyncIterator[tuple[Host, Pilot[None]]]:
    app = Host(**options)
    async with app.run_test(size=size) as pilot:
        app.pane.extend(given)
        app.pane.flush()
        app.pane.focus()
        await idle(app)
        yield app, pilot


async def arrive(app: Host, more: list[LogLine]) -> None:
    app.pane.extend(more)
    await until(lambda: app.pane.store.lines and app.pane.store.lines[-1] is more[-1], "the new lines to be drawn")
    await idle(app)


async def test_it_follows_the_end() -> None:
    async with hosted(lines(100)) as (app, _pilot):
        assert app.seen()[-1].endswith("send INFO  line 00099")
        await arrive(app, lines(50, 100))
        assert app.seen()[-1].endswith("line 00149")
        assert app.panel.status == "follow on · level info+ · filter: - · 150 lines"


@presses("log.follow", "log.up/k", "log.end/G")
async def test_going_up_stops_following_and_counts_new_lines() -> None:
    async with hosted(lines(100)) as (app, pilot):
        await pilot.press("k")
        assert not app.pane.following
        top = app.seen()[0]
        await arrive(app, lines(14, 100))
        assert app.seen()[0] == top, "what is read does not move"
        assert app.seen()[-1] == "── +14 new lines · G to follow ──"
        assert app.panel.status.startswith("follow off")
        await pilot.press("G")
        await idle(app)
        assert app.seen()[-1].endswith("line 00113")
        await pilot.press("f")
        assert not app.pane.following
        await pilot.press("f")
        assert app.pane.following


@presses("log.page_up/pageup")
async def test_the_wheel_and_page_up_stop_following() -> None:
    async with hosted(lines(100)) as (app, pilot):
        await pilot.press("pageup")
        assert not app.pane.following
        await pilot.press("f")
        app.pane.post_message(MouseScrollUp(app.pane, 5, 5, 0, -1, 0, False, False, False))
        await idle(app)
        assert not app.pane.following


async def test_dropped_lines_do_not_move_what_is_read_and_are_counted() -> None:
    async with hosted(lines(100)) as (app, pilot):
        app.pane.store.capacity = 120
        await pilot.press("k", "k")
        top = app.seen()[0]
        await arrive(app, lines(50, 100))
        assert app.seen()[0] == top
        assert app.texts()[0] == "line 00030"
        assert app.panel.status.endswith("120 lines · 30 older dropped")


@presses("log.filter", "log.leave", "logfilter.leave/escape")
async def test_the_filter_narrows_while_it_is_typed_survives_and_is_recalled() -> None:
    async with hosted([*lines(50), *lines(50, 50, step="other")]) as (app, pilot):
        await pilot.press("slash", *"0004")
        await idle(app)
        assert app.texts() == [f"line {n:05}" for n in (4, *range(40, 50))]
        await pilot.press("enter", "w", "t")
        assert app.pane.has_focus
        assert len(app.texts()) == 11
        await arrive(app, lines(1, 400))
        assert app.texts()[-1] == "line 00049", "new lines are filtered too"
        await pilot.press("escape")
        assert len(app.texts()) == 101
        await pilot.press("slash")
        await idle(app)
        assert app.query_one(Input).value == "0004"
        assert app.query_one(Input).content_size.height == 1, "what is typed can be seen"
        assert len(app.texts()) == 11
        await pilot.press(*"!line", "escape")
        await idle(app)
        assert app.texts() == []
        assert app.seen()[0] == "no line fits the filter"


@presses("log.context", "log.next", "log.previous", "log.first/g")
async def test_highlighting_keeps_the_context_and_n_goes_from_match_to_match() -> None:
    async with hosted(lines(100)) as (app, pilot):
        app.pane.set_filter("7")
        await pilot.press("ampersand")
        assert len(app.texts()) == 100
        await pilot.press("g", "n", "n", "n")
        assert app.pane.line is not None
        assert app.pane.line.text == "line 00027"
        await pilot.press("N")
        assert app.pane.line.text == "line 00017"
        assert app.panel.status == "follow off · level info+ · highlight: 7 · 100 lines"
        assert ("view", LogView(context=True)) in app.said


async def test_without_a_filter_n_goes_to_errors() -> None:
    given = [*lines(20), *lines(1, 20, "error"), *lines(20, 21)]
    async with hosted(given) as (app, pilot):
        await pilot.press("N")
        assert app.pane.line is not None
        assert app.pane.line.text == "line 00020"
        await pilot.press("v", "v")
        assert app.texts() == ["line 00020"]


async def test_a_pattern_is_searched_outside_and_new_lines_too() -> None:
    async with hosted(lines(5_000)) as (app, _pilot):
        app.pane.set_filter(r"re:000[13]\d$")
        await until(lambda: len(app.texts()) == 20 and not app.pane.store.waiting, "the pattern to be found")
        app.pane.extend([LogLine(0, "", "send", "info", "again 00010")])
        await until(lambda: app.texts()[-1] == "again 00010", "the new line to be found")
        app.pane.set_filter("/LINE 0000[12]/")
        await until(lambda: app.texts() == ["line 00001", "line 00002"], "slashes and any case")


async def test_older_lines_are_searched_too_and_nothing_is_shown_twice() -> None:
    async with hosted(lines(8_000, 5_000)) as (app, pilot):
        app.pane.set_filter("re:^line .*7$")
        await pilot.pause()
        app.pane.prepend(lines(3_000, 2_000))
        await until(lambda: not app.pane.store.waiting, "all lines to be looked through")
        await idle(app)
        assert app.texts() == [f"line {n:05}" for n in range(2_007, 13_000, 10)]


async def test_what_a_pattern_found_is_marked() -> None:
    async with hosted([LogLine(1, "", "s", "info", "code 535 here")]) as (app, pilot):
        app.pane.set_filter(r"re:\d+")
        await until(lambda: len(app.texts()) == 1, "the line to be found")
        await pilot.pause()
        text = next(segment for segment in app.pane.render_line(0) if segment.text == "535")
        hit = app.pane.get_component_rich_style("log--hit", partial=True)
        assert text.style is not None
        assert text.style.bgcolor == hit.bgcolor


async def test_changing_the_pattern_while_it_is_searched_shows_the_last_one() -> None:
    async with hosted(lines(20_000)) as (app, pilot):
        for pattern in ("re:1", "re:12", "re:123", r"re:0123\d"):
            app.pane.set_filter(pattern)
            await pilot.pause()
        await until(lambda: len(app.texts()) == 10, "the last pattern")
        await idle(app)
        assert app.texts() == [f"line {n:05}" for n in range(1230, 1240)]


async def test_a_pattern_that_cannot_be_used_is_said_and_shows_everything() -> None:
    async with hosted(lines(5)) as (app, pilot):
        await pilot.press("slash", *"re:[[", "escape")
        await idle(app)
        assert len(app.texts()) == 5
        assert "unterminated character set" in app.panel.status
        assert app.panel.has_class("-invalid")


async def test_a_pattern_without_end_is_given_up_and_the_screen_goes_on() -> None:
    given = [LogLine(1, "", "s", "info", "a" * 60 + "!")]
    async with hosted(given) as (app, pilot):
        app.pane.set_filter("re:(a+)+$")
        await pilot.press("t")
        assert not app.pane.store.layout.times, "keys work while it is searched"
        await until(lambda: app.pane.store.wanted.problem, "the search to be given up")
        await idle(app)
        assert "takes too long" in app.panel.status
        assert len(app.texts()) == 1


async def test_where_no_process_can_be_started_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    async with hosted(lines(5)) as (app, _pilot):
        app.pane.set_filter("re:3$")
        await until(lambda: app.pane.store.wanted.problem, "the search to be given up")
        await idle(app)
        assert "cannot be searched here: No such file" in app.panel.status
        assert len(app.texts()) == 5


@presses("log.step")
async def test_only_this_step_and_escape_drops_it() -> None:
    async with hosted([*lines(3), *lines(4, 3, step="other")]) as (app, pilot):
        await pilot.press("s")
        assert app.texts() == [f"line {n:05}" for n in range(3, 7)]
        assert "step other" in app.panel.status
        await pilot.press("escape")
        assert len(app.texts()) == 7


@presses("log.right/right")
async def test_wrapped_lines_show_all_of_their_text() -> None:
    text = "".join(f"{n:04}" for n in range(100))
    wide = "日本語" * 40
    given = [LogLine(1, "", "s", "info", text), LogLine(2, "", "s", "info", wide)]
    async with hosted(given, size=(60, 30), view=LogView(wrap=True)) as (app, pilot):
        rows = app.seen()
        drawn = "".join(row.split("INFO ")[-1].strip() for row in rows)
        assert drawn == text + wide
        assert all(cell_len(row) <= 59 for row in rows)
        assert len(app.pane.store.rows) == len([row for row in rows if row])
        await pilot.press("w")
        await idle(app)
        assert len(app.pane.store.rows) == 2
        await pilot.press("k", "right", "right")
        await idle(app)
        assert app.pane.scroll_offset.x == 16
        assert app.pane.view == LogView(wrap=False)


async def test_older_lines_are_asked_for_once_and_do_not_move_what_is_seen() -> None:
    async with hosted(lines(50, 100)) as (app, pilot):
        app.pane.more_before = True
        await pilot.press("g", "k", "k")
        await idle(app)
        assert app.said == [("older", None)]
        app.pane.prepend(lines(30, 70))
        await idle(app)
        assert app.seen()[0].endswith("line 00100")
        assert app.texts()[0] == "line 00070"
        await pilot.press("g")
        await idle(app)
        assert app.said == [("older", None)] * 2


@presses("log.copy", "log.copy_all", "log.pager", "log.inspect")
async def test_copying_paging_and_inspecting() -> None:
    async with hosted(lines(3)) as (app, pilot):
        await pilot.press("k", "y", "Y", "p", "enter")
        await idle(app)
        first = "2026-11-23T12:00:00Z send INFO  line 00000"
        assert app.said[0] == ("copy", "2026-11-23T12:00:01Z send INFO  line 00001")
        assert [kind for kind, _ in app.said] == ["copy", "copy", "pager", "inspect"]
        assert app.said[1][1].splitlines()[0] == app.said[2][1].splitlines()[0] == first
        assert app.said[3][1].text == "line 00001"


@presses("log.mark")
async def test_marks_and_gaps_are_hidden_by_nothing() -> None:
    async with hosted(lines(3)) as (app, pilot):
        await pilot.press("m")
        app.pane.mark_gap(f"312 lines while away {HOSTILE}")
        app.pane.set_filter("00002")
        app.pane.set_step("send")
        await idle(app)
        assert len(app.texts()) == 3
        assert app.seen()[1] == "── 12:00:09 ──"
        assert app.seen()[2].startswith("── 312 lines while away x [/y]")


async def test_text_is_selected_with_the_mouse_over_the_chosen_rows_only() -> None:
    async with hosted(lines(1000)) as (app, pilot):
        await pilot.mouse_down(app.pane, offset=(13, 2))
        await pilot.hover(app.pane, offset=(18, 3))
        await pilot.mouse_up(app.pane, offset=(18, 3))
        await idle(app)
        assert not app.pane.following, "nothing moves away while it is selected"
        chosen = app.screen.get_selected_text()
        assert chosen is not None
        top = app.pane.scroll_offset.y + 2
        assert chosen.startswith(f"send INFO  line {top:05}\n")
        assert chosen.count("\n") == 1
        await arrive(app, lines(5, 1000))
        assert app.screen.get_selected_text() == chosen


async def test_a_click_on_the_count_of_new_lines_follows_and_a_double_click_moves() -> None:
    async with hosted(lines(100)) as (app, pilot):
        await pilot.press("pageup")
        await arrive(app, lines(5, 100))
        row = app.pane.size.height - 1
        await pilot.click(app.pane, offset=(20, 1))
        assert app.pane.line is not None
        assert app.seen()[1].endswith(app.pane.line.text)
        await pilot.click(app.pane, offset=(5, row))
        await idle(app)
        assert app.pane.following


async def test_hostile_lines_are_only_text() -> None:
    given = [LogLine(1, HOSTILE, HOSTILE, "info", HOSTILE), LogLine(2, "", None, "error", "x" * 1_000_000)]
    async with hosted(given) as (app, pilot):
        app.pane.set_filter(HOSTILE)
        await pilot.press("ampersand")
        app.pane.set_step(HOSTILE)
        await idle(app)
        assert all(row.isprintable() for row in app.seen())
        assert app.panel.status.isprintable()
        assert r"x \[/y] \[red]z" in (app.panel.border_subtitle or ""), (
            "it is read back as markup, with brackets escaped"
        )
        assert app.panel.status.endswith("1 line")
        assert "x [/y] [red]z ␛[2J⟨U+202E⟩{{a}} ⟨U+D800⟩" in app.texts()[0]


async def test_ascii_terminals_get_ascii() -> None:
    async with hosted(lines(30), plain=True) as (app, pilot):
        await pilot.press("k", "m")
        await arrive(app, lines(3, 30))
        assert "".join([*app.seen(), app.panel.status]).isascii()
        assert app.seen()[-1] == "-- +4 new lines - G to follow --"


async def test_clearing_forgets_the_lines_and_keeps_the_filter() -> None:
    async with hosted(lines(30)) as (app, _pilot):
        app.pane.set_filter("31")
        app.pane.clear()
        await arrive(app, lines(5, 30))
        assert app.texts() == ["line 00031"]


async def test_a_changed_theme_draws_in_its_colours() -> None:
    async with hosted(lines(5)) as (app, _pilot):
        before = [segment.style for segment in app.pane.render_line(0)]
        app.theme = "textual-light"
        await idle(app)
        assert [segment.style for segment in app.pane.render_line(0)] != before


async def test_nothing_but_older_lines_is_called_older_lines() -> None:
    assert not issubclass(LogPane.Changed, LogPane.OlderWanted)
    assert not issubclass(LogPane.FilterWanted, LogPane.OlderWanted)
