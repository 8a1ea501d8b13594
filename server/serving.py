"""A server's life: checks, sockets, the parts, a hello, and an orderly end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from dataclasses import dataclass
from functools import partial
from typing import Final

import click
from aiohttp import web

from server import sockets
from server.app import create_app
from server.arrival import Arrival
from server.compose import Parts, compose, flowdesk_version
from server.deadlines import Runner
from server.exits import Exit
from server.keys import ARRIVAL
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
    own = sockets.addresses(start.listening)
    parts = compose(start.settings, lambda: own)
    watchdog = Watchdog()
    watchdog.start()  # not before: the libraries that settings ask for take their time, and nobody waits yet
    watchdog.lag = parts.metrics.meters.loop_lag.observe
    app = create_app(parts, patient=not start.embedded, introduce=partial(introduce, start, parts))
    runner = Runner(app, start.settings)
    try:
        await runner.setup()
        for sock in start.listening:
            await web.SockSite(runner, sock, backlog=sockets.BACKLOG).start()
        await greet(start, parts)
        # What is loaded by now stays. To walk through it again takes the collector 50 ms and more, and all wait for it.
        gc.freeze()
        if start.embedded:
            hold(sys.stdin.fileno(), stopping.set)
        await until_asked(stopping, app[ARRIVAL])
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


async def until_asked(stopping: asyncio.Event, arrival: Arrival) -> None:
    """Return when asked to stop; raises when a store that was waited for turns out to be of no use."""
    asked = asyncio.create_task(stopping.wait(), name="stopping")
    arriving = asyncio.create_task(arrival.wait(), name="arriving")
    try:
        await asyncio.wait([asked, arriving], return_when=asyncio.FIRST_COMPLETED)
        if arriving.done():
            arriving.result()
            await asked
    finally:
        for task in (asked, arriving):
            task.cancel()
        await asyncio.gather(asked, arriving, return_exceptions=True)


async def introduce(start: Start, parts: Parts) -> None:
    """Leave a file that tells programs on this machine how to reach us."""
    write_state(start.settings.state_file, await _running(start, parts))


async def _running(start: Start, parts: Parts) -> Running:
    token = parts.tokens.issue_local(await parts.accounts.local_user())
    return Running(sockets.url_of(sockets.addresses(start.listening)), os.getpid(), token, flowdesk_version())


async def greet(start: Start, parts: Parts) -> None:
    """Tell those who started us how to reach us: by hello line, by words."""
    url = sockets.url_of(sockets.addresses(start.listening))
    for text in warnings(start.settings, sockets.beyond_loopback(start.listening)):
        log.warning("%s", text)
    for plugin in parts.registry.plugins:
        if plugin.error is not None:
            log.warning("the plugin %s was skipped: %s", plugin.name, plugin.error)
    version = flowdesk_version()
    fields = {"url": url, "dataDir": str(start.settings.data_dir), "pid": os.getpid(), "version": version}
    log.info("listening on %s", url, extra={"fields": fields})
    if start.embedded:
        os.write(sys.stdout.fileno(), (await _running(start, parts)).line())
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
