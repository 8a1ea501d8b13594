"""`flowdesk logs`: what happened in a run, or in a workflow's runs; with -f, while it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection
    from flowdesk.replies import EventDoc, WorkflowDoc
    from flowdesk.show.story import Story

JOURNAL_PAGE = 1000


@click.command()
@click.argument("reference", metavar="RUN|ID|NAME")
@click.option("--follow", "-f", is_flag=True, help="Go on while it happens; a run's log ends with the run.")
@click.option(
    "--limit",
    type=click.IntRange(1, 200),
    metavar="N",
    default=5,
    show_default=True,
    help="How many runs of a workflow.",
)
@server_options
def logs(options: Options, reference: str, follow: bool, limit: int) -> None:
    """Show the log of a run, or of a workflow's newest runs.

    With -f on a run the exit code says whether it succeeded; on a workflow it goes on until ctrl-c.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.follow import follow as follow_run
        from flowdesk.cli.refs import find_workflow, is_run_id

        if is_run_id(reference):
            if follow:
                return await follow_run(connection, out, reference)
            return await _print_run(connection, out, reference)
        workflow = await find_workflow(connection.client, reference)
        if follow:
            return await _follow_workflow(connection, out, workflow)
        return await _print_runs(connection, out, workflow, limit)

    on_server(options, work)


async def _print_run(connection: Connection, out: Output, run_id: str) -> int | None:
    from flowdesk.cli.refs import known
    from flowdesk.show.story import Story

    runs = connection.client.runs
    run = await known("run", run_id, runs.get(run_id))
    story = Story([step["id"] for step in run["steps"]], out.paint)
    after = 0
    while events := await runs.journal(run_id, after=after, limit=JOURNAL_PAGE):
        for event in events:
            _print(out, story, event)
        after = events[-1]["seq"]
    return None


async def _print_runs(connection: Connection, out: Output, workflow: WorkflowDoc, limit: int) -> int | None:
    from flowdesk.show.run import summary_line
    from flowdesk.show.story import Prefixes, log_line

    page = await connection.client.workflows.logs(workflow["id"], limit=limit)
    if out.json:
        out.document(page.items)
        return None
    for run in reversed(page.items):
        prefixes = Prefixes(out.paint)
        prefixes.add(step["id"] for step in workflow["steps"])
        for line in run["logs"]:
            out.lines(log_line(line, prefixes))
        out.lines([summary_line(run, out.paint), ""])
    if not page.items:
        out.remark("no runs")
    return None


async def _follow_workflow(connection: Connection, out: Output, workflow: WorkflowDoc) -> int | None:
    from flowdesk.cli.watch import watch

    out.remark(f"waiting for runs of {workflow['name']}; ctrl-c leaves")
    await watch(connection.client, out, workflow["id"])
    return None


def _print(out: Output, story: Story, event: EventDoc) -> None:
    told = story.tell(event)
    if out.json:
        out.record(event)
    else:
        out.lines(told)
