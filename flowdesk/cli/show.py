"""`flowdesk show`: one workflow or one run, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.command()
@click.argument("reference", metavar="ID|NAME|RUN")
@server_options
def show(options: Options, reference: str) -> None:
    """Show a workflow with its steps, or a run with what became of each."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import find_workflow, is_run_id, known
        from flowdesk.show.run import run_lines
        from flowdesk.show.workflow import workflow_lines

        if is_run_id(reference):
            run = await known("run", reference, connection.client.runs.get(reference))
            if out.json:
                out.document(run)
            else:
                out.lines(run_lines(run, out.paint, out.columns))
            return None
        workflow = await find_workflow(connection.client, reference)
        if out.json:
            out.document(workflow)
        else:
            out.lines(workflow_lines(workflow, connection.target.url, out.paint, out.columns))
        return None

    on_server(options, work)
