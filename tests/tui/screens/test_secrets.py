"""The list of secrets, key by key. What is typed as a value is on no screen and in no log."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Select, Static

from flowdesk.tui.modals.confirm import ConfirmModal
from flowdesk.tui.modals.message import MessageModal
from flowdesk.tui.modals.secret import SecretModal
from flowdesk.tui.modals.secret_fields import FIELDS
from flowdesk.tui.modals.usages import UsagesModal
from tests.security.canary import CANARY, shows
from tests.tui.pressing import presses
from tests.tui.screen_text import screen_text
from tests.tui.scripted import Request, refuse
from tests.tui.waiting import idle, said, settled, until
from tests.tui.world import World, connection, secret


@pytest.fixture
def world(world: World) -> World:
    """A server that keeps secrets, as far as it tells about them."""

    def create(request: Request) -> Any:
        name = request.body["name"]
        if any(one["name"] == name for one in world.secrets):
            raise refuse(409, "name_taken", f"there is a secret {name} already")
        kind = "oauth2" if "connection" in request.body else "value"
        made = secret(name, kind=kind, hosts=request.body.get("hosts", []))
        made["connection"] = connection() if kind == "oauth2" else None
        world.secrets.append(made)
        return made

    def change(request: Request) -> Any:
        found = _find(world, request.found[0])
        found.update({key: request.body[key] for key in ("hosts", "description") if key in request.body})
        return found

    def delete(request: Request) -> None:
        found = _find(world, request.found[0])
        if found["usedBy"] and request.query.get("force") != "True":
            raise refuse(409, "secret_in_use", f"{found['name']} is read by order-intake")
        world.secrets.remove(found)

    world.http.on("POST", "/api/secrets", create)
    world.http.on("PUT", "/api/secrets/{}", change)
    world.http.on("DELETE", "/api/secrets/{}", delete)
    return world


def _find(world: World, name: str) -> dict[str, Any]:
    return next(one for one in world.secrets if one["name"] == name)


def _about(app: Any) -> str:
    return str(app.screen.query_one("#about", Static).render())


def _wrong(app: Any) -> str:
    return str(app.screen.query_one("#wrong", Static).render())


async def _open(app: Any, pilot: Pilot[int], key: str, kind: type[Any]) -> None:
    await pilot.press(key)
    await until(lambda: isinstance(app.screen, kind) and app.screen.focused, kind.__name__)
    await settled(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_it_shows_what_there_is_and_what_reads_it(world: World, size: tuple[int, int]) -> None:
    world.secrets.append(secret("DRIVE", kind="oauth2", connection=connection("broken", "invalid_grant")))
    world.secrets.append(secret("DB", kind="file", source="file:/run/secrets/db"))
    async with world.shown("secrets", size=size) as (app, pilot):
        table = app.screen.listing.table  # type: ignore[attr-defined]
        row = [cell.plain.strip() for cell in table.get_row("CRM_TOKEN")]
        assert row[1:6] == ["CRM_TOKEN", "value", "order-intake", "2d", "2m"]
        assert "order-intake in send" in _about(app)
        await pilot.press("j")
        await idle(app)
        assert "smtp.example.org only" in _about(app)
        assert "No workflow reads it" in _about(app)
        await pilot.press("j")
        await idle(app)
        assert "Broken: invalid_grant. c connects it" in _about(app)
        await pilot.press("j")
        await idle(app)
        assert "Kept in file:/run/secrets/db" in _about(app)


@presses("secrets.new", "SecretModal/ctrl+s")
async def test_n_makes_a_secret_whose_value_nobody_sees(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Row 48: neither a screen, a log, the clipboard, the message nor what is kept for the next start shows it."""
    caplog.set_level(logging.DEBUG)
    async with world.shown("secrets", toasts=True) as (app, pilot):
        await _open(app, pilot, "n", SecretModal)
        await pilot.press(*"NEW", "enter")
        assert _wrong(app) == "Value is missing"
        assert app.screen.focused is app.screen.query_one("#value")
        seen = [screen_text(app)]
        app.screen.query_one("#value", Input).post_message(Paste(CANARY))
        await settled(app)
        await pilot.press("ctrl+a", "ctrl+c", "ctrl+x")
        seen.append(screen_text(app))
        assert app.screen.query_one("#value", Input).value == CANARY, "it could be cut"
        assert "•" * 20 in seen[-1]
        app.screen.query_one("#hosts", Input).value = "api.example.com, *.example.org"
        await pilot.press("ctrl+s")
        await until(lambda: not isinstance(app.screen, SecretModal), "the end of the dialog")
        await until(lambda: any("made NEW" in text for text in said(app)), "the message")
        await idle(app)
        seen += [screen_text(app), repr(said(app)), app.clipboard, repr(app.memory.__dict__), caplog.text]
        (call,) = world.http.calls("POST", "/api/secrets")
        assert call.body == {"name": "NEW", "value": CANARY, "hosts": ["api.example.com", "*.example.org"]}
        assert app.screen.listing.current["name"] == "NEW"  # type: ignore[attr-defined]
        assert [form for text in seen if (form := shows(text)) is not None] == []


