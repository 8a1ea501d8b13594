"""`flowdesk decide`: what became of a step that was under way when its process died."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.data import read_value

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.client_runs import Outcome
    from flowdesk.launch import Connection
    from flowdesk.replies import RunDoc

OUTCOMES: Final = ("done", "again", "fail")


@click.command()
@click.argument("run_id", metavar="RUN")
@click.argument("outcome", type=click.Choice(OUTCOMES))
@click.option("--step", "step_id", metavar="STEP", help="The step; not needed when only one waits for a decision.")
@click.option("--data", metavar="JSON|@FILE|-", help="The output of a step that is done: any JSON value.")
@click.option("--reason", metavar="TEXT", help="Why, for whoever reads the run later.")
@click.option("--follow", "-f", is_flag=True, help="Show the live log until the run ends.")
@server_options
def decide(
    options: Options,
    run_id: str,
    outcome: Outcome,
    step_id: str | None,
    data: str | None,
    reason: str | None,
    follow: bool,
) -> None:
    """Say what became of a step whose process died: done, again or fail.

    Such a step may have happened or not, and only you can find out. `done` goes on after it, `again` runs it once
    more, `fail` counts it as failed. `flowdesk show RUN` tells what a run asks.
    """
    if data is not None and outcome != "done":
        raise click.UsageError(f"--data is the output of a step that is done, so it does not go with {outcome}")
    value = read_value(data)

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.finish import finish_started
        from flowdesk.cli.refs import known

        runs = connection.client.runs
        step = step_id or _only_step(await known("run", run_id, runs.get(run_id)))
        run = await known("run", run_id, runs.decide(run_id, step, outcome, data=value, reason=reason))
        return await finish_started(connection, out, run, follow=follow)

    on_server(options, work)


def _only_step(run: RunDoc) -> str:
    """The step that waits; InConflict when there is none, a usage error when there is a choice."""
    from flowdesk.errors import InConflict, ProblemReply

    waiting = [question["stepId"] for question in run["questions"]]
    if len(waiting) == 1:
        return waiting[0]
    if waiting:
        raise click.UsageError(f"several steps wait for a decision: choose one with --step {' or '.join(waiting)}")
    said = "no step of this run waits for a decision"
    raise InConflict(ProblemReply(409, "no_decision_awaited", said, hint=f"flowdesk show {run['id']} tells more"))
