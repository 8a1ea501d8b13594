"""What the dialog makes of what was typed, and that it loses nothing it does not show."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from textual.widgets import Input, Static

from flowdesk.tui.document.source import as_written
from flowdesk.tui.draw.paths import GONE
from flowdesk.tui.modals.workflow_settings import WorkflowSettingsModal, with_settings
from tests.tui.screens.editor.desk import Desk, dialog, opened
from tests.tui.waiting import idle, until
from tests.tui.world import World

FLOW: dict[str, Any] = {
    "finally": ["send"],
    "finallyTimeoutMs": 1000,
    "maxParallel": 2,
    "onFailure": "wf_0002",
    "concurrency": {"limit": 1, "strategy": "queue"},
    "rate": {"limit": 2, "windowMs": 1000},
    "dedupe": {"key": "{{id}}", "windowMs": 1000},
    "debounce": {"delayMs": 10},
    "inputs": {"type": "object", "properties": {"email": {"type": "string"}}},
    "outputs": {"total": "data.total"},
}
STEP: dict[str, Any] = {"join": {"count": 1, "rest": "cancel"}, "undo": "auto"}


async def settings(world: World, typed: dict[str, str], document: dict[str, Any]) -> Any:
    """What the dialog gives after these fields were filled; the text of what is wrong when it gives nothing."""
    async with world.shown("workflows") as (app, pilot):
        given: list[Any] = []
        app.push_screen(WorkflowSettingsModal(document), given.append)
        modal = await dialog(app, WorkflowSettingsModal)
        for key, text in typed.items():
            modal.query_one(f"#{key}", Input).value = text
        await pilot.press("ctrl+s")
        await idle(app)
        return given[0] if given else str(modal.query_one("#wrong", Static).visual)


async def test_every_setting_is_shown_and_nothing_changes_when_nothing_is_typed(world: World) -> None:
    assert await settings(world, {}, {"name": "w", **FLOW}) == {}


async def test_flow_settings_are_typed(world: World) -> None:
    typed = {
        "maxParallel": "3",
        "finally": "report, archive",
        "onFailure": "",
        "rate": '{"limit": 1, "windowMs": 500}',
        "inputs": "",
    }
    assert await settings(world, typed, {"name": "w", **FLOW}) == {
        "maxParallel": 3,
        "finally": ["report", "archive"],
        "onFailure": GONE,
        "rate": {"limit": 1, "windowMs": 500},
        "inputs": GONE,
    }


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("maxParallel", "two", "Steps at once: a whole number"),
        ("finallyTimeoutMs", "-1", "Longest clean-up: a whole number"),
        ("rate", "10", "Rate: a JSON object"),
        ("concurrency", "{limit: 1}", "Runs at once: JSON"),
    ],
)
async def test_what_cannot_be_meant_is_told_and_the_dialog_stays(world: World, key: str, text: str, said: str) -> None:
    assert said in await settings(world, {key: text}, {"name": "w"})


async def test_an_editor_keeps_what_its_forms_do_not_draw(world: World) -> None:
    """Opened, each step looked at, a setting changed, saved: every field of flow control is as it was."""
    desk = Desk(world)
    workflow = desk.workflow()
    workflow.update(deepcopy(FLOW))
    workflow["steps"][-1].update(deepcopy(STEP))
    before = as_written(deepcopy(workflow))
    async with opened(world) as (app, pilot, screen):
        for step in workflow["steps"]:
            screen.choose(step["id"])
            await idle(app)
        screen.edit(with_settings, {"name": "renamed"})
        await pilot.press("ctrl+s")
        await until(lambda: bool(desk.saved), "the save")
    after = as_written(desk.saved[-1])
    assert {key: after.get(key) for key in (*FLOW, "steps")} == {key: before.get(key) for key in (*FLOW, "steps")}
    assert desk.saved[-1]["name"] == "renamed"
