"""`flowdesk workers`: the processes that execute runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.command()
@server_options
def workers(options: Options) -> None:
    """List the servers and workers that live, what they hold, and whether they fit together. For administrators."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.workers import worker_table

        found = await connection.client.workers()
        if out.json:
            out.document(found)
            return None
        out.table(*worker_table(found, out.paint), empty="nobody executes runs")
        for worker in found:
            for text in worker["differences"]:
                out.remark(f"{worker['role']} {worker['pid']} on {worker['host']}: {text}")
        return None

    on_server(options, work)
