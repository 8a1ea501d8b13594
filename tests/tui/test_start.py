"""From the first frame to the first area, and what happens when the server is not there, or not any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static

from flowdesk.renewal import SessionRenewal
from flowdesk.tui.app import FlowDeskApp
from flowdesk.tui.host import Options
from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.login import LoginModal
from flowdesk.tui.widgets.header import HeaderLine
from flowdesk.tui.widgets.too_small import TooSmall
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text
from tests.tui.scripted import ScriptedConnector, refuse
from tests.tui.waiting import idle, said, settled, until
from tests.tui.world import NOWHERE, World


def header(app: FlowDeskApp) -> HeaderLine:
    return app.screen.query_one(HeaderLine)


async def test_no_server_is_told_where_one_looks_and_enter_tries_again(world: World) -> None:
    world.http.down = True
    app = world.app()
    app.memory.put("area", "workflows")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: app.live.state == "offline", "the refusal")
        await idle(app)
        told = app.screen.query_one("#going-on", Static)
        assert "connection refused" in str(told.content)
        assert told.region.width > 50
        world.http.down = False
        await pilot.press("enter")
        await until(lambda: app.current_mode == "workflows", "the area")
        assert app.live.state == "connected"


async def test_enter_opens_things_again_once_there_is_a_server(world: World) -> None:
    async with world.shown("workflows") as (app, _pilot):
        assert app.check_action("connect_again", ()) is False
        app.live.become("offline", "gone")
        assert app.check_action("connect_again", ()) is True


async def test_it_is_said_when_all_is_loaded(world: World) -> None:
    seen: list[str] = []
    app: FlowDeskApp = world.app(settled=lambda: seen.append(app.current_mode))
    app.memory.put("area", "workflows")
    async with app.run_test(size=(120, 36)):
        await until(lambda: bool(seen), "the word")
        assert seen == ["workflows"]


async def test_f6_leaves_a_server_that_answers_alone(world: World) -> None:
    connector = ScriptedConnector(world.http)
    app = FlowDeskApp(connector, Options(environ=NOWHERE))
    app.memory.put("area", "workflows")
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: app.current_mode == "workflows", "the area")
        await idle(app)
        await pilot.press("f6")
        await idle(app)
        assert connector.opened == [None]


async def test_a_refused_token_asks_for_a_login_and_its_token_is_used(world: World) -> None:
    world.http.on("POST", "/api/auth/login", lambda r: {"token": "fresh", "refreshToken": "next"})
    connector = ScriptedConnector(world.http)
    app = FlowDeskApp(connector, Options(environ=NOWHERE))
    app.memory.put("area", "workflows")
    known = {"fresh": False}

    def me(_request: object) -> object:
        if connector.opened[-1] == "fresh":
            known["fresh"] = True
            return {"version": "0", "label": ""}
        raise refuse(401, "unauthenticated", "the token has expired")

    world.http.on("GET", "/api/server", me)
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: isinstance(app.screen, LoginModal), "the login")
        app.screen.query_one("#remember").value = False  # type: ignore[attr-defined]
        await pilot.press(*"me@example.com", "enter", *"secret", "enter")
        await until(lambda: app.current_mode == "workflows", "the area")
        assert connector.opened == [None, "fresh"]
        assert known["fresh"]
        assert isinstance(world.http.renew, SessionRenewal), "it is kept nowhere, and renewed all the same"


@pytest.mark.parametrize("size", [(60, 15), (80, 24)])
async def test_the_login_fits_and_does_not_speak_of_headers(world: World, size: tuple[int, int]) -> None:
    world.http.on("GET", "/api/server", lambda r: refuse(401, "unauthenticated", "send Authorization: Bearer <token>"))
    world.http.on("POST", "/api/auth/login", lambda r: refuse(401, "bad_credentials", "wrong e-mail or password"))
    app = world.app()
    async with app.run_test(size=size) as pilot:
        await until(lambda: isinstance(app.screen, LoginModal), "the login")
        await settled(app)
        assert "Authorization" not in screen_text(app)
        await pilot.press(*"me", "enter", *"no", "enter")
        await until(lambda: "wrong e-mail or password" in screen_text(app), "the refusal")
        seen = screen_text(app)
        for shown in ("E-mail    ", "Password  ", "[x] remember", "Log in (enter)", "--register"):
            assert shown in seen, seen


@presses("FlowDeskApp/enter")
async def test_who_does_not_log_in_may_do_so_later(world: World) -> None:
    world.http.on("GET", "/api/server", lambda r: refuse(401, "unauthenticated", "no token"))
    app = world.app()
    async with app.run_test(size=(120, 36)) as pilot:
        await until(lambda: isinstance(app.screen, LoginModal), "the login")
        await pilot.press("escape")
        await until(lambda: app.live.state == "offline", "the end of it")
        assert app.live.why == "not logged in"
        await idle(app)
        await pilot.press("enter")
        await until(lambda: isinstance(app.screen, LoginModal), "the login again")


async def test_another_version_is_told_once(world: World) -> None:
    world.http.on("GET", "/api/server", lambda r: {"version": "9.9.9", "label": ""})
    async with world.shown("workflows", toasts=True) as (app, _pilot):
        assert ["the server is version 9.9.9" in text for text in said(app)] == [True]


async def test_the_badge_says_what_kind_of_server_and_session_this_is(world: World) -> None:
    world.label = "production"
    async with world.shown("workflows", read_only=True) as (app, _pilot):
        assert header(app).badge == "production read-only"
        assert header(app).has_class("-production")
        assert app.production


async def test_a_terminal_that_is_too_small_says_so_and_recovers(world: World) -> None:
    async with world.shown("workflows") as (app, pilot):
        notice = app.screen.query_one(TooSmall)
        focused = app.focused
        assert not notice.display
        for columns, rows, told in ((59, 30, True), (60, 15, False), (100, 14, True), (120, 36, False)):
            await pilot.resize_terminal(columns, rows)
            await idle(app)
            assert notice.display is told, (columns, rows)
        assert app.focused is focused


@presses("app.copy")
async def test_ctrl_c_twice_asks_and_y_leaves(world: World) -> None:
    async with world.shown("workflows", toasts=True) as (app, pilot):
        await pilot.press("ctrl+c")
        await idle(app)
        assert ["ctrl+q leaves" in text for text in said(app)] == [True]
        assert not app.screen.is_modal
        await pilot.press("ctrl+c")
        await until(lambda: isinstance(app.screen, ConfirmModal), "the question")
        await pilot.press("y")
        await until(lambda: app.return_value == 0, "the end")


@presses("app.quit")
async def test_ctrl_q_leaves_from_a_dialog_too(world: World, tmp_path: Path) -> None:
    async with world.shown("workflows", state_dir=tmp_path) as (app, pilot):
        await pilot.press("colon")
        await until(lambda: app.screen.is_modal, "the palette")
        await pilot.press("ctrl+q")
        await until(lambda: app.return_value == 0, "the end")
    assert (tmp_path / "session.json").is_file()
    assert (tmp_path / "session.json").stat().st_mode & 0o077 == 0
