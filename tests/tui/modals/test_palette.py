"""The palette and the help: everything the screen can do, by its words, with the reason when it cannot."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from flowdesk.clean import clean
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.modals.palette import PaletteModal
from flowdesk.tui.modals.step_kind import StepKindModal
from tests.tui.screen_text import screen_text
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE, World


async def opened(app: FlowDeskApp, pilot: Pilot[int], key: str = "colon") -> PaletteModal:
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, PaletteModal), "the palette")
    await idle(app)
    assert isinstance(app.screen, PaletteModal)
    return app.screen


def lines(modal: PaletteModal) -> list[str]:
    options = modal.query_one(OptionList)
    return [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]


async def test_it_lists_the_actions_of_the_screen_with_their_keys(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot)
        assert any("Workflow: Duplicate" in line and line.rstrip().endswith("d") for line in lines(modal))
        assert any("Areas: Runs" in line for line in lines(modal))


async def test_typing_narrows_and_enter_does_it(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        await opened(app, pilot)
        await pilot.press(*"filter")
        await pilot.press("enter")
        await idle(app)
        assert app.screen.has_class("-narrow") or app.focused is not None
        assert app.focused is not None
        assert app.focused.id == "filter"


async def test_what_cannot_be_done_says_why(world: World) -> None:
    world.runs[0]["status"] = "SUCCESS"
    async with world.shown("runs") as (app, pilot):
        modal = await opened(app, pilot)
        await pilot.press(*"cancel")
        found = next(line for line in lines(modal) if "Run: Cancel" in line)
        assert "it has already ended" in found


async def test_a_read_only_session_has_no_writing_actions(world: World) -> None:
    async with world.shown("workflows", read_only=True) as (app, pilot):
        modal = await opened(app, pilot)
        assert not any("Delete" in line or "Duplicate" in line for line in lines(modal))


async def test_workflows_and_runs_are_found_by_name_and_hostile_names_are_text(world: World) -> None:
    world.workflows[1]["name"] = f"order {HOSTILE}"
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot)
        await pilot.press(*"order")
        await until(lambda: any("workflow order-intake" in line for line in lines(modal)), "the workflow")
        assert any(clean(HOSTILE)[:20] in line for line in lines(modal))
        assert any("run order-intake run_0001 running" in line for line in lines(modal))


async def test_help_finds_an_action_by_its_key(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot, "question_mark")
        await pilot.press("D")
        assert "Disable or enable" in lines(modal)[0]


async def test_escape_leaves_it(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        await opened(app, pilot)
        await pilot.press("escape")
        await idle(app)
        assert not isinstance(app.screen, PaletteModal)


async def test_a_kind_of_step_is_explained(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot)
        await pilot.press(*"http.req")
        await until(lambda: any(line.startswith("step http.request") for line in lines(modal)), "the step")
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, StepKindModal), "its text")
        text = str(app.screen.query_one(Static).content)
        assert "url" in text
        assert "example: " in text
        await pilot.press("escape")
        await until(lambda: not app.screen.is_modal, "the way back")


async def test_a_theme_is_chosen_by_its_name_and_remembered(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot)
        await pilot.press(*">")
        assert lines(modal)[0].startswith("Settings…")
        await pilot.press(*"nord")
        assert lines(modal)[0].startswith("Theme: nord")
        await pilot.press("enter")
        await until(lambda: app.theme == "nord", "the theme")
        assert app.memory.get("theme") == "nord"


async def test_the_arrows_move_in_the_list_and_enter_does_that_line(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot)
        await pilot.press(*">theme")
        wanted = lines(modal)[2].strip().removeprefix("Theme: ")
        await pilot.press("down", "down", "enter")
        await until(lambda: app.theme == wanted, "the theme")


async def test_what_works_everywhere_says_why_it_has_nothing_to_do(world: World) -> None:
    """`u` among the workflows, before anything was deleted; afterwards it can be done."""
    async with world.shown("workflows") as (app, pilot):
        modal = await opened(app, pilot)
        shown = "\n".join(lines(modal))
        for words, why in (
            ("Undo the last deletion", "nothing is about to be deleted"),
            ("Start the engine again", "the server answers"),
            ("Last place", "no other area was shown yet"),
        ):
            assert f"{words}  – {why}" in shown
        await pilot.press("escape")
        app.deferred.later("Deleting it", no_work, lambda: None)
        modal = await opened(app, pilot)
        assert not any("nothing is about to be deleted" in line for line in lines(modal))
        app.deferred.undo()


async def no_work() -> None:
    """Nothing is done."""


async def test_a_run_with_a_long_name_still_says_what_became_of_it(world: World) -> None:
    world.runs[0]["workflowName"] = "a workflow with a rather long name that goes on and on"
    async with world.shown("workflows", size=(80, 24)) as (app, pilot):
        modal = await opened(app, pilot)
        await pilot.press(*"#rather")
        await until(lambda: any("run_0001 running" in line for line in lines(modal)), "the run")


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 36), (200, 50)])
@pytest.mark.parametrize("key", ["colon", "question_mark"])
async def test_the_highlighted_line_is_always_on_the_screen(world: World, key: str, size: tuple[int, int]) -> None:
    async with world.shown("workflows", size=size) as (app, pilot):
        modal = await opened(app, pilot, key)
        options, dialog = modal.query_one(OptionList), modal.query_one(".dialog")
        assert dialog.region.contains_region(options.region)
        await pilot.press("up")  # round the corner, to the last line
        await idle(app)
        assert "Half a page up" in screen_text(app)
