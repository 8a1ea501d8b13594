"""The steps of a run, changed in place."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from textual.app import App, ComposeResult

from flowdesk.tui.widgets.step_list import StepList
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOSTILE = "\x1b[2J [/red]x[b \u202e\ud800"


def step(
    step_id: str, status: str, began: float | None = None, took: float | None = None, **more: Any
) -> dict[str, Any]:
    start = None if began is None else NOON + timedelta(seconds=began)
    end = None if start is None or took is None else start + timedelta(seconds=took)
    return {
        "id": step_id,
        "name": None,
        "status": status,
        "attempt": 1,
        "startedAt": start and start.isoformat(),
        "finishedAt": end and end.isoformat(),
        "durationMs": None if took is None else took * 1000,
        "retryAt": None,
        "reused": False,
        **more,
    }


STEPS = [
    step("hook", "SUCCESS", 0, 0.0005),
    step("validate", "SUCCESS", 1, 2, reused=True),
    step("send", "FAILED", 3, 7, attempt=3),
    step("again", "WAITING", 5, None, retryAt="2026-11-23T12:01:00Z"),
    step("report", "PENDING", name=HOSTILE),
]


class Host(App[None]):
    """The list, a clock that stands, and what the list said."""

    def __init__(self, *, plain: bool = False) -> None:
        super().__init__()
        self.now = NOON + timedelta(seconds=10)
        self.steps = StepList(lambda: self.now, plain=plain)
        self.said: list[tuple[str, str]] = []

    def compose(self) -> ComposeResult:
        yield self.steps

    def on_step_list_highlighted(self, event: StepList.Highlighted) -> None:
        self.said.append(("highlighted", event.step_id))

    def on_step_list_opened(self, event: StepList.Opened) -> None:
        self.said.append(("opened", event.step_id))

    def ticking(self) -> bool:
        return self.steps.ticks

    def lines(self) -> list[str]:
        return [self.steps.render_line(y).text for y in range(self.steps.size.height)]


async def test_state_bar_duration_and_attempts() -> None:
    app = Host()
    async with app.run_test(size=(70, 8)):
        app.steps.show(STEPS)
        await idle(app)
        rows = app.lines()
        assert rows[0].startswith(" ✔ hook")
        assert rows[0].rstrip().endswith("0.5 ms")
        assert rows[1].rstrip().endswith("2.0 s   =")
        assert rows[2].startswith(" ✖ send")
        assert rows[2].rstrip().endswith("7.0 s   3")
        assert rows[2].count("█") > rows[1].count("█") > 1
        assert rows[3].startswith(" ↻ again")
        assert rows[4].startswith(" · ␛[2J [/red]x[b")
        assert rows[4].rstrip().endswith("–")
        assert all(row.isprintable() for row in rows)
        assert {app.steps.render_line(y).cell_length for y in range(8)} == {70}


async def test_a_narrow_list_has_no_bars_and_ascii_has_no_glyphs() -> None:
    app = Host(plain=True)
    async with app.run_test(size=(26, 8)):
        app.steps.show(STEPS[:4])
        await idle(app)
        assert "".join(app.lines()).replace("…", "").isascii()
        assert "#" not in "".join(app.lines())
        assert app.lines()[2].startswith(" x send")


async def test_it_ticks_only_while_something_runs() -> None:
    app = Host()
    async with app.run_test(size=(70, 8)):
        app.steps.show(STEPS)
        assert not app.ticking()
        app.steps.update_step(step("report", "RUNNING", 8))
        await idle(app)
        assert app.ticking()
        assert app.lines()[4].rstrip().endswith("2.0 s")
        app.now += timedelta(seconds=3)
        await until(lambda: app.lines()[4].rstrip().endswith("5.0 s"), "the time to go on")
        app.steps.update_step(step("report", "SUCCESS", 8, 4))
        assert not app.ticking()
        assert app.lines()[4].startswith(" ✔ report")


@presses("steps.down", "steps.up", "steps.first", "steps.end", "steps.open")
async def test_the_cursor_moves_and_stays_when_steps_change() -> None:
    app = Host()
    async with app.run_test(size=(70, 3)) as pilot:
        app.steps.show(STEPS)
        app.steps.focus()
        for key, wanted in [("j", "validate"), ("down", "send"), ("k", "validate"), ("G", "report"), ("up", "again")]:
            await pilot.press(key)
            assert app.steps.cursor == wanted
        assert app.steps.scroll_offset.y > 0
        app.steps.show([*STEPS[2:], step("new", "PENDING")])
        assert app.steps.cursor == "again"
        await pilot.press("home")
        first = app.steps.cursor
        await pilot.press("end")
        assert app.steps.cursor == "new"
        await pilot.press("g")
        assert app.steps.cursor == first == "send"
        await pilot.press("enter")
        await pilot.pause()
        assert app.said[-1] == ("opened", "send")
        await pilot.click(app.steps, offset=(5, 1))
        assert app.steps.cursor == "again"
        app.steps.show(STEPS[:1])
        await pilot.pause()
        assert app.said[-1] == ("highlighted", "hook")


async def test_a_thousand_steps_are_shown_at_once() -> None:
    app = Host()
    async with app.run_test(size=(70, 30)):
        app.steps.show([step(f"s{n}", "SUCCESS", n, 1) for n in range(1000)])
        app.steps.select("s999")
        await idle(app)
        assert any("s999" in line for line in app.lines())
