"""The first start: what is offered, and one key that makes something of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.modals.choose import ChooseFileModal
from flowdesk.tui.screens import welcome
from flowdesk.tui.screens.welcome import WelcomeScreen
from tests.tui.pressing import presses
from tests.tui.waiting import idle, until
from tests.tui.world import World


@asynccontextmanager
async def welcomed(world: World) -> AsyncIterator[tuple[FlowDeskApp, Pilot[int], list[str | None]]]:
    """The app of somebody without a workflow; the list gathers what the editor was opened with."""
    world.workflows.clear()
    opened: list[str | None] = []
    app = world.app()
    app.open_editor = lambda workflow_id, **_more: opened.append(workflow_id)  # type: ignore[method-assign]
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: isinstance(app.screen, WelcomeScreen), "the welcome")
        await idle(app)
        yield app, pilot, opened


def saving(world: World) -> list[dict[str, Any]]:
    """What is saved from now on."""
    saved: list[dict[str, Any]] = []

    def create(request: Any) -> dict[str, Any]:
        saved.append(request.body)
        return {**request.body, "id": f"wf_{len(saved)}", "version": 1}

    world.http.on("POST", "/api/workflows", create)
    world.http.on("POST", "/api/workflows/validate", lambda r: {"valid": True, "problems": []})
    return saved


async def test_it_offers_the_examples_and_an_empty_sheet(world: World) -> None:
    async with welcomed(world) as (app, _pilot, _opened):
        options = app.screen.query_one(OptionList)
        lines = [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]
        assert lines[0].startswith("Hello")
        assert lines[-3] == "All of them"
        assert lines[-2].startswith("Import a file")
        assert lines[-1] == "Empty              an empty sheet"
        assert options.highlighted == 0
        assert app.focused is options
        assert options.region.width > 60


async def test_enter_saves_the_example_and_opens_it(world: World) -> None:
    saved = saving(world)
    async with welcomed(world) as (app, pilot, opened):
        await pilot.press("enter")
        await idle(app)
        assert [document["name"] for document in saved] == ["Hello"]
        assert opened == ["wf_1"]
        assert not isinstance(app.screen, WelcomeScreen)


async def test_the_empty_sheet_saves_nothing(world: World) -> None:
    saved = saving(world)
    async with welcomed(world) as (app, pilot, opened):
        await pilot.press("end", "enter")
        await idle(app)
        assert (saved, opened) == ([], [None])


@presses("WelcomeScreen/j", "WelcomeScreen/k")
async def test_letters_move_as_arrows_do(world: World) -> None:
    async with welcomed(world) as (app, pilot, _opened):
        for key, row in (("j", 1), ("down", 2), ("k", 1), ("up", 0)):
            await pilot.press(key)
            await idle(app)
            assert app.screen.query_one(OptionList).highlighted == row, key


async def test_a_file_of_ones_own_is_saved_and_opened(world: World, tmp_path: Path) -> None:
    saved = saving(world)
    steps = [{"id": "start", "type": "TRIGGER", "ref": "manual"}]
    (tmp_path / "mine.json").write_text(json.dumps({"name": "mine", "steps": steps}))
    async with welcomed(world) as (app, pilot, opened):
        await pilot.press("end", "up", "enter")
        await until(lambda: isinstance(app.screen, ChooseFileModal), "the question")
        app.screen.query_one(Input).value = str(tmp_path / "mine.json")
        await pilot.press("enter")
        await until(lambda: opened, "the editor")
        assert [document["name"] for document in saved] == ["mine"]
        assert opened == ["wf_1"]


@pytest.mark.parametrize("given", ["nothing.json", "~nobody-of-this-name/x.json", None])
async def test_a_file_that_is_not_there_leaves_the_choice_open(world: World, tmp_path: Path, given: str | None) -> None:
    saved = saving(world)
    async with welcomed(world) as (app, pilot, opened):
        await pilot.press("end", "up", "enter")
        await until(lambda: isinstance(app.screen, ChooseFileModal), "the question")
        if given is not None:
            app.screen.query_one(Input).value = given if given.startswith("~") else str(tmp_path / given)
        await pilot.press("escape" if given is None else "enter")
        await until(lambda: isinstance(app.screen, WelcomeScreen), "the welcome")
        await idle(app)
        assert (saved, opened) == ([], [])


async def test_it_makes_way_when_workflows_are_saved_elsewhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing tells of workflows that another client or the command line saves."""
    monkeypatch.setattr(welcome, "LOOK_EACH_S", 0.05)
    saved = list(world.workflows)
    async with welcomed(world) as (app, _pilot, opened):
        assert isinstance(app.screen, WelcomeScreen)
        world.workflows.extend(saved)
        await until(lambda: not isinstance(app.screen, WelcomeScreen), "the dashboard")
        await idle(app)
        assert (app.current_mode, len(app.screen_stack), opened) == ("dashboard", 1, [])


async def test_it_stays_while_a_question_is_open_or_the_server_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(welcome, "LOOK_EACH_S", 0.05)
    saved = list(world.workflows)
    async with welcomed(world) as (app, pilot, _opened):
        await pilot.press("end", "up", "enter")
        await until(lambda: isinstance(app.screen, ChooseFileModal), "the question")
        asked = len(world.http.calls("GET", "/api/workflows"))
        world.workflows.extend(saved)
        await pilot.pause(0.2)
        assert isinstance(app.screen, ChooseFileModal)
        assert len(world.http.calls("GET", "/api/workflows")) == asked
        await pilot.press("escape")
        await until(lambda: not app.screen.is_modal and not isinstance(app.screen, WelcomeScreen), "the dashboard")
        await idle(app)


async def test_the_keys_of_areas_leave_it(world: World) -> None:
    async with welcomed(world) as (app, pilot, _opened):
        await pilot.press("1")
        await idle(app)
        assert (app.current_mode, len(app.screen_stack)) == ("dashboard", 1)


async def test_another_area_and_back_shows_it_again_while_there_is_nothing(world: World) -> None:
    async with welcomed(world) as (app, pilot, _opened):
        await pilot.press("2")
        await until(lambda: app.current_mode == "workflows", "the workflows")
        await idle(app)
        await pilot.press("1")
        await until(lambda: isinstance(app.screen, WelcomeScreen), "the welcome")
        await idle(app)


async def test_enter_pressed_twice_begins_once(world: World) -> None:
    saved = saving(world)
    async with welcomed(world) as (app, pilot, opened):
        await pilot.press("enter", "enter")
        await idle(app)
        assert (len(saved), opened) == (1, ["wf_1"])
