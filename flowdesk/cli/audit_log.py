"""`flowdesk audit-log`: who changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.workflows import LIMIT

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.command("audit-log")
@click.option("--action", metavar="NAME", help="Only changes of this kind, such as workflow.save.")
@click.option("--target", metavar="ID", help="Only changes of this thing.")
@click.option("--user", "user_id", metavar="ID", help="Only changes made by this user.")
@click.option("--limit", type=LIMIT, metavar="N", default=20, show_default=True, help="How many at most.")
@server_options
def audit_log(options: Options, action: str | None, target: str | None, user_id: str | None, limit: int) -> None:
    """List who changed what in the workspace, from where, newest first. For owners.

    `before` and `after` are the first letters of hashes: the same letters are the same document.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.show.accounts import audit_table

        client = connection.client
        found, more = await collect(
            lambda size, cursor: client.audit.list(
                action=action, target=target, user_id=user_id, limit=size, cursor=cursor
            ),
            limit,
        )
        if out.json:
            out.document(found)
            return None
        people = {member["userId"]: member["email"] or member["userId"] for member in await client.members.list()}
        out.table(*audit_table(found, people, out.paint), empty="nothing was changed")
        if more:
            out.remark(f"there are more than {limit}; --limit shows more")
        return None

    on_server(options, work)
