"""Documents that mean harm: nothing of them reaches the terminal as it is, at any size."""

from __future__ import annotations

from typing import Any

import pytest

from flowdesk.tui.modals.connect_to import ConnectToModal
from flowdesk.tui.modals.step_picker import StepPicker
from flowdesk.tui.modals.versions import VersionsModal
from flowdesk.tui.modals.workflow_settings import WorkflowSettingsModal
from tests.tui.screen_text import screen_text, unsafe
from tests.tui.screens.editor.desk import Desk, dialog, opened
from tests.tui.waiting import idle, until
from tests.tui.world import HOSTILE, World

BAD = HOSTILE.replace("\ud800", "")
"""A lone half of a character cannot come from a server's JSON."""


def spoil(world: World) -> None:
    steps: list[dict[str, Any]] = [
        {"id": BAD, "type": "TRIGGER", "ref": "manual", "name": BAD, "next": "b"},
        {"id": "b", "ref": BAD, "params": {BAD: BAD, "x": ["{{", BAD]}, "next": [{"to": "c", "when": BAD}]},
        {"id": "c", "ref": "core.log", "params": {"message": BAD}, "name": f"{BAD}{'y' * 5000}"},
        {"id": "d", "ref": "http.request", "params": [BAD], "retry": BAD},
    ]
    world.workflows[0] = {**world.workflows[0], "name": BAD, "description": BAD, "tags": [BAD], "steps": steps}


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_a_hostile_document_is_shown_and_edited(world: World, size: tuple[int, int]) -> None:
    desk = Desk(world)
    desk.problems = [{"code": "x", "message": BAD, "stepId": "c", "field": "params.message", "hint": BAD}]
    spoil(world)
    async with opened(world, size=size) as (app, pilot, screen):
        for step in screen.draft.document["steps"]:
            screen.choose(step["id"])
            for pane in "123":
                screen.map.focus()
                await pilot.press(pane)
                await idle(app)
                assert unsafe(screen_text(app)) == set()
            screen.map.focus()
        await until(lambda: screen.problems, "the problem")
        await pilot.press("!")
        await idle(app)
        assert unsafe(screen_text(app)) == set()


@pytest.mark.parametrize(
    ("key", "modal"), [("C", ConnectToModal), ("a", StepPicker), ("V", VersionsModal), ("w", WorkflowSettingsModal)]
)
async def test_the_dialogs_show_it_too(world: World, key: str, modal: type[Any]) -> None:
    desk = Desk(world)
    desk.who = BAD
    spoil(world)
    async with opened(world, step="c") as (app, pilot, screen):
        await pilot.press(key)
        await dialog(app, modal)
        assert unsafe(screen_text(app)) == set()
        await pilot.press("escape")
        await idle(app)
        assert app.screen is screen
        assert not screen.draft.changed
