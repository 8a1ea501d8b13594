"""Raw sockets against a served application, for what no well-behaved client would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from server import sockets
from server.deadlines import Runner
from server.keys import SETTINGS
from server.settings import Settings


@dataclass(slots=True)
class Reply:
    """One parsed answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def problem(self) -> Any:
        """The body as a problem document, whose form is checked on the way."""
        assert self.headers["content-type"] == "application/problem+json"
        found = self.json()
        assert found["type"] == f"urn:flowdesk:problem:{found['code']}"
        assert found["status"] == self.status
        assert found["title"]
        assert found["detail"]
        assert found["requestId"] == self.headers["x-request-id"]
        assert self.headers["server"] == "FlowDesk"
        assert "Traceback" not in self.body.decode()
        return found


@asynccontextmanager
async def served(app: web.Application, settings: Settings) -> AsyncIterator[int]:
    """Serve the application as the real server does; the port."""
    if SETTINGS not in app:
        app[SETTINGS] = settings
    runner = Runner(app, settings)
    await runner.setup()
    listening = sockets.bind("127.0.0.1", 0)
    for sock in listening:
        await web.SockSite(runner, sock).start()
    try:
        yield listening[0].getsockname()[1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection that is gone afterwards."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """The next answer on a connection."""
    async with asyncio.timeout(20):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Reply(int(status.split()[1]), headers, body)


async def exchange(port: int, *parts: bytes) -> Reply:
    """Send these bytes on a new connection and read one answer."""
    async with connected(port) as (reader, writer):
        for part in parts:
            writer.write(part)
            await writer.drain()
        return await read_reply(reader)


async def ask(port: int, method: str, path: str, body: bytes = b"", headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """One request and its answer."""
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers)]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return await exchange(port, "\r\n".join([*lines, "", ""]).encode() + body)


async def closed_after(reader: asyncio.StreamReader, within_s: float) -> float:
    """Seconds until the other side closed the connection."""
    clock = asyncio.get_running_loop().time
    start = clock()
    async with asyncio.timeout(within_s):
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
    return clock() - start
