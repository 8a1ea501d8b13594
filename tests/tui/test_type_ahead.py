"""Keys and clicks that come at once: each finds the screen as the one before it has left it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.events import Event, Key, MouseDown, MouseUp
from textual.widgets import Input

from flowdesk.tui.type_ahead import TypeAhead
from tests.tui.waiting import until


class Fields(App[None]):
    """Two fields, with or without the order of what is given."""

    def __init__(self, *, ordered: bool) -> None:
        super().__init__()
        self.ahead = TypeAhead(self, super().on_event) if ordered else None

    async def on_event(self, event: Event) -> None:
        if self.ahead is None:
            await super().on_event(event)
        elif not self.ahead.takes(event):
            await self.ahead.pass_on(event)

    def compose(self) -> ComposeResult:
        yield Input(id="a")
        yield Input(id="b")


def _click(app: App[Any], selector: str) -> list[Event]:
    region = app.screen.query_one(selector).region
    x, y = region.x + 4, region.y + 1
    given = (None, x, y, 0, 0, 1, False, False, False, x, y)
    return [MouseDown(*given), MouseUp(*given)]


def _typed(text: str) -> list[Event]:
    return [Key(char, char) for char in text]


async def _values(*, ordered: bool) -> tuple[str, str]:
    app = Fields(ordered=ordered)
    async with app.run_test(size=(40, 10)):
        first, second = app.query(Input)
        first.focus()
        events = [*_typed("abcdefgh"), *_click(app, "#b"), *_typed("uvw"), Key("home", None), *_typed("t")]
        for event in [*events, *_click(app, "#a"), Key("end", None), *_typed("i")]:
            app.post_message(event)
        await until(lambda: len(first.value) + len(second.value) == 13, "all that was typed")
        return first.value, second.value


async def test_a_click_waits_for_the_keys_before_it_and_keys_for_the_click() -> None:
    assert await _values(ordered=True) == ("abcdefghi", "tuvw")


async def test_without_this_they_overtake_each_other() -> None:
    """Else the test above would show nothing."""
    assert await _values(ordered=False) != ("abcdefghi", "tuvw")


@pytest.mark.parametrize("count", [1, 40])
async def test_nothing_is_held_for_ever(count: int) -> None:
    app = Fields(ordered=True)
    async with app.run_test(size=(40, 10)):
        for _ in range(count):
            for event in _click(app, "#b"):
                app.post_message(event)
        for event in _typed("z"):
            app.post_message(event)
        await until(lambda: app.query_one("#b", Input).value == "z", "what was typed after the clicks")
