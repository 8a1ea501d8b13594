"""A browser without a window for the pages of `flowdesk web`, driven over its debugging protocol."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WHY_NOT: Final = "Chromium is not installed; it shows the pages of this test (docs/testing.md)"
WITHIN_S: Final = 60.0
_CALL_S: Final = 30.0
_FRAME: Final = "Network.webSocketFrameReceived"
_BINARY: Final = 2
_LOOK_S: Final = 0.1
_NAMES: Final = {"\r": "Enter", "\x1b": "Escape"}
_OPTIONS: Final = (
    "--headless",
    "--no-sandbox",  # containers run tests as root, where its sandbox refuses to start
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1200,800",
    "--remote-debugging-port=0",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # tests talk to nobody else
    "about:blank",
)


class Page:
    """One tab of the browser."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        """What the browser told besides its answers."""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the protocol and its answer."""
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": params})
        async with asyncio.timeout(_CALL_S):
            while True:
                message = await self._socket.receive()
                assert message.type is WSMsgType.TEXT, message
                told = message.json()
                if told.get("id") == number:
                    assert "error" not in told, told
                    return dict(told["result"])
                self.events.append(told)

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression of JavaScript in the page."""
        return (await self.call("Runtime.evaluate", expression=expression, returnByValue=True))["result"].get("value")

    async def open(self, address: str) -> None:
        """Go to that address."""
        await self.call("Page.navigate", url=address)

    async def wait_for(self, expression: str, holds: Callable[[Any], object] = bool) -> Any:
        """The value of the expression once it holds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + WITHIN_S
        while not holds(value := await self.evaluate(expression)):
            assert loop.time() < end, f"in vain for {expression}: {value!r}, {self.drawn()[-800:]}"
            await asyncio.sleep(_LOOK_S)
        return value

    def left_for(self, host: str) -> list[str]:
        """Requests to any host but this one that were not refused by the page's own policy."""
        told = [(event["method"], event["params"]) for event in self.events]
        refused = {p["requestId"] for method, p in told if method == "Network.loadingFailed" and "blockedReason" in p}
        asked = {p["requestId"]: p["request"]["url"] for method, p in told if method == "Network.requestWillBeSent"}
        away = {number: url for number, url in asked.items() if urlsplit(url).netloc not in ("", host)}
        return [url for number, url in away.items() if number not in refused]

    async def press(self, key: str, *, ctrl: bool = False) -> None:
        """Press and release a key: a letter, a digit, `\\r` or `\\x1b`."""
        text = {} if ctrl or key == "\x1b" else {"text": key}
        key = _NAMES.get(key, key)
        number = 27 if key == "Escape" else ord((text.get("text") or key).upper())
        code = {"windowsVirtualKeyCode": number, "modifiers": 2 if ctrl else 0}
        await self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text, **code)
        await self.call("Input.dispatchKeyEvent", type="keyUp", key=key, **code)

    def drawn(self) -> str:
        """What the terminal in the page was told to draw since `forget`, without colours, cursor movements and spaces.

        The page itself is a canvas whose text cannot be read.
        """
        told = (event["params"]["response"] for event in self.events if event["method"] == _FRAME)
        raw = b"".join(base64.b64decode(frame["payloadData"]) for frame in told if frame["opcode"] == _BINARY)
        return re.sub(r"\x1b\][^\x07]*\x07|\x1b\[[0-9;?<>=]*\$?[A-Za-z]|\s", "", raw.decode(errors="replace"))

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.events.clear()

    async def see(self, *wanted: str) -> None:
        """Return when all of this has been drawn; the browser tells what came with its next answer."""
        await self.wait_for("0", lambda _: all(text.replace(" ", "") in self.drawn() for text in wanted))

    async def picture(self) -> bytes:
        """What the page looks like, as PNG."""
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    """A fresh browser with one empty tab; it has ended afterwards."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(prefix="fd-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM,
            f"--user-data-dir={profile}",
            *_OPTIONS,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stderr is not None
        draining: asyncio.Task[bytes] | None = None
        try:
            port = await _port(process.stderr)
            draining = asyncio.ensure_future(process.stderr.read())
            async with ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as reply:
                    tab = next(target for target in await reply.json() if target["type"] == "page")
                async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            if process.returncode is None:
                process.terminate()
            await asyncio.wait_for(process.wait(), _CALL_S)
            if draining is not None:
                await asyncio.wait_for(draining, _CALL_S)


async def _port(stderr: asyncio.StreamReader) -> int:
    """Where the browser listens, from what it says when it starts."""
    async with asyncio.timeout(WITHIN_S):
        while line := await stderr.readline():
            found = re.search(rb"ws://127\.0\.0\.1:(\d+)/", line)
            if found:
                return int(found[1])
    raise AssertionError("the browser ended before it listened")
