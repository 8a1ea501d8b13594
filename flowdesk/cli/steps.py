"""`flowdesk steps`: the kinds of steps the server knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.command()
@click.argument("ref", required=False, metavar="[REF]")
@server_options
def steps(options: Options, ref: str | None) -> None:
    """List the kinds of steps, or describe one with its parameters and examples."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.workflow import kind_lines, kind_table

        if ref is None:
            kinds = await connection.client.step_kinds()
            if out.json:
                out.document(kinds)
            else:
                out.table(*kind_table(kinds, out.paint), empty="no steps")
            return None
        kind = await connection.client.step_kind(ref)
        if out.json:
            out.document(kind)
        else:
            out.lines(kind_lines(kind, out.paint, out.columns))
        return None

    on_server(options, work)
