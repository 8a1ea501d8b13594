"""A token that expires while somebody edits: a login in front of the editor, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Checkbox, Input

from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.modals.login import LoginModal
from flowdesk.tui.screens.editor.screen import EditorScreen
from tests.tui.pressing import presses
from tests.tui.screens.editor.desk import Desk, dialog, opened
from tests.tui.scripted import Request, refuse
from tests.tui.waiting import idle, until
from tests.tui.world import World


class Expiry:
    """The token of a world, which can expire; a login gives one that is known."""

    def __init__(self, world: World) -> None:
        self._http = world.http
        world.http.on("POST", "/api/auth/login", self._log_in)

    def expire(self, *, streams: bool = True) -> None:
        """From now on every call is refused, and so is every new stream."""
        refusal = refuse(401, "unauthenticated", "the token has expired")
        self._http.gate = lambda request: None if request.path == "/api/auth/login" else refusal
        self._http.refusal = refusal
        if streams:
            self._http.drop_streams()

    def _log_in(self, _request: Request) -> Any:
        self._http.gate = lambda request: None
        self._http.refusal = None
        return {"token": "fresh"}


@asynccontextmanager
async def editing(world: World) -> AsyncIterator[tuple[FlowDeskApp, Pilot[int], EditorScreen]]:
    """The editor with a name that was typed and not saved."""
    async with opened(world, step="send") as (app, pilot, screen):
        await until(lambda: world.http.streams, "the stream")
        screen.query_one("#workflow-name", Input).focus()
        await pilot.press("end", *" mine")
        await idle(app)
        assert screen.draft.changed
        yield app, pilot, screen


async def log_in(app: FlowDeskApp, pilot: Pilot[int]) -> None:
    """As a person does, without leaving anything in a file."""
    login = await dialog(app, LoginModal)
    login.query_one("#remember", Checkbox).value = False
    await pilot.press(*"me@example.com", "enter", *"secret", "enter")
    await until(lambda: app.live.state == "connected", "the new connection")
    await idle(app)


async def test_a_token_that_expires_while_one_edits_asks_for_a_login_over_the_editor(world: World) -> None:
    desk, expiry = Desk(world), Expiry(world)
    async with editing(world) as (app, pilot, screen):
        expiry.expire()
        await dialog(app, LoginModal)
        await log_in(app, pilot)
        assert app.screen is screen
        assert screen.workflow_name == "order-intake mine"
        await pilot.press("ctrl+s")
        await until(lambda: desk.saved, "the saving")
        assert desk.saved[0]["name"] == "order-intake mine"


async def test_a_call_that_is_refused_asks_for_a_login_though_the_stream_lives_on(world: World) -> None:
    desk, expiry = Desk(world), Expiry(world)
    async with editing(world) as (app, pilot, screen):
        expiry.expire(streams=False)
        await pilot.press("ctrl+s")
        await log_in(app, pilot)
        assert app.screen is screen
        assert screen.workflow_name == "order-intake mine"
        assert not desk.saved
        await pilot.press("ctrl+s")
        await until(lambda: desk.saved, "the saving")


@presses("app.restart")
async def test_who_leaves_the_login_keeps_the_text_and_may_log_in_later(world: World) -> None:
    desk, expiry = Desk(world), Expiry(world)
    async with editing(world) as (app, pilot, screen):
        expiry.expire()
        await dialog(app, LoginModal)
        await pilot.press("escape")
        await until(lambda: app.live.state == "offline", "the end of it")
        assert app.screen is screen
        await pilot.press(*" too")
        await idle(app)
        assert screen.workflow_name == "order-intake mine too"
        await pilot.press("f6")
        await log_in(app, pilot)
        await pilot.press("ctrl+s")
        await until(lambda: desk.saved, "the saving")
        assert desk.saved[0]["name"] == "order-intake mine too"
