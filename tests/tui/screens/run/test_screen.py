"""The run view: what it stands on, what each key shows, at every size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import TabPane

from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.screens.run.screen import RunScreen
from flowdesk.tui.widgets.key_line import KeyLine
from tests.tui.pressing import presses
from tests.tui.runs import MAIL, Played, chain, failed_run, running_run
from tests.tui.waiting import idle, said, until
from tests.tui.world import HOSTILE, World


@asynccontextmanager
async def opened(
    played: Played,
    *,
    size: tuple[int, int] = (120, 36),
    step: str | None = None,
    tab: str | None = None,
    **options: Any,
) -> AsyncIterator[tuple[FlowDeskApp, Pilot[int], RunScreen]]:
    """The run view, read to the end."""
    async with played.world.shown("workflows", size=size, **options) as (app, pilot):
        app.open_run(played.id, step=step, tab=tab)
        await until(lambda: isinstance(app.screen, RunScreen), "the run view")
        screen = app.screen
        assert isinstance(screen, RunScreen)
        await until(lambda: screen.model is not None and not screen.feed.paused, "the run")
        await idle(app)
        yield app, pilot, screen


def log_texts(screen: RunScreen) -> list[str]:
    """What the log shows."""
    pane = screen.tabs.log_panel.pane
    pane.flush()
    return [line.text for line in pane.store.shown]


async def test_a_failed_run_opens_on_its_failure(world: World) -> None:
    async with opened(failed_run(world)) as (app, _pilot, screen):
        assert screen.tabs.active == "error"
        assert screen.chosen == screen.steps.cursor == screen.map.cursor == MAIL
        assert "the partner answered 500 (3)" in screen.tabs.error.text
        assert "3 of 3" in screen.tabs.error.text
        assert not screen.ticks
        assert app.focused is screen.steps


async def test_a_tab_does_not_come_back_because_its_focus_is_told_late(world: World) -> None:
    async with opened(failed_run(world)) as (app, _pilot, screen):
        screen.tabs.go("input")
        await idle(app)
        pane = screen.tabs.query_one("#input", TabPane)
        screen.tabs.go("output")
        pane.post_message(TabPane.Focused(pane))  # as it comes when the app was busy while the first had the focus
        await idle(app)
        assert screen.tabs.active == "output"


async def test_a_running_run_opens_on_its_log_and_follows(world: World) -> None:
    async with opened(running_run(world)) as (app, _pilot, screen):
        assert screen.tabs.active == "log"
        assert app.focused is screen.tabs.log_panel.pane
        assert screen.tabs.log_panel.pane.following
        assert "connecting" in log_texts(screen)
        assert screen.ticks


@pytest.mark.parametrize(
    ("key", "tab"),
    [
        pytest.param(key, tab, marks=presses(f"run.{tab}"))
        for key, tab in (("L", "log"), ("I", "input"), ("O", "output"), ("X", "error"), ("J", "journal"))
    ],
)
async def test_each_tab_has_its_key(world: World, key: str, tab: str) -> None:
    async with opened(failed_run(world)) as (app, pilot, screen):
        await pilot.press(key)
        await until(lambda: screen.tabs.active == tab, tab)
        await idle(app)
        if tab != "output":  # nothing to look into: the step failed
            assert app.focused is not None
            assert app.focused is not screen.steps
        await pilot.press("escape")
        await until(lambda: app.screen is not screen, "the way back")


@presses("run.next_tab", "run.previous_tab")
async def test_brackets_go_round(world: World) -> None:
    async with opened(failed_run(world), tab="journal") as (app, pilot, screen):
        await pilot.press("right_square_bracket")
        await idle(app)
        assert screen.tabs.active == "log"
        await pilot.press("left_square_bracket")
        await idle(app)
        assert screen.tabs.active == "journal"


async def test_input_and_output_are_those_of_the_chosen_step(world: World) -> None:
    async with opened(failed_run(world), step="look", tab="output") as (app, pilot, screen):
        inspector = screen.tabs.output.inspector
        assert screen.chosen == "look"
        await pilot.press("O")
        await idle(app)
        inspector.action_inspector_copy_path()
        await until(lambda: app.clipboard == "{{steps.look}}", "the path")
        screen.steps.focus()
        await pilot.press("j")
        await idle(app)
        assert screen.chosen == screen.map.cursor == MAIL
        assert screen.tabs.output.note == "it failed and gave no output"


async def test_the_map_moves_the_list(world: World) -> None:
    async with opened(failed_run(world)) as (app, pilot, screen):
        screen.map.focus()
        await idle(app)
        await pilot.press("h")
        await until(lambda: screen.chosen == "look", "the step to the left")
        assert screen.steps.cursor == "look"


@presses("run.older_attempt", "run.newer_attempt")
async def test_earlier_attempts_can_be_looked_at(world: World) -> None:
    async with opened(failed_run(world)) as (app, pilot, screen):
        await pilot.press("less_than_sign")
        await until(lambda: screen.attempt == 2, "the attempt before")
        assert "the partner answered 500 (2)" in screen.tabs.error.text
        assert "2 of 3" in screen.tabs.error.text
        await pilot.press("less_than_sign")
        await until(lambda: screen.attempt == 1, "the first attempt")
        assert screen.refusal("run.older_attempt") == "there is no earlier attempt"
        await pilot.press("greater_than_sign", "greater_than_sign")
        await until(lambda: screen.attempt_number == 3, "the last attempt")
        assert screen.refusal("run.newer_attempt") == "there is no later attempt"
        await idle(app)


@presses("run.next_error")
async def test_n_goes_to_an_error_in_the_log(world: World) -> None:
    async with opened(failed_run(world)) as (app, pilot, screen):
        pane = screen.tabs.log_panel.pane
        await pilot.press("L", "g")
        screen.steps.focus()
        await idle(app)
        await pilot.press("n")
        await until(lambda: screen.tabs.active == "log" and pane.line is not None and pane.line.level == "error", "it")


@pytest.mark.parametrize("key", [pytest.param(key, marks=presses(f"run.markdown/{key}")) for key in "yM"])
async def test_the_failure_is_copied_as_markdown(world: World, key: str) -> None:
    async with opened(failed_run(world)) as (app, pilot, screen):
        await pilot.press(key)
        await idle(app)
        assert "> the partner answered 500 (3)" in app.clipboard
        assert f"`{screen.run_id}`" in app.clipboard
        assert '"to": "ada@example.org"' in app.clipboard


@presses("run.edit")
async def test_edit_opens_the_editor_on_the_step(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    played = failed_run(world)
    async with opened(played) as (app, pilot, _screen):
        asked: list[tuple[object, ...]] = []
        monkeypatch.setattr(
            app,
            "open_editor",
            lambda workflow, *, step=None, field=None, run_id=None: asked.append((workflow, step, field, run_id)),
        )
        await pilot.press("e")
        await idle(app)
        assert asked == [(played.saved["id"], MAIL, None, played.id)]


@presses("run.map")
async def test_o_makes_room_and_gives_it_back(world: World) -> None:
    async with opened(failed_run(world)) as (app, pilot, screen):
        await pilot.press("o")
        await idle(app)
        assert not screen.map.display
        await pilot.press("o")
        await idle(app)
        assert screen.map.display


async def test_a_narrow_terminal_shows_the_map_on_demand(world: World) -> None:
    async with opened(failed_run(world), size=(80, 24)) as (_app, pilot, screen):
        assert not screen.map.display
        await pilot.press("o")
        await until(lambda: screen.map.display and screen.map.has_focus_within, "the map")
        assert screen.chosen == screen.map.cursor == MAIL
        await pilot.press("k")
        await until(lambda: screen.chosen == "look", "the step above")


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_hostile_data_is_only_shown(world: World, size: tuple[int, int]) -> None:
    played = Played(world, 5)
    played.saved["name"] = HOSTILE
    played.saved["steps"] = [{**step, "name": HOSTILE} for step in chain()]
    played.done("look", {HOSTILE: HOSTILE, "list": [HOSTILE] * 3})
    played.start(MAIL, {HOSTILE: [HOSTILE, "x" * 20_000]})
    played.log(MAIL, HOSTILE + "\n" + "y" * 20_000, "error")
    played.give(_failure(HOSTILE))
    played.serve()
    document = played.document()
    world.http.on("GET", f"/api/runs/{played.id}", lambda r: {**document, "workflowName": HOSTILE})
    async with opened(played, size=size) as (app, pilot, screen):
        for key in ("X", "I", "O", "L", "J", "o", "M"):
            await pilot.press(key)
            await idle(app)
        assert "\x1b" not in screen.tabs.error.text
        assert "\u202e" not in app.clipboard
        assert "\x1b" not in app.clipboard


def _failure(message: str) -> Any:
    from engine.inputs import Finished
    from engine.sdk import StepResult

    return Finished(MAIL, StepResult.failure(message, code="http_500", data={"body": message}, retryable=False))


async def test_a_run_that_is_gone_is_told_and_left(world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        below = app.screen
        app.open_run("run_none")
        await until(lambda: app.screen is below and said(app), "the way back")
        assert said(app) == ["there is no run run_none, or it is not yours"]


async def test_what_cannot_be_done_says_why(world: World) -> None:
    async with opened(failed_run(world)) as (_app, _pilot, screen):
        assert screen.refusal("run.cancel") == "the run has ended"
        assert screen.refusal("run.decide") == "the run asks nothing"
        assert screen.refusal("run.rerun") is None
        assert screen.query_one(KeyLine)
    async with opened(failed_run(world, 3), read_only=True) as (_app, _pilot, screen):
        assert screen.check_action("run_rerun", ()) is False
        assert screen.check_action("run_error", ()) is True


@presses("log.wrap", "log.level")
async def test_settings_of_the_log_are_remembered(world: World) -> None:
    async with opened(running_run(world)) as (app, pilot, screen):
        await pilot.press("w", "v")
        await until(lambda: (app.memory.get("run.log") or {}).get("level") == "warning", "the settings")
        app.memory.put("run.log", {**app.memory.get("run.log"), "wrap": "yes", "level": "error"})
        assert screen._log_view().level == "error"
        assert screen._log_view().wrap is False


@presses("log.right/l")
async def test_long_lines_of_the_log_need_no_bar_below_them(world: World) -> None:
    async with opened(running_run(world), size=(80, 24)) as (app, pilot, screen):
        pane = screen.tabs.log_panel.pane
        assert pane.virtual_size.width > pane.size.width
        assert pane.scrollable_content_region.height == pane.region.height
        await pilot.press("l")
        await idle(app)
        assert pane.scroll_x > 0


async def test_keys_that_come_before_the_run_does_are_kept_or_do_nothing(world: World) -> None:
    """A slow server or a fast hand: they came to a screen that had no parts yet."""
    played = failed_run(world)
    async with played.world.shown("workflows", toasts=True) as (app, _pilot):
        app.open_run(played.id)
        screen = app.screen
        assert isinstance(screen, RunScreen)
        screen.action_run_next_tab()
        screen.action_run_previous_tab()
        screen.action_run_map()
        screen.action_run_next_error()
        screen.action_run_journal()
        assert screen.model is None
        await until(lambda: screen.model is not None and screen.tabs.active == "journal", "the journal")
        await idle(app)
        assert app.focused is screen.tabs.journal.pane
        assert said(app) == []
