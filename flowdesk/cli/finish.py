"""What becomes of a run that a command has just started: followed, waited for, or only named."""

from __future__ import annotations

from flowdesk.cli.exits import Exit
from flowdesk.cli.follow import follow as follow_run
from flowdesk.cli.follow import wait_for_end
from flowdesk.cli.output import Output
from flowdesk.launch import Connection
from flowdesk.replies import RunSummary
from flowdesk.show.run import summary_line


async def finish_started(
    connection: Connection,
    out: Output,
    run: RunSummary,
    *,
    follow: bool,
    wait: bool = False,
    timeout: float | None = None,
) -> Exit:
    """Follow it, wait for it, or say how to; a server started for this command is not left before the run's end."""
    if follow:
        return await follow_run(connection, out, run["id"])
    if not wait and connection.child is None:
        if out.json:
            out.document(run)
        else:
            out.lines([summary_line(run, out.paint)])
            out.remark(f"flowdesk logs {run['id']} -f follows it")
        return Exit.OK
    if connection.child is not None and not wait:
        out.remark(f"no server was running: started one, staying until run {run['id']} ends")
    await wait_for_end(connection.client, run["id"], timeout)
    done = await connection.client.runs.get(run["id"])
    if out.json:
        out.document(done)
    else:
        out.lines([summary_line(done, out.paint)])
    return Exit.OK if done["status"] == "SUCCESS" else Exit.FAILED