async def test_a_refused_secret_is_explained_at_its_line_and_nothing_typed_is_lost(world: World) -> None:
    """Row 48: also when the server refuses, or fails in a way nobody foresaw."""
    problems = [{"code": "secret_too_short", "message": "needs at least 8 characters", "field": "value"}]
    answers = [
        refuse(422, "invalid", "the document is not valid", problems=problems),
        refuse(403, "forbidden", "your role viewer may not do this"),
        refuse(500, "internal", "it broke"),
    ]
    async with world.shown("secrets") as (app, pilot):
        await _open(app, pilot, "n", SecretModal)
        await pilot.press(*"CRM_TOKEN")
        app.screen.query_one("#value", Input).value = CANARY
        await pilot.press("enter")
        await until(lambda: "there is a secret CRM_TOKEN already" in _wrong(app), "what is wrong")
        world.http.on("POST", "/api/secrets", lambda r: answers.pop(0))
        for words in ("Value: needs at least 8 characters", "viewer may not do this", "it broke"):
            await pilot.press("enter")
            await until(lambda words=words: words in _wrong(app), words)  # type: ignore[misc]
            assert shows(screen_text(app)) is None
        assert app.screen.query_one("#value", Input).value == CANARY
        value = app.screen.query_one("#value", Input)
        await pilot.press("escape")
        assert value.value == "", "what was typed outlives the dialog"


async def test_a_key_of_several_lines_is_pasted_whole(world: World) -> None:
    async with world.shown("secrets") as (app, pilot):
        await _open(app, pilot, "n", SecretModal)
        await pilot.press(*"PEM")
        app.screen.query_one("#value", Input).post_message(Paste("-----BEGIN\r\n  abc\r\n-----END\r\n"))
        await settled(app)
        await pilot.press("enter")
        await until(lambda: world.http.calls("POST"), "the call")
        assert world.http.calls("POST")[0].body["value"] == "-----BEGIN\n  abc\n-----END"


@presses("secrets.replace")
async def test_e_gives_another_value_and_says_nothing_of_the_old_one(world: World) -> None:
    async with world.shown("secrets") as (app, pilot):
        await _open(app, pilot, "e", SecretModal)
        assert app.screen.focused is app.screen.query_one("#value")
        assert app.screen.query_one("#value", Input).value == ""
        await pilot.press("enter")
        await until(lambda: not isinstance(app.screen, SecretModal), "the end: nothing was changed")
        assert world.http.calls("PUT") == []
        await settled(app)
        await _open(app, pilot, "e", SecretModal)
        await pilot.press(*"another-one")
        app.screen.query_one("#description", Input).value = "for notes"
        await pilot.press("enter")
        await until(lambda: world.http.calls("PUT"), "the call")
        (call,) = world.http.calls("PUT")
        assert call.path == "/api/secrets/CRM_TOKEN"
        assert call.body == {"value": "another-one", "description": "for notes"}


