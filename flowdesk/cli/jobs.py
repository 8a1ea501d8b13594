"""`flowdesk jobs` and `retry`: failures that are parked, and retries that are owed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.workflows import LIMIT

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

STATUSES = ("PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED")


@click.command()
@click.argument("workflow", metavar="[ID|NAME]", required=False)
@click.option("--status", type=click.Choice(STATUSES, case_sensitive=False), help="Only jobs in this state.")
@click.option("--run", "run_id", metavar="RUN", help="Only jobs of this run.")
@click.option("--limit", type=LIMIT, metavar="N", default=20, show_default=True, help="How many at most.")
@server_options
def jobs(options: Options, workflow: str | None, status: str | None, run_id: str | None, limit: int) -> None:
    """List retries owed to steps, newest first. FAILED ones have used up their attempts and wait for `retry`."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.cli.refs import find_workflow
        from flowdesk.show.lists import job_table

        client = connection.client
        workflow_id = (await find_workflow(client, workflow))["id"] if workflow else None
        wanted: dict[str, Any] = {"workflow_id": workflow_id, "status": status, "run_id": run_id}
        found, more = await collect(lambda size, cursor: client.jobs.list(**wanted, limit=size, cursor=cursor), limit)
        if out.json:
            out.document(found)
            return None
        out.table(*job_table(found, out.paint), empty="no jobs")
        if more:
            out.remark(f"there are more than {limit}; --limit shows more")
        return None

    on_server(options, work)


@click.command()
@click.argument("job_id", metavar="JOB")
@click.option("--follow", "-f", is_flag=True, help="Show the run's log until it ends.")
@server_options
def retry(options: Options, job_id: str, follow: bool) -> None:
    """Try a parked failure once more, or a waiting retry now; its run goes on from there."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.follow import follow as follow_run
        from flowdesk.cli.follow import wait_for_end
        from flowdesk.cli.refs import known

        job = await known("job", job_id, connection.client.jobs.retry(job_id))
        if follow:
            return await follow_run(connection, out, job["runId"])
        if out.json:
            out.document(job)
        else:
            out.lines([f"retrying step {job['stepId']} of run {job['runId']}"])
        if connection.child is not None:
            out.remark("no server was running: started one, staying until the run ends")
            await wait_for_end(connection.client, job["runId"])
        return None

    on_server(options, work)
