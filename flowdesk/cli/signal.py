"""`flowdesk signal`: tell a run that something has happened which one of its steps waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.data import read_value

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("name", metavar="NAME")
@click.option("--data", metavar="JSON|@FILE|-", help="What the signal brings: any JSON value; the step's output.")
@click.option("--key", metavar="TEXT", help="Sent twice with the same key, the signal counts once.")
@click.option("--follow", "-f", is_flag=True, help="Show the live log until the run ends.")
@server_options
def signal(options: Options, run_id: str, name: str, data: str | None, key: str | None, follow: bool) -> None:
    """Send a run the signal that one of its flow.wait steps waits for, or will.

    A signal that comes early is kept for the step. `flowdesk show RUN` tells which ones are waited for.
    """
    value = read_value(data)

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.finish import finish_started
        from flowdesk.cli.refs import known

        run = await known("run", run_id, connection.client.runs.signal(run_id, name, value, key=key))
        return await finish_started(connection, out, run, follow=follow)

    on_server(options, work)
