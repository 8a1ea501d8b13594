"""The terminal UI as a page, served to this machine only: each tab is a `flowdesk` of its own behind textual-serve.

The engine belongs to this process and not to a tab, so that closing one stops no run.
"""

from __future__ import annotations

import asyncio
import shlex
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp_jinja2
import jinja2
from aiohttp import web
from textual_serve.server import Server

from flowdesk.errors import Unreachable
from flowdesk.launch import Wish, connect
from flowdesk.tui.failing import LOG_NAME
from flowdesk.tui.memory import state_dir
from flowdesk.tui.run import log_to
from flowdesk.tui.web_door import WEBSOCKET, Door

if TYPE_CHECKING:
    from flowdesk.child import Child

MOST_TABS: Final = 8
"""Each is a process of about 60 MB."""
CLOSE_S: Final = 5.0


class Tabs:
    """The page and its terminals. `command` is what a tab runs."""

    def __init__(self, door: Door, command: str) -> None:
        self._door = door
        host, _, port = door.host.partition(":")
        self._server = Server(command, host=host, port=int(port), title="FlowDesk", public_url=door.origin)
        self._open = 0

    def application(self) -> web.Application:
        """What answers, behind its door."""
        server = self._server
        app = web.Application(middlewares=[self._door.guard])
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(server.templates_path))
        app.add_routes(
            [
                web.get("/", server.handle_index, name="index"),
                web.get(WEBSOCKET, self._terminal, name="websocket"),
                web.get("/download/{key}", server.handle_download, name="download"),
                web.static("/static", server.statics_path, name="static"),
            ]
        )
        app.on_response_prepare.append(self._door.harden)
        return app

    async def _terminal(self, request: web.Request) -> web.StreamResponse:
        if self._open >= MOST_TABS:
            return web.Response(status=503, text=f"{MOST_TABS} tabs are open already; close one\n")
        self._open += 1
        try:
            return await self._server.handle_websocket(request)
        finally:
            self._open -= 1


@asynccontextmanager
async def serving(listening: socket.socket, command: str) -> AsyncIterator[Door]:
    """Answer on this socket until the end."""
    door = Door(listening.getsockname()[1])
    runner = web.AppRunner(Tabs(door, command).application(), access_log=None, shutdown_timeout=CLOSE_S)
    try:
        await runner.setup()
        await web.SockSite(runner, listening).start()
        yield door
    finally:
        await runner.cleanup()


async def stay(
    wish: Wish, environ: Mapping[str, str], port: int, *, read_only: bool, opened: Callable[[str], None]
) -> None:
    """Serve until cancelled, or until the engine that was started for it ends. `opened` is told the address."""
    place = state_dir(environ)
    log_to(place)
    with listen(port) as listening:
        async with (
            connect(wish, environ, lasting=True) as connection,
            serving(listening, tab_command(wish, place, read_only=read_only)) as door,
        ):
            opened(door.address)
            await _end_of(connection.child)


def tab_command(wish: Wish, place: Path, *, read_only: bool) -> str:
    """The shell command of one tab; what it has to say besides its screen goes into the log."""
    words = [sys.executable, "-P", "-m", "flowdesk"]
    words += ["--url", wish.url] if wish.url else []
    words += ["--context", wish.context] if wish.context else []
    words += ["--workspace", wish.workspace] if wish.workspace else []
    words += ["--read-only"] if read_only else []
    return f"exec {shlex.join(words)} 2>>{shlex.quote(str(place / LOG_NAME))}"


def listen(port: int) -> socket.socket:
    """A socket of this machine only; Unreachable when the port is taken. 0 takes any free one."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        raise Unreachable(
            f"cannot listen on 127.0.0.1:{port}: {error.strerror}", hint="--port 0 takes any free port"
        ) from None
    return listening


async def _end_of(child: Child | None) -> None:
    """Return never, unless the engine that was started here ends."""
    if child is None:
        await asyncio.Event().wait()
    else:
        await child.ended()
        raise Unreachable(f"the engine has ended: {child.last_words()}")
