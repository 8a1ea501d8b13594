"""Trying a step, running the workflow, and writing in the user's own editor."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.widgets import Static

from flowdesk.tui.completion import UNKNOWN
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.run_input import RunInputModal
from flowdesk.tui.modals.try_result import TryResultModal
from flowdesk.tui.screens.run.screen import RunScreen
from tests.tui.pressing import presses
from tests.tui.runs import failed_run
from tests.tui.screens.editor.desk import ORDER, Desk, dialog, opened
from tests.tui.scripted import refuse
from tests.tui.waiting import idle, said, until
from tests.tui.world import World


async def test_a_step_with_effects_says_first_what_it_gets(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="send", run_id="run_0002") as (app, pilot, screen):
        await pilot.press("t")
        asked = await dialog(app, ConfirmModal)
        told = " ".join(str(part.render()) for part in asked.query(Static))
        assert "http://127.0.0.1:9/send" in told
        await pilot.press("n")
        await idle(app)
        assert desk.tried == []
        await pilot.press("t")
        await dialog(app, ConfirmModal)
        await pilot.press("y")
        result = await dialog(app, TryResultModal)
        assert (desk.tried[0]["stepId"], desk.tried[0]["runId"]) == ("send", "run_0002")
        assert any("sent" in line for line in result.lines)
        await pilot.press("escape")
        await idle(app)
        assert app.screen is screen


@presses("editor.test")
async def test_a_pure_step_is_tried_at_once_with_the_newest_run(world: World) -> None:
    desk = Desk(world)
    async with opened(world, step="auto") as (app, pilot, _screen):
        await pilot.press("t")
        await dialog(app, TryResultModal)
        assert desk.tried[0]["runId"] == "run_0001"
        await pilot.press("escape")
        await idle(app)


@presses("editor.run/r")
async def test_running_asks_to_save_then_for_the_input(world: World) -> None:
    desk = Desk(world)
    played = failed_run(world)
    world.http.on("POST", "/api/workflows/{}/execute", lambda r: {"id": played.id})
    async with opened(world, step="ask") as (app, pilot, _screen):
        await pilot.press("x", "r")
        await dialog(app, ConfirmModal)
        await pilot.press("y")
        await dialog(app, RunInputModal)
        assert len(desk.saved) == 1
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, RunScreen), "the run view")
        assert world.http.calls("POST", f"/api/workflows/{ORDER}/execute")
        await idle(app)


async def test_templates_are_completed_with_what_the_run_had(world: World) -> None:
    Desk(world)
    async with opened(world, step="send") as (_app, _pilot, screen):
        await until(lambda: screen.form.draft.scope, "the scope")
        assert screen.form.draft.scope["data"] == {"email": "ada@example.com"}
        assert screen.form.draft.scope["steps"]["webhook"] == {"ok": True}
        assert screen.form.draft.scope["steps"]["ask"] is UNKNOWN
        assert screen.form.draft.source == "run run_0001"
        assert screen.form.draft.scope["secrets"] == {"CRM_TOKEN": UNKNOWN, "SMTP_LOGIN": UNKNOWN}


async def test_somebody_who_may_not_see_secrets_has_the_rest_of_the_values(world: World) -> None:
    Desk(world)
    world.http.on("GET", "/api/secrets", lambda r: refuse(403, "role_too_low", "operators see no secrets"))
    async with opened(world, step="send", toasts=True) as (app, _pilot, screen):
        await until(lambda: screen.form.draft.scope, "the scope")
        assert "secrets" not in screen.form.draft.scope
        assert said(app) == []


def an_editor(directory: Path, change: str) -> dict[str, str]:
    """An editor with a window of its own, so that the terminal stays here."""
    script = directory / "code"
    script.write_text(f'#!/bin/sh\nfor last; do :; done\nsed -i "{change}" "$last"\n')
    script.chmod(0o700)
    return {"EDITOR": str(script), "PATH": os.environ["PATH"], "FLOWDESK_CONFIG_DIR": "/nonexistent"}


@presses("form.editor")
async def test_a_field_is_edited_outside(world: World, tmp_path: Path) -> None:
    Desk(world)
    environ = an_editor(tmp_path, "s/ask/tell/")
    async with opened(world, step="ask", environ=environ) as (app, pilot, screen):
        await screen.form.focus_field("params.message")
        await pilot.press("ctrl+e")
        await until(lambda: screen.draft.changed, "the edit")
        await idle(app)
        assert screen.step is not None
        assert screen.step["params"] == {"message": "tell {{email}}"}


@pytest.mark.parametrize(
    ("key", "place"),
    [
        pytest.param("E", "1", marks=presses("editor.external/E")),
        pytest.param("ctrl+e", "3", marks=presses("editor.external/ctrl+e", "EditorScreen/ctrl+e")),
    ],
)
async def test_the_source_is_edited_outside(world: World, key: str, place: str, tmp_path: Path) -> None:
    Desk(world)
    environ = an_editor(tmp_path, "s/about order-intake/edited/")
    async with opened(world, environ=environ) as (app, pilot, screen):
        await pilot.press(place)
        await idle(app)
        await pilot.press(key)
        await until(lambda: screen.draft.document["description"] == "edited", "the edit")
        await idle(app)
        assert "edited" in screen.source.text


@presses("editor.run/f5", "editor.run/ctrl+enter")
async def test_the_draft_is_run_from_within_a_field_too(world: World) -> None:
    """`r` is a letter there."""
    Desk(world)
    async with opened(world, step="ask") as (app, pilot, screen):
        await screen.form.focus_field("params.message")
        for key in ("f5", "ctrl+enter"):
            await pilot.press(key)
            await dialog(app, RunInputModal)
            await pilot.press("escape")
            await until(lambda: app.screen is screen, "the editor")
        assert not screen.draft.changed, "nothing was typed by it"


@pytest.mark.parametrize(("step", "asked"), [("auto", "Test auto on"), ("send", "Execute send on")])
async def test_on_a_production_server_every_test_is_asked_about_once(world: World, step: str, asked: str) -> None:
    """The safety ladder: also a step without effects is a write there."""
    world.label = "production"
    desk = Desk(world)
    async with opened(world, step=step) as (app, pilot, screen):
        await pilot.press("t")
        question = await dialog(app, ConfirmModal)
        assert f"{asked} {app.server_name}?" in str(question.query_one("#question", Static).render())
        await pilot.press("enter")
        await until(lambda: app.screen is screen, "the editor")
        assert desk.tried == [], "enter alone does nothing"
        await pilot.press("t")
        await dialog(app, ConfirmModal)
        await pilot.press("y")
        await dialog(app, TryResultModal)
        assert len(desk.tried) == 1
        await pilot.press("escape")
        await idle(app)
