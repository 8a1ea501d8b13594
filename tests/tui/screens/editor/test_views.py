"""Map, form and source show one draft, whichever of them is changed."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from flowdesk.tui.modals.problems import ProblemsModal
from flowdesk.tui.screens.editor.screen import EditorScreen
from flowdesk.tui.widgets.form.field_row import FieldRow
from flowdesk.tui.widgets.header import HeaderLine
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text
from tests.tui.screens.editor.desk import Desk, ids, opened
from tests.tui.waiting import idle, settled, until
from tests.tui.world import World


def note(screen: EditorScreen) -> str:
    return screen.query_one(HeaderLine).note


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_it_opens_on_the_first_step_without_changes(world: World, size: tuple[int, int]) -> None:
    Desk(world)
    async with opened(world, size=size) as (_app, _pilot, screen):
        assert screen.chosen == screen.map.cursor == screen.form.step_id == "webhook"
        assert screen.source.text == screen.draft.source
        assert not screen.draft.changed
        assert screen.query_one("#workflow-name", Input).value == "order-intake"
        await until(lambda: "valid" in note(screen), "the check")
        assert note(screen).startswith("v3")


async def test_the_map_is_as_high_as_what_is_drawn_where_panes_are_side_by_side(world: World) -> None:
    Desk(world)
    async with opened(world, size=(120, 50)) as (app, pilot, screen):
        drawn = screen.map.active.virtual_size.height
        assert screen.map.region.height == drawn + 2 < 13
        await pilot.resize_terminal(120, 16)
        await idle(app)
        assert screen.map.region.height < drawn + 2, "never more than its part of the screen"
        await pilot.resize_terminal(80, 24)
        await idle(app)
        assert screen.map.region.height > 15, "alone it has all the room"


async def test_a_step_chosen_in_the_map_is_shown_in_form_and_source(world: World) -> None:
    Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        assert screen.form.step_id == "ask"
        await pilot.press("home", "right")
        await idle(app)
        assert screen.chosen == screen.form.step_id == "check"
        assert screen.source.line == screen.draft.reading.step_lines()["check"]
        await pilot.press("enter")
        await idle(app)
        assert screen.form.has_focus_within


async def test_typing_in_the_form_changes_the_source(world: World) -> None:
    Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await screen.form.focus_field("params.message")
        await pilot.press("end", "!")
        await until(lambda: screen.draft.changed, "the change")
        await idle(app)
        assert "{{email}}!" in screen.source.text
        await until(lambda: "1 change" in note(screen), "the count")
        await pilot.press("escape", "u")
        await idle(app)
        assert "{{email}}!" not in screen.source.text
        assert not screen.draft.changed


async def test_typing_in_the_source_changes_map_and_form(world: World) -> None:
    Desk(world)
    async with opened(world) as (app, pilot, screen):
        line = screen.draft.reading.step_lines()["send"]
        screen.source.goto(line)
        await pilot.press("3")
        await idle(app)
        await pilot.press("end", "e", "r")
        await until(lambda: "sender" in ids(screen), "the new id")
        await idle(app)
        assert any(node.id == "sender" for node in screen.map.topology.nodes)
        assert screen.chosen == screen.form.step_id == "sender"


async def test_a_broken_source_is_kept_told_and_mended(world: World) -> None:
    Desk(world)
    async with opened(world) as (app, pilot, screen):
        await pilot.press("3")
        await idle(app)
        await pilot.press("ctrl+end", "enter", "{")
        await until(lambda: screen.draft.problem is not None, "the problem")
        await idle(app)
        assert "1 problem" in note(screen)
        assert screen.form.disabled
        problem = screen.draft.problem
        told = str(screen.source.border_subtitle)
        assert problem is not None
        assert told.startswith(f"line {problem.line}: ")
        assert problem.message.split()[0] in told
        assert screen.why_not("editor.save") is not None
        assert len(screen.map.topology.nodes) == 5
        await pilot.press("backspace")
        await until(lambda: screen.draft.problem is None, "the mended source")
        await until(lambda: "problem" not in note(screen), "the check")
        assert not screen.source.border_subtitle
        assert not screen.form.disabled


async def test_the_name_is_typed_above(world: World) -> None:
    Desk(world)
    async with opened(world, None) as (app, pilot, screen):
        assert app.focused is screen.query_one("#workflow-name", Input)
        assert ids(screen) == ["start", "log"]
        await pilot.press(*"hello", "enter")
        await idle(app)
        assert screen.draft.document["name"] == "hello"
        assert screen.source.text.startswith("name: 'hello'")
        assert screen.map.has_focus_within


@presses("editor.map", "editor.form", "editor.source")
async def test_one_pane_at_a_time_where_there_is_no_room(world: World) -> None:
    Desk(world)
    async with opened(world, size=(80, 24)) as (app, pilot, screen):
        for key, shown in (("1", "map"), ("2", "step"), ("3", "source")):
            screen.map.focus()
            await pilot.press(key)
            await idle(app)
            seen = [name for name in ("map", "step", "source") if screen.query_one(f"#{name}").region.area]
            assert seen == [shown]
            assert screen.query_one(f"#{shown}").has_focus_within or screen.query_one(f"#{shown}").has_focus


@presses("editor.problem")
async def test_problems_are_counted_marked_and_visited(world: World) -> None:
    desk = Desk(world)
    desk.problems = [
        {"code": "x", "message": "is required", "stepId": "ask", "field": "params.message"},
        {"code": "x", "message": "is no zone", "field": "timezone"},
    ]
    async with opened(world) as (app, pilot, screen):
        await until(lambda: "2 problems" in note(screen), "the check")
        await pilot.press("!")
        await until(lambda: screen.form.has_focus_within and screen.form.step_id == "ask", "the field")
        await pilot.press("escape", "!")
        await until(lambda: screen.source.has_focus_within, "the source")
        await idle(app)
        assert screen.source.line == screen.draft.reading.line_of(screen.problems[1])


@presses("editor.problems", "ProblemsModal/escape", "ProblemsModal/j", "ProblemsModal/k")
async def test_problems_are_listed_and_one_is_chosen(world: World) -> None:
    desk = Desk(world)
    desk.problems = [
        {"code": "x", "message": "is required", "stepId": "ask", "field": "params.message", "hint": "write one"},
        {"code": "x", "message": "is no zone", "field": "timezone"},
    ]
    async with opened(world) as (app, pilot, screen):
        await until(lambda: "2 problems" in note(screen), "the check")
        await pilot.press("L")
        await until(lambda: isinstance(app.screen, ProblemsModal), "the list")
        await settled(app)
        shown = screen_text(app)
        for told in ("2 problems", "ask · params.message  is required", "timezone  is no zone", "write one"):
            assert told in shown
        await pilot.press("j", "k", "j", "enter")
        await until(lambda: screen.source.has_focus_within, "the source")
        await idle(app)
        assert screen.source.line == screen.draft.reading.line_of(screen.problems[1])
        await pilot.press("escape", "L")
        await until(lambda: isinstance(app.screen, ProblemsModal), "the list again")
        await pilot.press("escape")
        await until(lambda: app.screen is screen, "the editor")


@presses("editor.format")
async def test_the_source_is_shown_in_both_languages(world: World) -> None:
    Desk(world)
    async with opened(world) as (app, pilot, screen):
        await pilot.press("F")
        await idle(app)
        assert screen.source.text.startswith("{")
        assert not screen.draft.changed
        await pilot.press("u")
        await idle(app)
        assert screen.source.text.startswith("name:")


def in_map(screen: EditorScreen) -> bool:
    return screen.map.has_focus_within


@pytest.mark.parametrize("pane", ["2", "3"])
@presses("editor.leave")
async def test_escape_goes_to_the_map_and_from_there_out(world: World, pane: str) -> None:
    Desk(world)
    async with opened(world, size=(80, 24)) as (app, pilot, screen):
        await pilot.press(pane)
        await idle(app)
        assert not in_map(screen)
        await pilot.press("escape")
        await idle(app)
        assert in_map(screen)
        assert screen.map.region.area
        await pilot.press("escape")
        await until(lambda: app.screen is not screen, "the way back")


async def test_a_long_workflow_is_written_and_read_beside_the_screen(world: World) -> None:
    Desk(world)
    steps = [{"id": f"s{at}", "ref": "core.log", "params": {"message": "x"}, "next": f"s{at + 1}"} for at in range(80)]
    world.workflows[0] = {
        **world.workflows[0],
        "entryStepId": "s0",
        "steps": [*steps, {"id": "s80", "ref": "core.log"}],
    }
    async with opened(world) as (app, pilot, screen):
        await pilot.press("x")
        await until(lambda: "id: s0\n" not in screen.source.text, "the written source")
        await idle(app)
        assert not screen.source.disabled
        await pilot.press("3")
        await until(lambda: screen.source.has_focus_within, "the source")
        screen.source.goto(screen.draft.reading.step_lines()["s40"])
        await pilot.press("end", "0", "0")
        await until(lambda: "s4000" in ids(screen), "the read source")
        await idle(app)
        await pilot.press("escape", "u", "u")
        await idle(app)
        assert not screen.draft.changed


@presses("NameInput/escape")
async def test_escape_leaves_the_name_and_letters_act_again(world: World) -> None:
    Desk(world)
    async with opened(world, step="send") as (_app, pilot, screen):
        screen.query_one("#workflow-name", Input).focus()
        await until(lambda: screen.query_one("#workflow-name").has_focus, "the field")
        await pilot.press("escape", "x")
        await until(lambda: "send" not in ids(screen), "the step to go")
        assert screen.draft.document["name"] == "order-intake"


@pytest.mark.parametrize("size", [(120, 36), (80, 24)])
async def test_it_opens_in_the_field_that_an_error_named(world: World, size: tuple[int, int]) -> None:
    Desk(world)
    async with opened(world, step="send", field="params.url", size=size) as (_app, _pilot, screen):
        row = next(row for row in screen.form.query(FieldRow) if row.place == "params.url")
        assert row.has_focus_within
        assert screen.form.region.height > 2


async def test_a_field_that_is_not_there_leaves_one_in_the_map(world: World) -> None:
    Desk(world)
    async with opened(world, step="send", field="params.nothing[2]") as (_app, _pilot, screen):
        assert screen.map.has_focus_within
