"""A server's life: checks, sockets, the parts, a hello, and an orderly end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Final

import click
from aiohttp import web

from server import sockets
from server.app import create_app
from server.compose import Parts, compose, flowdesk_version
from server.deadlines import Runner
from server.exits import Exit
from server.lifeline import hold
from server.log_writer import LineWriter
from server.preflight import warnings
from server.settings import Settings
from server.state_file import Running, remove_state, write_state
from server.watchdog import Watchdog

log = logging.getLogger("flowdesk.server")

STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True, frozen=True)
class Start:
    """What a start was asked for. `embedded`: a child of another program, which holds our stdin and reads a hello."""

    settings: Settings
    listening: list[socket.socket]
    writer: LineWriter
    embedded: bool = False


async def serve(start: Start) -> Exit:
    """Serve until asked to stop; raises Unusable when that cannot begin."""
    stopping = asyncio.Event()
    watch_signals(start, stopping)
    watchdog = Watchdog()
    watchdog.start()
    own = sockets.addresses(start.listening)
    parts = compose(start.settings, lambda: own)
    runner = Runner(create_app(parts), start.settings)
    try:
        await runner.setup()
        for sock in start.listening:
            await web.SockSite(runner, sock, backlog=sockets.BACKLOG).start()
        await introduce(start, parts)
        if start.embedded:
            hold(sys.stdin.fileno(), stopping.set)
        await stopping.wait()
        log.info("stopping: nothing new is accepted, running steps have %g s", start.settings.grace_s)
    finally:
        await runner.cleanup()
        watchdog.stop()
        remove_state(start.settings.state_file, os.getpid())
    log.info("stopped")
    return Exit.OK


def watch_signals(start: Start, stopping: asyncio.Event) -> None:
    """The first signal asks for an orderly end, the second one ends at once."""
    loop = asyncio.get_running_loop()

    def on_signal(number: signal.Signals) -> None:
        if stopping.is_set():
            log.warning("stopped at once by a second %s; unfinished runs go on at the next start", number.name)
            remove_state(start.settings.state_file, os.getpid())
            start.writer.close(0.5)
            os._exit(128 + number)
        stopping.set()

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal, number)


async def introduce(start: Start, parts: Parts) -> None:
    """Tell those on this machine how to reach us: by file, by hello line, by words."""
    local = await parts.accounts.local_user()
    url = sockets.url_of(start.listening)
    running = Running(url, os.getpid(), parts.tokens.issue_local(local), flowdesk_version())
    write_state(start.settings.state_file, running)
    for text in warnings(start.settings, sockets.beyond_loopback(start.listening)):
        log.warning("%s", text)
    for plugin in parts.registry.plugins:
        if plugin.error is not None:
            log.warning("the plugin %s was skipped: %s", plugin.name, plugin.error)
    fields = {"url": url, "dataDir": str(start.settings.data_dir), "pid": running.pid, "version": running.version}
    log.info("listening on %s", url, extra={"fields": fields})
    if start.embedded:
        os.write(sys.stdout.fileno(), running.line())
    elif sys.stderr.isatty():
        click.echo(welcome(url, start.settings), err=True)


def welcome(url: str, settings: Settings) -> str:
    """What a person sees who started the server by hand."""
    return (
        f"\n  FlowDesk {flowdesk_version()} listens on {url}\n"
        f"  Data: {'MongoDB, named by MONGO_URL' if settings.mongo_url else settings.data_dir}\n\n"
        f"  Next, in another terminal:\n"
        f"    flowdesk                     shows what happens, live\n"
        f"    flowdesk apply examples/     loads the example workflows\n"
        f"    {url}/api/docs  describes the API\n\n"
        f"  Ctrl+C stops it in good order.\n"
    )
