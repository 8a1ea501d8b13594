"""`flowdesk web` in a real browser: a run is started and its result seen, and the tab is simply closed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
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


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Somebody with one workflow."""
    home = Home(tmp_path, {"PORT": "0", "FLOWDESK_STATE_DIR": str(tmp_path / "state")})
    home.write("hello.json", HELLO)
    assert home.flowdesk("apply", "hello.json").code == 0
    yield home
    home.close()


@asynccontextmanager
async def page_of(home: Home) -> AsyncIterator[chromium.Page]:
    """The terminal UI in a browser, with the list of workflows in front."""
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
        await page.see("Dashboard", "Nothing is running")
        assert page.left_for(urlsplit(address).netloc) == []
        await page.press("2")
        await page.see("Workflows", "by hand")
        page.forget()
        yield page


async def close(page: chromium.Page) -> None:
    """The tab is closed without leaving FlowDesk."""
    await page.open("about:blank")


@pytest.mark.skipif(chromium.CHROMIUM is None, reason=chromium.WHY_NOT)
async def test_a_run_is_started_and_its_result_seen_and_the_tab_is_left_well(home: Home) -> None:
    async with page_of(home) as page:
        await page.press("r")
        await page.see("Run hello", "Input, as JSON")
        page.forget()
        await page.press("\r")
        await page.see("hello from a page", "succeeded")
        assert (await page.picture()).startswith(b"\x89PNG")
        await close(page)
        session = home.root / "state" / "session.json"
        await until(session.is_file, "what the tab remembers")
        assert json.loads(session.read_text())["area"] == "workflows"
    runs = home.flowdesk("runs", "--json").json
    assert [run["status"] for run in runs] == ["SUCCESS"]


@pytest.mark.skipif(chromium.CHROMIUM is None, reason=chromium.WHY_NOT)
async def test_a_deletion_that_could_still_be_undone_is_done_when_the_tab_is_closed(home: Home) -> None:
    """Whoever closes the tab has said yes to it, and can no longer press u."""
    async with page_of(home) as page:
        await page.press("x")
        await page.see("Delete hello?")
        page.forget()
        await page.press("y")
        await page.see("Deleting hello in 10 s", "u undoes it")
        assert [found["name"] for found in home.flowdesk("ls", "--json").json] == ["hello"], "nothing is gone yet"
        await close(page)
        await until((home.root / "state" / "session.json").is_file, "the end of the tab")
    assert home.flowdesk("ls", "--json").json == []
