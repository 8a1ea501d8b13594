"""`flowdesk versions`, `diff` and `restore WORKFLOW VERSION`: what a workflow was."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.workflows import LIMIT

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

NUMBER = click.IntRange(min=1)


@click.command()
@click.argument("workflow", metavar="ID|NAME")
@click.option("--limit", type=LIMIT, metavar="N", default=50, show_default=True, help="How many at most.")
@server_options
def versions(options: Options, workflow: str, limit: int) -> None:
    """List a workflow's saved versions, newest first."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.cli.refs import find_workflow
        from flowdesk.show.workflow import version_table

        workflows = connection.client.workflows
        workflow_id = (await find_workflow(connection.client, workflow))["id"]
        found, _ = await collect(lambda size, cursor: workflows.versions(workflow_id, limit=size, cursor=cursor), limit)
        if out.json:
            out.document(found)
        else:
            out.table(*version_table(found, out.paint), empty="no versions")
        return None

    on_server(options, work)


@click.command()
@click.argument("workflow", metavar="ID|NAME")
@click.argument("old", type=NUMBER, required=False)
@click.argument("new", type=NUMBER, required=False)
@server_options
def diff(options: Options, workflow: str, old: int | None, new: int | None) -> None:
    """Show what changed between two versions of a workflow.

    With no version: the last save. With one: from it to the current version.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import find_workflow
        from flowdesk.show.changes import change_lines

        found = await find_workflow(connection.client, workflow)
        last = new if new is not None else found["version"]
        first = old if old is not None else max(1, last - 1)
        changed = await connection.client.workflows.diff(found["id"], first, last)
        if out.json:
            out.document(changed)
            return None
        out.lines(change_lines(changed["changes"], out.paint))
        if not changed["changes"]:
            out.remark(f"versions {first} and {last} say the same")
        return None

    on_server(options, work)


def restore_version(options: Options, workflow: str, version: int) -> None:
    """Save an old version of a workflow as the newest one."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.clean import clean
        from flowdesk.cli.refs import find_workflow

        found = await find_workflow(connection.client, workflow)
        saved = await connection.client.workflows.restore(found["id"], version)
        if out.json:
            out.document(saved)
        else:
            out.lines([f"{clean(saved['name'])} is again what version {version} was, now v{saved['version']}"])
        return None

    on_server(options, work)
