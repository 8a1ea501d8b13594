"""The terminal UI in a browser: who gets in, and that a real terminal is behind the door."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import ClientSession, CookieJar, WSMsgType, WSServerHandshakeError

from flowdesk.errors import Unreachable
from flowdesk.launch import Wish
from flowdesk.local import is_alive
from flowdesk.tui.web import listen, serving, tab_command
from flowdesk.tui.web_door import Door
from tests.tui.waiting import until

WITHIN_S = 30


@pytest.fixture
async def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    """A page whose terminals talk to a server that is not there."""
    for name in ("FLOWDESK_STATE_DIR", "FLOWDESK_CONFIG_DIR", "FLOWDESK_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    command = tab_command(Wish(url="http://127.0.0.1:9"), tmp_path, read_only=True)
    started = tmp_path / "pid"
    with listen(0) as listening:
        async with serving(listening, f"echo $$ >{started}; {command}") as found:
            yield found
    if started.is_file():
        await until(lambda: not is_alive(int(started.read_text())), "the end of the tab")


@pytest.fixture
async def browser() -> AsyncIterator[ClientSession]:
    """Keeps cookies, as one does."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


async def entered(browser: ClientSession, door: Door) -> None:
    async with browser.get(door.address) as reply:
        assert reply.status == 200


@pytest.mark.parametrize(
    "path", ["/", "/ws", "/static/js/textual.js", "/download/x", "/?token=", "/?token=wrong", "/no"]
)
async def test_a_stranger_gets_nothing(door: Door, browser: ClientSession, path: str) -> None:
    async with browser.get(f"{door.origin}{path}") as reply:
        assert reply.status == 403
        assert "Set-Cookie" not in reply.headers


async def test_the_address_lets_one_browser_in_once(door: Door, browser: ClientSession) -> None:
    async with browser.get(door.address) as reply:
        cookie = reply.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
    async with browser.get(f"{door.origin}/") as reply:
        assert reply.status == 200
        assert door.origin.replace("http", "ws") + "/ws" in await reply.text()
    async with browser.get(door.address) as again:  # the same browser reloads: it is let in by its cookie
        assert again.status == 200
        assert str(again.url) == f"{door.origin}/"
    async with ClientSession() as other, other.get(door.address) as reply:
        assert reply.status == 403


async def test_the_token_opens_nothing_but_the_page(door: Door, browser: ClientSession) -> None:
    token = door.address.partition("?")[2]
    async with browser.get(f"{door.origin}/ws?{token}") as reply:
        assert reply.status == 403
    async with browser.post(door.address) as reply:
        assert reply.status == 403


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "evil.example:80", ""])
async def test_another_name_for_this_machine_leads_nowhere(door: Door, browser: ClientSession, host: str) -> None:
    """A name of an attacker that resolves to 127.0.0.1 makes the browser believe it is the attacker's page."""
    await entered(browser, door)
    async with browser.get(f"{door.origin}/", headers={"Host": host}) as reply:
        assert reply.status == 403


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://127.0.0.1:1"])
async def test_another_page_gets_no_terminal(door: Door, browser: ClientSession, origin: str | None) -> None:
    await entered(browser, door)
    with pytest.raises(WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{door.origin}/ws", headers={"Origin": origin} if origin else {})
    assert refused.value.status == 403


async def test_nothing_from_elsewhere_is_loaded_and_nothing_is_kept(door: Door, browser: ClientSession) -> None:
    await entered(browser, door)
    for path in ("/", "/static/js/textual.js", "/no"):
        async with browser.get(f"{door.origin}{path}") as reply:
            policy = reply.headers["Content-Security-Policy"]
            assert policy.startswith("default-src 'none'")
            assert "frame-ancestors 'none'" in policy
            assert reply.headers["Cache-Control"] == "no-store"
            assert reply.headers["Referrer-Policy"] == "no-referrer"


async def test_a_tab_is_the_terminal_ui_and_takes_keys(door: Door, browser: ClientSession) -> None:
    await entered(browser, door)
    url = f"{door.origin}/ws?width=100&height=30"
    async with browser.ws_connect(url, headers={"Origin": door.origin}) as tab:
        seen = await _until(tab, b"enter tries again")
        assert b"FlowDesk" in seen
        await tab.send_json(["stdin", "\x11"])  # ctrl+q
        async for _message in tab:
            pass
        assert tab.closed


async def test_a_taken_port_is_told() -> None:
    with listen(0) as first:
        first.listen()
        with pytest.raises(Unreachable, match="cannot listen"):
            listen(first.getsockname()[1])


def test_a_tab_is_told_what_was_meant(tmp_path: Path) -> None:
    command = tab_command(Wish(context="it's; rm"), tmp_path, read_only=True)
    assert """-m flowdesk --context 'it'"'"'s; rm' --read-only 2>>""" in command


async def _until(tab: aiohttp.ClientWebSocketResponse, text: bytes) -> bytes:
    """Everything up to this text on the screen, colours left out."""
    seen = b""
    while text.replace(b" ", b"") not in _plain(seen):
        message = await tab.receive(timeout=WITHIN_S)
        assert message.type is WSMsgType.BINARY, message
        seen += message.data
    return seen


def _plain(raw: bytes) -> bytes:
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]|\s", b"", raw)