async def test_a_connection_keeps_what_is_not_shown_unless_it_is_replaced(world: World) -> None:
    world.secrets[:] = [secret("DRIVE", kind="oauth2", connection=connection())]
    async with world.shown("secrets") as (app, pilot):
        await _open(app, pilot, "e", SecretModal)
        shown = screen_text(app)
        assert "https://login.example.com/token" in shown
        assert "give them again" in shown
        app.screen.query_one("#hosts", Input).value = "api.example.com"
        await pilot.press("ctrl+s")
        await until(lambda: world.http.calls("PUT"), "the call")
        assert world.http.calls("PUT")[0].body == {"hosts": ["api.example.com"]}
        await settled(app)
        await _open(app, pilot, "e", SecretModal)
        app.screen.query_one("#clientSecret", Input).value = CANARY
        app.screen.query_one("#parameters", Input).value = "access_type=offline"
        await pilot.press("ctrl+s")
        await until(lambda: len(world.http.calls("PUT")) == 2, "the call")
        assert world.http.calls("PUT")[1].body["connection"] == {
            "authorizeUrl": "https://login.example.com/authorize",
            "tokenUrl": "https://login.example.com/token",
            "clientId": "flowdesk",
            "clientAuth": "basic",
            "scopes": ["read", "write"],
            "clientSecret": CANARY,
            "parameters": {"access_type": "offline"},
        }


async def test_another_kind_has_other_lines(world: World) -> None:
    async with world.shown("secrets") as (app, pilot):
        await _open(app, pilot, "n", SecretModal)
        await pilot.press(*"DB")
        app.screen.query_one("#kept", Select).value = "source"
        await settled(app)
        assert not app.screen.query_one("#row-value").display
        await pilot.press("ctrl+s")
        assert _wrong(app) == "Kept in is missing"
        await pilot.press(*"env:DB", "enter")
        await until(lambda: world.http.calls("POST"), "the call")
        assert world.http.calls("POST")[0].body == {"name": "DB", "source": "env:DB"}


@presses("secrets.test")
async def test_t_says_whether_a_step_would_get_them(world: World) -> None:
    good = {"ok": True, "code": None, "detail": "a step would get it", "hint": None}
    bad = {"ok": False, "code": "secret_damaged", "detail": "it does not open", "hint": "set it again"}
    world.http.on("POST", "/api/secrets/{}/test", lambda r: bad if r.found[0] == "CRM_TOKEN" else good)
    async with world.shown("secrets", toasts=True) as (app, pilot):
        await pilot.press("asterisk", "t")
        await idle(app)
        assert "Tested, not ok: it does not open (set it again)" in _about(app)
        await until(lambda: any("SMTP_LOGIN: a step would get it" in text for text in said(app)), "the other one")
        await pilot.press("j")
        await idle(app)
        assert "Tested, ok" in _about(app)


@presses("secrets.usages", "list.open")
async def test_u_and_enter_go_to_the_steps_that_read_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.shown("secrets", toasts=True) as (app, pilot):
        opened: list[Any] = []
        monkeypatch.setattr(app, "open_editor", lambda workflow_id, *, step: opened.append((workflow_id, step)))
        for key in ("u", "enter"):
            await _open(app, pilot, key, UsagesModal)
            assert app.screen.query_one(OptionList).option_count == 1
            await pilot.press("enter")
            await until(lambda: not isinstance(app.screen, UsagesModal), "the end of the dialog")
            await settled(app)
        assert opened == [("wf_0001", "send")] * 2
        await pilot.press("j", "enter")
        await until(lambda: any("no workflow reads it" in text for text in said(app)), "the message")
        assert app.screen.refusal("secrets.usages") == "no workflow reads it"  # type: ignore[attr-defined]


