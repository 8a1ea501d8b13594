"""`flowdesk schedules`: what starts by the clock; pause it, resume it, fill it up, look ahead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.client import Client
    from flowdesk.launch import Connection

Change = Callable[["Client", str, str], Awaitable[dict[str, Any]]]

MAX_TIMES = 1000
TIME = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])
_SCHEDULE_HELP = (
    "SCHEDULE is the id of its trigger step, or `cron` for scheduleCron; not needed when there is one only."
)


@click.group(invoke_without_command=True)
@server_options
@click.pass_context
def schedules(ctx: click.Context, options: Options) -> None:
    """List what starts by the clock, the next one first; pause, resume, backfill and preview it."""
    if ctx.invoked_subcommand is not None:
        return

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.schedules import schedule_table

        found = await connection.client.schedules()
        if out.json:
            out.document(found)
        else:
            out.table(*schedule_table(found, out.paint), empty="no workflow starts by the clock")
        return None

    on_server(options, work)


def _change(options: Options, workflow: str, schedule: str | None, change: Change, said: str) -> None:
    async def work(connection: Connection, out: Output) -> int | None:
        workflow_id, schedule_id = await find(connection.client, workflow, schedule)
        row = await change(connection.client, workflow_id, schedule_id)
        if out.json:
            out.document(row)
        else:
            from flowdesk.clean import clean

            following = f", next {row['nextAt']} ({row['timezone']})" if row["nextAt"] else ""
            waiting = f", {row['waiting']} waiting" if row["waiting"] else ""
            out.lines([clean(f"{said} {row['workflowName']} {row['scheduleId']}{waiting}{following}")])
        return None

    on_server(options, work)


async def find(client: Client, workflow: str, schedule: str | None) -> tuple[str, str]:
    """The ids of a workflow and one of its schedules; Missing names those there are."""
    from flowdesk.cli.refs import find_workflow
    from flowdesk.errors import Missing, ProblemReply

    workflow_id = (await find_workflow(client, workflow))["id"]
    rows = await client.schedules(workflow_id=workflow_id)
    names = [str(row["stepId"] or row["scheduleId"]) for row in rows]
    wanted = [row for row in rows if schedule is None or schedule in (row["stepId"], row["scheduleId"])]
    if len(wanted) == 1:
        return workflow_id, str(wanted[0]["scheduleId"])
    detail = f"there is no schedule {schedule!r}" if schedule else f"the workflow has {len(rows)} schedules"
    hint = f"name one of {', '.join(names)}" if names else "add a schedule.cron step to it"
    raise Missing(ProblemReply(404, "not_found", detail, hint=hint))


@schedules.command(epilog=_SCHEDULE_HELP)
@click.argument("workflow", metavar="ID|NAME")
@click.argument("schedule", required=False)
@click.option("--reason", metavar="TEXT", help="What people should know who find it paused.")
@server_options
def pause(options: Options, workflow: str, schedule: str | None, reason: str | None) -> None:
    """Let nothing of a schedule come up until it is resumed; saving the workflow does not change that."""
    _change(options, workflow, schedule, lambda client, w, s: client.pause_schedule(w, s, reason), "paused")


@schedules.command(epilog=_SCHEDULE_HELP)
@click.argument("workflow", metavar="ID|NAME")
@click.argument("schedule", required=False)
@server_options
def resume(options: Options, workflow: str, schedule: str | None) -> None:
    """Let a paused schedule go on; what came up meanwhile is left to `backfill`."""
    _change(options, workflow, schedule, lambda client, w, s: client.resume_schedule(w, s), "resumed")


@schedules.command(epilog=_SCHEDULE_HELP)
@click.argument("workflow", metavar="ID|NAME")
@click.argument("schedule", required=False)
@click.option("--from", "since", type=TIME, required=True, help="The first moment; without an offset, this machine's.")
@click.option("--to", "until", type=TIME, required=True, help="The last moment; not in the future.")
@server_options
def backfill(options: Options, workflow: str, schedule: str | None, since: Any, until: Any) -> None:
    """Run the times of a past window that had no run."""
    window = (since.astimezone().isoformat(), until.astimezone().isoformat())
    _change(options, workflow, schedule, lambda client, w, s: client.backfill_schedule(w, s, *window), "owed by")


@schedules.command(epilog=_SCHEDULE_HELP)
@click.argument("workflow", metavar="ID|NAME")
@click.argument("schedule", required=False)
@click.option("--from", "since", type=TIME, help="Times after this one; now when not given.")
@click.option("--to", "until", type=TIME, help="Times up to this one.")
@click.option("--limit", type=click.IntRange(1, MAX_TIMES), default=10, show_default=True, help="How many at most.")
@server_options
def preview(options: Options, workflow: str, schedule: str | None, since: Any, until: Any, limit: int) -> None:
    """Show the times of a schedule in any past or future window."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.schedules import preview_lines

        workflow_id, schedule_id = await find(connection.client, workflow, schedule)
        found = await connection.client.schedule_times(
            workflow_id, schedule_id, since=iso(since), until=iso(until), limit=limit
        )
        if out.json:
            out.document(found)
        else:
            out.lines(preview_lines(found, out.paint))
        return None

    on_server(options, work)


def iso(at: Any) -> str | None:
    """A time as the API takes it; without an offset it is this machine's."""
    return None if at is None else str(at.astimezone().isoformat())
