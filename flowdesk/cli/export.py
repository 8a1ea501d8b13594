"""`flowdesk export`: workflows as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.exporting import Format
    from flowdesk.launch import Connection
    from flowdesk.replies import WorkflowDoc


@click.command()
@click.argument("workflow", metavar="[ID|NAME]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every workflow; needs -o.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Write files here."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["yaml", "json"]),
    default="yaml",
    show_default=True,
    help="Language of the file.",
)
@click.option("--no-id", is_flag=True, help="Leave the id out; it is the address of the webhook.")
@click.option("--force", is_flag=True, help="Update files that say something else; their comments are kept.")
@server_options
def export(
    options: Options,
    workflow: str | None,
    everything: bool,
    output: Path | None,
    form: Format,
    no_id: bool,
    force: bool,
) -> None:
    """Print a workflow as a file, or write files into a directory.

    A file in DIR that names the workflow's id is that workflow's file; others are named after the workflow.
    """
    if bool(workflow) == everything:
        raise click.UsageError("name one workflow, or give --all")
    if everything and output is None and not options.json:
        raise click.UsageError("--all needs -o DIR")

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import find_workflow

        if workflow:
            found = [await find_workflow(connection.client, workflow)]
        else:
            found = [item async for item in connection.client.workflows.all()]
        if output is None:
            return _print(out, found, form, with_id=not no_id, everything=everything)
        return _write(out, found, output, form, with_id=not no_id, force=force)

    on_server(options, work)


def _print(out: Output, found: list[WorkflowDoc], form: Format, *, with_id: bool, everything: bool) -> int | None:
    from flowdesk.exporting import as_text, exported

    documents = [exported(workflow, with_id=with_id) for workflow in found]
    if out.json:
        out.document(documents if everything else documents[0])
    elif form == "json":
        out.document(documents[0])
    else:
        out.lines(as_text(documents[0], form).removesuffix("\n").split("\n"))
    return None


def _write(
    out: Output, found: list[WorkflowDoc], directory: Path, form: Format, *, with_id: bool, force: bool
) -> int | None:
    from flowdesk.clean import clean
    from flowdesk.cli.exits import Exit
    from flowdesk.exporting import place, write

    done = []
    for item in place(found, directory, form):
        state = write(item, form, with_id=with_id, force=force)
        done.append({"file": str(item.path), "id": item.workflow["id"], "state": state})
        if not out.json:
            out.lines([f"{state}  {clean(str(item.path))}  {clean(item.workflow['name'])}"])
    if out.json:
        out.document(done)
    if all(item["state"] != "differs" for item in done):
        return None
    out.remark("--force updates the files that differ")
    return Exit.CONFLICT
