"""`flowdesk up`: the quick start. A server in the foreground, the examples loaded, and what happens told live."""

from __future__ import annotations

import os
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import json_option

if TYPE_CHECKING:
    from flowdesk.child import Child
    from flowdesk.cli.output import Output
    from flowdesk.client import Client
    from flowdesk.local import LocalServer
    from flowdesk.replies import WorkflowDoc


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), metavar="N", help="Port to listen on, 0 for any free one (PORT)."
)
@click.option("--no-examples", is_flag=True, help="Do not load the example workflows into an empty server.")
@json_option
def up(port: int | None = None, no_examples: bool = False, as_json: bool = False) -> None:
    """Start FlowDesk on this machine, or attach to the server that runs, and show what happens.

    Ctrl-C stops a server that was started here; one that ran before goes on.
    """
    import asyncio

    from flowdesk.cli.output import Output

    try:
        asyncio.run(_up(Output(json=as_json), port, examples=not no_examples))
    except KeyboardInterrupt:
        return


async def _up(out: Output, port: int | None, *, examples: bool) -> None:
    import asyncio

    from flowdesk import local

    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    server, started = await _server(out, local.data_dir(os.environ), port)
    try:
        await _stay(out, server, started, examples=examples)
    except asyncio.CancelledError:
        out.remark("stopping; unfinished runs go on at the next start" if started else "leaving; the server goes on")
    finally:
        if started is not None:
            await started.stop()


async def _server(out: Output, directory: Path, port: int | None) -> tuple[LocalServer, Child | None]:
    """The server that runs, or a new one: on the port that was asked for, else 4000, else any."""
    from flowdesk.launch import STABLE_PORT, attach_or_listen

    def taken() -> None:
        out.remark(f"port {STABLE_PORT} is taken by another program, so another port is used")

    return await attach_or_listen(directory, os.environ, port, taken=taken)


async def _stay(out: Output, server: LocalServer, started: Child | None, *, examples: bool) -> None:
    """Say what there is, then show what happens until somebody leaves or the server ends."""
    from flowdesk.cli.welcome import introduce
    from flowdesk.client import Client
    from flowdesk.errors import Unreachable
    from flowdesk.examples import Loaded, load_when_empty

    token = os.environ.get("FLOWDESK_TOKEN") or server.token
    async with Client(server.url, token) as client:
        loaded = await load_when_empty(client) if examples else Loaded()
        introduce(out, server, loaded, await _hooks(client), attached=started is None)
        await _watch_until_end(client, out, started.ended() if started is not None else _gone(server.pid))
    raise Unreachable(f"the server has ended{f': {started.last_words()}' if started is not None else ''}")


async def _hooks(client: Client) -> list[WorkflowDoc]:
    """The newest workflows that have a webhook, to show how one is called."""
    page = await client.workflows.list(enabled=True)
    return [w for w in page.items if any(step["ref"] == "http.webhook" for step in w["steps"])]


async def _gone(pid: int) -> None:
    """Return when a process that is not our child has ended."""
    import asyncio

    from flowdesk.local import is_alive

    while is_alive(pid):  # noqa: ASYNC110 - no event tells of a process that is not ours
        await asyncio.sleep(1)


async def _watch_until_end(client: Client, out: Output, end: Coroutine[None, None, None]) -> None:
    """Show all runs until the server ends."""
    import asyncio

    from flowdesk.cli.watch import watch

    tasks = [asyncio.create_task(watch(client, out)), asyncio.create_task(end)]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
