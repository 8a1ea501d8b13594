"""`flowdesk runs`, `cancel` and `rerun`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.data import data_option, read_data
from flowdesk.cli.workflows import LIMIT

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

STATUSES = ("QUEUED", "RUNNING", "WAITING", "SUCCESS", "FAILED", "CANCELLED")
WAITS = ("approval", "decision", "signal", "retry", "timer", "children", "limit")
TRIGGERS = ("webhook", "cron", "manual", "rerun", "call", "round", "failure", "test")


def _moment(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    from datetime import UTC, datetime

    from flowdesk.show.text import moment

    try:
        return moment(value, datetime.now(UTC))
    except (ValueError, OverflowError):
        raise click.BadParameter("give 15m, 2h, 7d or a time such as 2026-11-23T09:00") from None


@click.command()
@click.argument("workflow", metavar="[ID|NAME]", required=False)
@click.option(
    "--status",
    type=click.Choice(STATUSES, case_sensitive=False),
    multiple=True,
    help="Only runs in this state; repeat it for several.",
)
@click.option(
    "--waiting-for",
    type=click.Choice(WAITS, case_sensitive=False),
    multiple=True,
    help="Only unfinished runs that wait for this; repeat it for several.",
)
@click.option("--caller", metavar="RUN", help="Only runs this one has called, rounds of its loops included.")
@click.option("--caller-step", metavar="STEP", help="Of those only the ones that this step has called.")
@click.option("--trigger", type=click.Choice(TRIGGERS, case_sensitive=False), help="Only runs started this way.")
@click.option("--since", callback=_moment, metavar="AGO|TIME", help="Only runs made since: 15m, 2h, 7d or a time.")
@click.option("--until", callback=_moment, metavar="AGO|TIME", help="Only runs made before.")
@click.option("--limit", type=LIMIT, metavar="N", default=20, show_default=True, help="How many at most.")
@server_options
def runs(
    options: Options,
    workflow: str | None,
    status: tuple[str, ...],
    waiting_for: tuple[str, ...],
    caller: str | None,
    caller_step: str | None,
    trigger: str | None,
    since: str | None,
    until: str | None,
    limit: int,
) -> None:
    """List runs, newest first: all of them or those of one workflow."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.cli.refs import find_workflow
        from flowdesk.show.lists import run_table

        client = connection.client
        workflow_id = (await find_workflow(client, workflow))["id"] if workflow else None
        wanted: dict[str, Any] = {
            "workflow_id": workflow_id,
            "status": status,
            "trigger": trigger,
            "waiting_for": waiting_for,
            "caller": caller,
            "caller_step": caller_step,
        }
        found, more = await collect(
            lambda size, cursor: client.runs.list(**wanted, since=since, until=until, limit=size, cursor=cursor), limit
        )
        if out.json:
            out.document(found)
            return None
        out.table(*run_table(found, out.paint), empty="no runs")
        if more:
            out.remark(f"there are more than {limit}; --limit shows more")
        return None

    on_server(options, work)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--undo", is_flag=True, help="Run the undo steps of what has finished, last finished first.")
@click.option("--force", is_flag=True, help="End it at once, without undo and finally steps.")
@server_options
def cancel(options: Options, run_id: str, undo: bool, force: bool) -> None:
    """Cancel a run: its running steps are stopped, and no other starts but those named in finally."""
    if undo and force:
        raise click.UsageError("--undo and --force contradict each other")

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import known
        from flowdesk.show.run import summary_line

        run = await known("run", run_id, connection.client.runs.cancel(run_id, undo=undo, force=force))
        if out.json:
            out.document(run)
        else:
            out.lines([summary_line(run, out.paint)])
        return None

    on_server(options, work)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--version", type=click.IntRange(min=1), metavar="N", help="The version; the newest when not given.")
@server_options
def move(options: Options, run_id: str, version: int | None) -> None:
    """Let a run that waits, or has failed, go on with another version of its workflow.

    What has finished must be the same there; if not, every difference is named and nothing changes. A failed run is
    retried afterwards: `flowdesk retry JOB`.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import known
        from flowdesk.show.run import summary_line

        run = await known("run", run_id, connection.client.runs.move(run_id, version=version))
        if out.json:
            out.document(run)
        else:
            out.lines([summary_line(run, out.paint)])
        return None

    on_server(options, work)


@click.command()
@click.argument("run_id", metavar="RUN")
@click.option("--from", "from_step", metavar="STEP", help="Start at this step and take over what came before it.")
@click.option("--failed", is_flag=True, help="Run only what failed or was never reached; take over all the rest.")
@data_option
@click.option("--latest", is_flag=True, help="Use the workflow as it is now, not as it was then.")
@click.option("--follow", "-f", is_flag=True, help="Show the live log until the run ends.")
@server_options
def rerun(
    options: Options, run_id: str, from_step: str | None, failed: bool, data: str | None, latest: bool, follow: bool
) -> None:
    """Run it again: whole, from a step or only what failed, with the same data or with other."""
    if failed and from_step is not None:
        raise click.UsageError("choose --from or --failed, not both")
    given = read_data(data)

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.finish import finish_started
        from flowdesk.cli.refs import known

        version: Literal["latest", "same"] = "latest" if latest else "same"
        asked = connection.client.runs.rerun(
            run_id, from_step=from_step, only_failed=failed, data=given, version=version
        )
        started = await known("run", run_id, asked)
        return await finish_started(connection, out, started, follow=follow)

    on_server(options, work)
