"""Following a run: its live log, or just its end."""

from __future__ import annotations

from contextlib import aclosing
from typing import Final

from flowdesk.cli.exits import Exit
from flowdesk.cli.output import Output
from flowdesk.cli.refs import known
from flowdesk.client import Client
from flowdesk.client_events import Link
from flowdesk.errors import TimedOut
from flowdesk.launch import Connection
from flowdesk.show.story import Story

FINISHED: Final = frozenset({"SUCCESS", "FAILED", "CANCELLED"})


async def follow(connection: Connection, out: Output, run_id: str) -> Exit:
    """Print a run's log from its start to its end; whether it succeeded."""
    client = connection.client
    run = await known("run", run_id, client.runs.get(run_id))
    story = Story([step["id"] for step in run["steps"]], out.paint)
    try:
        async with aclosing(client.events.run(run_id, watch=lambda link: tell_link(link, out))) as events:
            async for event in events:
                told = story.tell(event)
                if out.json:
                    out.record(event)
                else:
                    out.lines(told)
    except BaseException:
        if story.status is None:
            out.remark(_leaving(connection, run_id))
        raise
    status = story.status or (await client.runs.get(run_id))["status"]
    if status == "FAILED" and story.failed_at:
        out.remark(f"again from there: flowdesk rerun {run_id} --from {story.failed_at}")
    return Exit.OK if status == "SUCCESS" else Exit.FAILED


async def wait_for_end(client: Client, run_id: str, timeout_s: float | None = None) -> None:
    """Return when the run has finished; TimedOut after that many seconds."""
    import asyncio

    try:
        async with asyncio.timeout(timeout_s), aclosing(client.events.run(run_id)) as events:
            async for _ in events:
                pass
    except TimeoutError:
        raise TimedOut(
            f"run {run_id} has not finished within {timeout_s:g} s; it goes on",
            hint=f"flowdesk logs {run_id} -f follows it",
        ) from None


def tell_link(link: Link, out: Output) -> None:
    """Say on standard error what the connection does, when it is not simply there."""
    if link.state == "waiting" and link.error is not None:
        out.remark(f"connection lost ({link.error.message}); trying again in {link.again_in_s:.1f} s")
    elif link.state == "gap":
        out.remark("the server has forgotten some of what happened meanwhile")


def _leaving(connection: Connection, run_id: str) -> str:
    if connection.child is None:
        return f"the run goes on; flowdesk logs {run_id} -f follows it again"
    return f"run {run_id} goes on with the next server"
