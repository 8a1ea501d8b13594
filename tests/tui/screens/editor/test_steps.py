"""What the keys do to steps; every one of them is undone by `u`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.modals.ask import AskModal
from flowdesk.tui.modals.connect_to import ConnectToModal
from flowdesk.tui.modals.step_picker import StepPicker
from flowdesk.tui.modals.workflow_settings import WorkflowSettingsModal
from flowdesk.tui.screens.editor.screen import EditorScreen
from tests.tui.pressing import presses
from tests.tui.screens.editor.desk import Desk, dialog, ids, opened
from tests.tui.waiting import idle, said, until
from tests.tui.world import World

START = ["webhook", "check", "ask", "auto", "send"]
Do = Callable[[FlowDeskApp, Pilot[int]], Awaitable[None]]


async def pick(app: FlowDeskApp, pilot: Pilot[int], key: str) -> None:
    """Press the key and choose http.request."""
    await pilot.press(key)
    await dialog(app, StepPicker)
    await pilot.press(*"http.req", "enter")


async def add(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pick(app, pilot, "a")


async def add_before(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pick(app, pilot, "A")


async def branch(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pick(app, pilot, "b")
    await dialog(app, AskModal)
    await pilot.press(*"otherwise", "enter")


async def remove(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pilot.press("x")


async def duplicate(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pilot.press("d")


async def copy_and_paste(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pilot.press("c", "v")


async def rename(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    await pilot.press("f2")
    await dialog(app, AskModal)
    await pilot.press("home", *"re_", "enter")


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        pytest.param(add, ["webhook", "check", "ask", "http_request", "auto", "send"], marks=presses("editor.add")),
        pytest.param(
            add_before, ["webhook", "check", "http_request", "ask", "auto", "send"], marks=presses("editor.add_before")
        ),
        pytest.param(
            branch, ["webhook", "check", "ask", "http_request", "auto", "send"], marks=presses("editor.branch")
        ),
        pytest.param(remove, ["webhook", "check", "auto", "send"], marks=presses("editor.remove")),
        pytest.param(
            duplicate, ["webhook", "check", "ask", "ask_2", "auto", "send"], marks=presses("editor.duplicate")
        ),
        pytest.param(
            copy_and_paste,
            ["webhook", "check", "ask", "ask_2", "auto", "send"],
            marks=presses("editor.copy", "editor.paste"),
        ),
        pytest.param(rename, ["webhook", "check", "re_ask", "auto", "send"], marks=presses("editor.rename")),
    ],
)
@presses("editor.undo", "editor.redo")
async def test_each_key_changes_the_steps_and_is_undone(world: World, do: Do, expected: list[str]) -> None:
    Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await do(app, pilot)
        await until(lambda: ids(screen) == expected, "the steps")
        await idle(app)
        assert [node.id for node in screen.map.topology.nodes] == expected
        assert screen.chosen == screen.form.step_id
        assert all(f"id: {step}" in screen.source.text for step in expected)
        await pilot.press("u")
        await idle(app)
        assert ids(screen) == START
        await pilot.press("ctrl+r")
        await idle(app)
        assert ids(screen) == expected


async def test_an_id_that_is_taken_is_refused_in_the_dialog(world: World) -> None:
    Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await pilot.press("f2")
        asked = await dialog(app, AskModal)
        asked.query_one(Input).value = "send"
        await pilot.press("enter")
        assert app.screen is asked
        await pilot.press("escape")
        await idle(app)
        assert ids(screen) == START


def leads(screen: EditorScreen, step: str) -> object:
    return next(s for s in screen.draft.document["steps"] if s["id"] == step).get("next")


@presses("editor.connect")
async def test_connecting_with_a_condition_and_disconnecting(world: World) -> None:
    Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await pilot.press("C")
        modal = await dialog(app, ConnectToModal)
        assert modal.query_one("#when", Input).value == ""
        await pilot.press("down", "down", "down", "tab", *"data.a > 1", "enter")
        await idle(app)
        assert leads(screen, "ask") == ["send", {"to": "auto", "when": "data.a > 1"}]
        await pilot.press("C")
        await dialog(app, ConnectToModal)
        await pilot.press("x")
        await idle(app)
        assert leads(screen, "ask") == "send"


async def test_what_leads_in_a_circle_is_refused(world: World) -> None:
    Desk(world)
    async with opened(world, step="send") as (app, pilot, screen):
        before = screen.draft.document
        await pilot.press("C")
        await dialog(app, ConnectToModal)
        await pilot.press("enter")
        await idle(app)
        assert screen.draft.document is before


@presses("editor.settings")
async def test_the_settings_of_the_workflow(world: World) -> None:
    Desk(world)
    async with opened(world) as (app, pilot, screen):
        await pilot.press("w")
        modal = await dialog(app, WorkflowSettingsModal)
        modal.query_one("#timeoutMs", Input).value = "soon"
        await pilot.press("ctrl+s")
        assert app.screen is modal
        modal.query_one("#timeoutMs", Input).value = "5000"
        modal.query_one("#tags", Input).value = "mail, orders"
        modal.query_one("#timezone", Input).value = ""
        await pilot.press("ctrl+s")
        await idle(app)
        document = screen.draft.document
        assert (document["timeoutMs"], document["tags"]) == (5000, ["mail", "orders"])
        assert "timezone" not in document
        await pilot.press("u")
        await idle(app)
        assert not screen.draft.changed


async def test_removing_a_branching_step_says_what_was_connected_and_is_undone_at_once(world: World) -> None:
    Desk(world)
    async with opened(world, step="check", toasts=True) as (app, pilot, screen):
        before = screen.draft.document
        await pilot.press("x")
        await until(lambda: said(app), "the message")
        assert "webhook leads to ask and auto now" in said(app)[-1]
        assert screen.draft.document["steps"][0]["next"] == [
            {"to": "ask", "when": "route == 'yes'"},
            {"to": "auto", "otherwise": True},
        ]
        await pilot.press("u")
        await idle(app)
        assert screen.draft.document == before


async def test_after_undoing_one_stands_where_one_stood(world: World) -> None:
    Desk(world)
    async with opened(world, step="auto") as (app, pilot, screen):
        await pick(app, pilot, "a")
        await until(lambda: screen.chosen == "http_request", "the new step")
        await idle(app)
        await pilot.press("u")
        await until(lambda: screen.chosen == "auto", "the step it was added to")
        await idle(app)


async def test_where_steps_are_added_triggers_are_offered_last(world: World) -> None:
    Desk(world)
    async with opened(world, step="auto") as (app, pilot, _screen):
        await pilot.press("a")
        picker = await dialog(app, StepPicker)
        kinds = [kind["kind"] for kind in picker.offered]
        assert kinds == sorted(kinds)
        assert kinds[-1] == "TRIGGER"
        await pilot.press("escape")
        await idle(app)
