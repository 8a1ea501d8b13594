"""`flowdesk web` in a real browser: opened with the printed address, used with keys, its tab closed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.command import Home
from tests.tui import chromium
from tests.tui.waiting import until

HELLO = {
    "name": "hello",
    "steps": [
        {"id": "start", "type": "TRIGGER", "ref": "manual", "next": "greet"},
        {"id": "greet", "ref": "core.log", "params": {"message": "hello from a page"}},
    ],
}
SHOWN = "document.body.className.includes('-first-byte')"
REMEMBERED_AREA = "workflows"
TRIES = 5
"""A key that is pressed before there is a server does nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Somebody with one workflow."""
    home = Home(tmp_path, {"PORT": "0", "FLOWDESK_STATE_DIR": str(tmp_path / "state")})
    home.write("hello.json", HELLO)
    assert home.flowdesk("apply", "hello.json").code == 0
    yield home
    home.close()


@pytest.mark.skipif(chromium.CHROMIUM is None, reason=chromium.WHY_NOT)
async def test_a_page_shows_the_terminal_and_takes_keys_and_its_tab_is_left_well(home: Home) -> None:
    web = home.spawn("web", "--port", "0", "--json")
    assert web.stdout is not None
    address = json.loads(await asyncio.to_thread(web.stdout.readline))["url"]
    async with chromium.browser() as page:
        await page.call("Network.enable")
        await page.open(address)
        await page.wait_for(SHOWN)
        assert "token" not in await page.evaluate("location.href")
        await page.wait_for("!!document.querySelector('.xterm-helper-textarea')")
        await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
        assert (await page.picture()).startswith(b"\x89PNG")
        assert len(page.events) > 3
        assert page.left_for(urlsplit(address).netloc) == []
        session = home.root / "state" / "session.json"
        # The page is a canvas whose text cannot be read: what a key did is seen in what the tab remembers.
        for _ in range(TRIES):
            for _ in range(20):
                await page.press("2")
                await page.picture()  # which takes as long as drawing does
            await page.open("about:blank")  # the tab is closed without leaving FlowDesk
            await until(session.is_file, "what the tab remembers")
            if json.loads(session.read_text()).get("area") == REMEMBERED_AREA:
                break
            session.unlink()
            await page.open(address)
            await page.wait_for("!!document.querySelector('.xterm-helper-textarea')")
            await page.evaluate("document.querySelector('.xterm-helper-textarea').focus()")
        assert json.loads(session.read_text())["area"] == REMEMBERED_AREA
