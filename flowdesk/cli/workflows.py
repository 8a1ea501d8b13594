"""`flowdesk ls`, `enable`, `disable` and `delete`: workflows on the server."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

LIMIT = click.IntRange(1, 100_000)


@click.command()
@click.option("--text", help="Only workflows whose name contains this.")
@click.option("--tag", help="Only workflows with this tag.")
@click.option("--enabled/--disabled", default=None, help="Only workflows that are switched on, or off.")
@click.option("--limit", type=LIMIT, metavar="N", default=50, show_default=True, help="How many at most.")
@server_options
def ls(options: Options, text: str | None, tag: str | None, enabled: bool | None, limit: int) -> None:
    """List workflows, newest first."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.show.workflow import workflow_table

        workflows = connection.client.workflows
        found, more = await collect(
            lambda size, cursor: workflows.list(text=text, tag=tag, enabled=enabled, limit=size, cursor=cursor), limit
        )
        if out.json:
            out.document(found)
            return None
        out.table(*workflow_table(found, out.paint), empty="no workflows; flowdesk apply FILE makes one")
        if more:
            out.remark(f"there are more than {limit}; --limit shows more")
        return None

    on_server(options, work)


@click.command()
@click.argument("workflow", metavar="ID|NAME")
@server_options
def enable(options: Options, workflow: str) -> None:
    """Switch a workflow on: its webhook and its schedules start runs."""
    _switch(options, workflow, on=True)


@click.command()
@click.argument("workflow", metavar="ID|NAME")
@server_options
def disable(options: Options, workflow: str) -> None:
    """Switch a workflow off: only people start runs."""
    _switch(options, workflow, on=False)


def _switch(options: Options, reference: str, *, on: bool) -> None:
    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.clean import clean
        from flowdesk.cli.refs import find_workflow

        found = await find_workflow(connection.client, reference)
        if found["enabled"] is not on:
            found = await connection.client.workflows.save(found["id"], {**found, "enabled": on})
        if out.json:
            out.document(found)
        else:
            out.lines([f"{clean(found['name'])} is {'on' if on else 'off'}  v{found['version']}"])
        return None

    on_server(options, work)


@click.command()
@click.argument("workflow", metavar="ID|NAME")
@click.option("--yes", is_flag=True, help="Do not ask; needed without a terminal.")
@server_options
def delete(options: Options, workflow: str, yes: bool) -> None:
    """Delete a workflow with all its versions. Runs that are under way go on."""
    if not yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("deleting without a terminal needs --yes")

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.clean import clean
        from flowdesk.cli.refs import find_workflow

        found = await find_workflow(connection.client, workflow)
        name = clean(found["name"])
        if not yes:
            click.confirm(f"Delete {name} ({found['id']})?", abort=True, err=True)
        await connection.client.workflows.delete(found["id"])
        if out.json:
            out.document({"id": found["id"], "deleted": True})
        else:
            out.lines([f"deleted {name}  {found['id']}"])
        return None

    on_server(options, work)
