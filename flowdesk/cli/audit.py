"""`flowdesk audit`: what is risky, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.exits import Exit

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.command("audit")
@server_options
def audit(options: Options) -> None:
    """Look for what is risky: open webhooks, unused or unbound secrets, API keys without an end, absent members.

    For owners of the workspace; administrators see risky settings of the server too. Nothing is changed. The exit code
    is 1 when something of severity high was found. docs/security.md explains every code.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.review import review_lines

        review = await connection.client.audit.findings()
        if out.json:
            out.document(review)
        else:
            out.lines(review_lines(review, out.paint))
        return Exit.FAILED if any(one["severity"] == "high" for one in review["findings"]) else None

    on_server(options, work)