@presses("secrets.connect")
async def test_c_shows_where_a_person_says_yes(world: World) -> None:
    world.secrets[:] = [secret("DRIVE", kind="oauth2", connection=connection()), secret("PLAIN")]
    begun = {
        "url": "https://login.example.com/authorize?x=1",
        "redirectUri": "http://127.0.0.1:4000/api/oauth/callback",
    }
    world.http.on("POST", "/api/secrets/{}/connect", lambda r: begun)
    async with world.shown("secrets") as (app, pilot):
        assert "Not connected yet. c connects it" in _about(app)
        await _open(app, pilot, "c", MessageModal)
        assert begun["url"] in screen_text(app)
        assert begun["redirectUri"] in screen_text(app)
        await pilot.press("y")
        assert app.clipboard == begun["url"]
        world.secrets[0]["connection"]["state"] = "connected"
        await pilot.press("escape")
        await until(lambda: "Connected;" in _about(app), "the new state, read again on coming back")
        await pilot.press("j")
        assert app.screen.refusal("secrets.connect") == "it is no OAuth2 connection"  # type: ignore[attr-defined]


@presses("secrets.delete")
async def test_x_asks_and_wants_the_name_of_one_that_is_read(world: World) -> None:
    async with world.shown("secrets", toasts=True) as (app, pilot):
        await _open(app, pilot, "x", ConfirmModal)
        assert "Steps of order-intake will fail" in screen_text(app)
        await pilot.press("y", "enter")
        await settled(app)
        assert isinstance(app.screen, ConfirmModal), "y is a letter of the name there"
        app.screen.query_one(Input).value = ""
        await pilot.press(*"CRM_TOKEN", "enter")
        await until(lambda: len(world.secrets) == 1, "the end of it")
        await idle(app)
        await _open(app, pilot, "x", ConfirmModal)
        await pilot.press("y")
        await until(lambda: not world.secrets, "the end of the other")
        await idle(app)
        assert "n makes one" in screen_text(app)


async def test_one_that_is_read_since_the_list_came_stays(world: World) -> None:
    async with world.shown("secrets", toasts=True) as (app, pilot):
        await pilot.press("j")
        in_use = refuse(409, "secret_in_use", "SMTP_LOGIN is read by order-intake")
        world.http.on("DELETE", "/api/secrets/{}", lambda r: in_use)
        await _open(app, pilot, "x", ConfirmModal)
        await pilot.press("y")
        await until(lambda: any("is read by order-intake" in text for text in said(app)), "why not")
        assert len(world.secrets) == 2


@pytest.mark.parametrize("status", [403, 404])
async def test_somebody_who_may_not_see_them_is_told_in_the_list(world: World, status: int) -> None:
    world.http.on("GET", "/api/secrets", lambda r: refuse(status, "role_too_low", "viewers see no secrets"))
    async with world.shown("secrets", toasts=True) as (app, pilot):
        assert "The secrets are not shown: viewers see no secrets" in screen_text(app)
        await pilot.press("n", "t", "x", "u")
        await settled(app)
        assert app.screen.refusal("secrets.new") == "viewers see no secrets"  # type: ignore[attr-defined]
        assert not app.screen.is_modal
        assert said(app) == []


async def test_a_read_only_session_and_production(world: World) -> None:
    async with world.shown("secrets", read_only=True) as (app, pilot):
        await pilot.press("n", "e", "t", "c", "x")
        await settled(app)
        assert not app.screen.is_modal
        assert "Replace value" not in screen_text(app)
        assert "Usages" in screen_text(app)
    world.label = "production"
    async with world.shown("secrets") as (app, pilot):
        for key in ("n", "e", "t"):
            await _open(app, pilot, key, ConfirmModal)
            await pilot.press("escape")
            await settled(app)
        assert not [call for call in world.http.asked if call.method != "GET"]


def test_what_a_line_is_for_can_be_read_in_a_small_terminal() -> None:
    """80 columns leave 50 of the dialog for it; words beyond them would be missing without a sign."""
    assert [field.key for field in FIELDS if len(field.hint) > 50] == []
