"""A log and its panel: the filter line, and what the border says."""

from __future__ import annotations

from textual.events import Key
from textual.widgets import Input

from tests.tui.waiting import idle, until
from tests.tui.widgets.test_log_pane import Host, hosted, lines


async def test_a_key_right_behind_enter_is_not_typed_into_the_filter() -> None:
    """Both keys are on their way before the line can give up the focus, as a fast hand or a paste sends them."""
    app = Host()
    async with app.run_test(size=(100, 20)) as pilot:
        app.pane.focus()
        await pilot.press("slash", "7")
        following = app.pane.following
        for key in (Key("enter", None), Key("f", "f")):
            app.post_message(key)
        await until(lambda: app.pane.following is not following, "that f was heard by the pane")
        assert app.query_one(Input).value == "7"
        assert app.focused is app.pane


async def test_more_lines_than_can_be_kept_are_counted_and_the_newest_are_shown() -> None:
    async with hosted(lines(5)) as (app, _pilot):
        app.pane.store.capacity = 100
        app.pane.extend(lines(5_000, 5))
        app.pane.flush()
        await idle(app)
        assert app.texts() == [f"line {n:05}" for n in range(4905, 5005)]
        assert app.panel.status.endswith("100 lines · 4,905 older dropped")
