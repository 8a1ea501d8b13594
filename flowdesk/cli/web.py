"""`flowdesk web`: the terminal UI in a browser on this machine."""

from __future__ import annotations

import os
import signal
from typing import Final

import click

from flowdesk.cli.base import Options, server_options

DEFAULT_PORT: Final = 4001


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port, 0 for any free one."
)
@click.option("--read-only", is_flag=True, help="Look, and change nothing.")
@server_options
def web(options: Options, port: int, read_only: bool) -> None:
    """Serve the terminal UI to a browser on this machine, and print the address to open.

    The address works once, for one browser. Needs the extra `web`: pip install 'flowdesk[web]'.
    """
    import asyncio

    try:
        asyncio.run(_web(options, port, read_only))
    except KeyboardInterrupt:
        return


async def _web(options: Options, port: int, read_only: bool) -> None:
    import asyncio

    from flowdesk.cli.output import Output
    from flowdesk.errors import ClientError
    from flowdesk.launch import Wish

    try:
        from flowdesk.tui.web import stay
    except ModuleNotFoundError as error:
        if error.name not in ("textual_serve", "aiohttp_jinja2", "jinja2"):
            raise
        raise ClientError(
            "flowdesk web needs textual-serve, which is not installed", hint="pip install 'flowdesk[web]'"
        ) from None
    out = Output(json=options.json)

    def opened(address: str) -> None:
        if out.json:
            out.record({"url": address})
        else:
            out.lines([address])
        out.remark("open it in a browser on this machine; it works once. Ctrl-C ends it")

    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await stay(
            Wish(options.url, options.context, options.workspace), os.environ, port, read_only=read_only, opened=opened
        )
    except asyncio.CancelledError:
        out.remark("stopping; unfinished runs go on at the next start")
