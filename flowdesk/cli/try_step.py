"""`flowdesk try`: one step of a workflow alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.complete import complete_files
from flowdesk.cli.data import data_option, read_data

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

MOST_S = 30


@click.command(name="try")
@click.argument("workflow", metavar="FILE|ID|NAME", shell_complete=complete_files)
@click.option("--step", "step_id", required=True, metavar="STEP", help="The step.")
@data_option
@click.option("--run", "run_id", metavar="RUN", help="Let the step see what it saw in this run.")
@click.option("--render", is_flag=True, help="Only fill in its parameters; nothing is executed.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.001, max=MOST_S),
    default=MOST_S,
    show_default=True,
    metavar="SECONDS",
    help="How long it may take.",
)
@server_options
def try_step(
    options: Options,
    workflow: str,
    step_id: str,
    data: str | None,
    run_id: str | None,
    render: bool,
    timeout: float,
) -> None:
    """Execute one step alone, once.

    It is the real step with whatever effect it has; only no run is made. A FILE is not saved. The step sees the trigger
    data given, or with --run the data and the outputs it saw in that run. The exit code says whether it succeeded.
    """
    from flowdesk.files import looks_like_file, read_workflow_file

    if data is not None and run_id is not None:
        raise click.UsageError("--data and --run exclude each other")
    given = read_data(data)
    file = read_workflow_file(Path(workflow)) if looks_like_file(workflow) else None

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.exits import Exit
        from flowdesk.cli.output import problem_document
        from flowdesk.cli.refs import find_workflow
        from flowdesk.show.trial import preview_lines, trial_lines

        workflows = connection.client.workflows
        document = file.document if file else await find_workflow(connection.client, workflow)
        if render:
            seen = await workflows.preview(document, step_id, run_id=run_id, data=given)
            problems = [problem_document(problem) for problem in seen.problems]
            if out.json:
                out.document({"params": seen.params, "problems": problems, "truncated": seen.truncated})
            else:
                out.lines(preview_lines(seen, out.paint))
            return Exit.FAILED if any(problem.code != "missing_name" for problem in seen.problems) else Exit.OK
        timeout_ms = max(1, round(timeout * 1000))
        trial = await workflows.try_step(document, step_id, run_id=run_id, data=given, timeout_ms=timeout_ms)
        if out.json:
            out.document(trial)
        else:
            out.lines(trial_lines(trial, out.paint))
        return Exit.OK if trial["ok"] else Exit.FAILED

    on_server(options, work)
