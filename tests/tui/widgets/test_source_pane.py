"""The source: what is typed is told, lines are marked and found, and colouring never hurts."""

from __future__ import annotations

import asyncio
import sys

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Input, TextArea

from flowdesk.exporting import Format
from flowdesk.tui.widgets.source_pane import HIGHLIGHTED_LINES, SourcePane
from flowdesk.tui.widgets.source_text import SourceText
from tests.tui.pressing import presses
from tests.tui.waiting import until

TEXT = "name: one\nsteps:\n  - id: a\n    ref: core.log\n"
HOSTILE = "[/red]x[b \x1b[2J \u202e \ud800 \x9b \t" + "y" * 5000
CHILD = """
import asyncio
from textual.app import App
from flowdesk.tui.widgets.source_pane import SourcePane
class Host(App):
    def compose(self):
        yield SourcePane({text!r}, {form!r})
async def main():
    async with Host().run_test() as pilot:
        pilot.app.query_one(SourcePane).focus()
        for key in ("enter", "a", "backspace", "x"):
            await pilot.press(key)
        assert pilot.app.query_one(SourcePane).highlighted
asyncio.run(main())
"""


class Host(App[None]):
    """A pane and what was typed into it."""

    def __init__(self, text: str = TEXT, form: Format = "yaml") -> None:
        super().__init__()
        self.pane = SourcePane(text, form)
        self.edited: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.pane

    def on_source_pane_edited(self, event: SourcePane.Edited) -> None:
        assert event.control is self.pane
        self.edited.append(event.text)

    @property
    def area(self) -> SourceText:
        return self.pane.query_one(SourceText)

    def rows(self) -> list[str]:
        return [self.area.render_line(y).text for y in range(self.area.size.height)]


async def test_typing_is_told_and_showing_is_not() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.pane.focus()
        app.pane.show(TEXT + "# more\n", "yaml")
        await pilot.pause()
        assert app.edited == []
        await pilot.press("x", "y")
        await until(lambda: len(app.edited) == 2, "both letters")
        assert app.edited[-1] == "xy" + TEXT + "# more\n"


async def test_the_cursor_stays_in_its_line_when_the_text_is_replaced() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.pane.goto(3)
        app.pane.show(TEXT.replace("one", "two"), "yaml")
        await pilot.pause()
        assert app.pane.line == 3
        app.pane.show("", "yaml")
        assert app.pane.line == 1
        app.pane.goto(99)
        assert app.pane.line == 1


async def test_lines_with_problems_are_marked() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.pane.mark([3])
        await pilot.pause()
        assert [row[: app.area.gutter_width].strip() for row in app.rows()[:4]] == ["1", "2", "3 !", "4"]
        app.pane.mark([])
        assert not any("!" in row for row in app.rows())


@presses("source.find", "source.next", "source.leave")
async def test_finding_goes_round() -> None:
    app = Host("one\nTwo one\nthree\n")
    async with app.run_test() as pilot:
        app.pane.focus()
        await pilot.press("ctrl+f", *"one", "enter")
        assert app.area.cursor_location == (1, 4)
        await pilot.press("f3")
        assert app.area.cursor_location == (0, 0)
        await pilot.press("ctrl+f")
        assert app.pane.query_one(Input).has_focus
        await pilot.press("escape")
        assert app.area.has_focus
        assert app.edited == []


async def test_what_is_not_there_is_said() -> None:
    app = Host()
    async with app.run_test() as pilot:
        app.pane.focus()
        await pilot.press("ctrl+f", *"zz", "enter")
        assert app.pane.has_class("-noted")
        assert app.pane.line == 1


@pytest.mark.parametrize("form", ["yaml", "json"])
async def test_long_texts_are_not_coloured(form: Format) -> None:
    most = HIGHLIGHTED_LINES[form]
    app = Host("\n" * (most - 1), form)
    async with app.run_test() as pilot:
        assert app.pane.highlighted
        app.pane.focus()
        await pilot.press("enter")
        await until(lambda: not app.pane.highlighted, "the colours to go")
        assert app.pane.has_class("-noted")
        assert app.pane.line == 2
        app.pane.show(TEXT, form)
        assert app.pane.highlighted


async def test_hostile_text_is_drawn_harmlessly_and_kept() -> None:
    app = Host(HOSTILE.replace("\ud800", ""))
    async with app.run_test(size=(120, 36)) as pilot:
        app.pane.focus()
        await pilot.press("x")
        assert app.pane.text == "x" + HOSTILE.replace("\ud800", "")
        drawn = "".join(app.rows())
        assert "[/red]x[b ␛[2J" in drawn
        assert drawn.isprintable()


async def test_the_theme_is_that_of_the_app() -> None:
    app = Host()
    async with app.run_test():
        assert app.query_one(TextArea).theme == "css"


@pytest.mark.parametrize(("form", "text"), [("yaml", TEXT), ("json", '{"name": "one", "steps": [{"id": "a"}]}')])
async def test_the_parsers_do_not_crash(form: str, text: str) -> None:
    """A parser that does not fit its grammar ends the process, so it is tried in one of its own."""
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD.format(text=text, form=form))
    async with asyncio.timeout(60):
        assert await child.wait() == 0
