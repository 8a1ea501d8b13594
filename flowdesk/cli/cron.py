"""`flowdesk cron explain`: what an expression means, before it is saved anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.schedules import MAX_TIMES, TIME, iso

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.group()
def cron() -> None:
    """Understand cron expressions."""


@cron.command()
@click.argument("expression", metavar="EXPR")
@click.option("--zone", metavar="ZONE", help="The IANA zone it is read in; the server's own when not given.")
@click.option("--from", "since", type=TIME, help="Times after this one; now when not given.")
@click.option("--to", "until", type=TIME, help="Times up to this one.")
@click.option("-n", "--limit", type=click.IntRange(1, MAX_TIMES), default=10, show_default=True, help="How many times.")
@click.option("--misfire", type=click.Choice(["skip", "latest", "all"]), help="Policy for the outages.")
@click.option(
    "--overlap", type=click.Choice(["skip", "queue", "parallel", "cancelPrevious"]), help="Policy for the outages."
)
@server_options
def explain(options: Options, expression: str, zone: str | None, since: Any, until: Any, **more: Any) -> None:
    """Say EXPR in words, list its next times with gaps and overlaps of the clocks, and what outages would do.

    EXPR has five fields (minute, hour, day of month, month, day of week), six with seconds first, or is a name such
    as @daily.
    """
    wanted = {"cron": expression, "timezone": zone, "from": iso(since), "to": iso(until), **more}

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.schedules import preview_lines

        given = {name: value for name, value in wanted.items() if value is not None}
        found = await connection.client.preview_schedule(given)
        if out.json:
            out.document(found)
        else:
            out.lines(preview_lines(found, out.paint))
        return None

    on_server(options, work)
