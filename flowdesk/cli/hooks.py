"""`flowdesk hooks`: webhooks, their addresses, and what a call of one comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.workflows import LIMIT

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.client_practice import Practice
    from flowdesk.launch import Connection
    from flowdesk.replies import SampleDoc

LOOK_S: Final = 0.5
MAX_GRACE_S: Final = 30 * 86_400

_workflow = click.argument("workflow", metavar="WORKFLOW")


@click.group()
def hooks() -> None:
    """Webhooks: list them, look up and replace their addresses, try them out."""


@hooks.command("list")
@click.option("--limit", type=LIMIT, metavar="N", default=100, show_default=True, help="How many workflows to look at.")
@server_options
def list_hooks(options: Options, limit: int) -> None:
    """List the workflows that have a webhook, and what their callers have to prove."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.show.hooks import hook_table, webhook_of

        listing = connection.client.workflows.list
        workflows, more = await collect(lambda size, cursor: listing(limit=size, cursor=cursor), limit)
        if out.json:
            found = [(one, webhook_of(one)) for one in workflows]
            out.document([{"id": one["id"], "name": one["name"], "params": p} for one, p in found if p is not None])
            return None
        out.table(*hook_table(workflows, out.paint), empty="no workflow has a webhook")
        if more:
            out.remark(f"there are more than {limit} workflows; --limit looks at more")
        return None

    on_server(options, work)


@hooks.command("show")
@_workflow
@server_options
def show_hook(options: Options, workflow: str) -> None:
    """Show a webhook's addresses. They are credentials: whoever knows one may call it."""

    async def work(connection: Connection, out: Output) -> None:
        from flowdesk.show.hooks import hook_lines

        found = await connection.client.hooks.get(await _id(connection, workflow))
        if out.json:
            out.document(found)
        else:
            out.lines(hook_lines(found, out.paint))

    on_server(options, work)


@hooks.command("rotate")
@_workflow
@click.option(
    "--grace",
    "grace_s",
    type=click.IntRange(0, MAX_GRACE_S),
    default=0,
    show_default=True,
    metavar="SECONDS",
    help="How long the old address goes on working; 0 ends it at once.",
)
@server_options
def rotate_hook(options: Options, workflow: str, grace_s: int) -> None:
    """Give a webhook a new secret address, and end the one before it.

    The address with the workflow's id stays, unless its trigger says `address: own`.
    """

    async def work(connection: Connection, out: Output) -> None:
        from flowdesk.show.hooks import hook_lines

        made = await connection.client.hooks.rotate(await _id(connection, workflow), grace_seconds=grace_s)
        if out.json:
            out.document(made)
        else:
            out.lines(hook_lines(made, out.paint))

    on_server(options, work)


@hooks.command("test")
@_workflow
@click.option(
    "--for",
    "seconds",
    type=click.IntRange(1, 86_400),
    default=600,
    show_default=True,
    metavar="SECONDS",
    help="Give up after this time.",
)
@server_options
def test_hook(options: Options, workflow: str, seconds: int) -> None:
    """Wait for one call of the webhook's test address, and tell whether it would have started a run.

    The call is kept as a sample and nothing is run; calls of the real address start runs meanwhile. Ends with 1 when no
    call came, or one that was refused.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        workflow_id = await _id(connection, workflow)
        hook = await connection.client.hooks.get(workflow_id)
        url = next((one["testUrl"] for one in hook["addresses"] if one["testUrl"] is not None), "its test address")
        practice = connection.client.practice
        before = {sample["name"] for sample in await practice.samples(workflow_id)}
        await practice.capture(workflow_id, seconds=seconds, address="test")
        out.remark(f"waiting {seconds} s at most; nothing is run. Call {url}")
        came = await _next_sample(practice, workflow_id, before)
        if came is None:
            out.remark("no call came")
            return 1
        said = came.get("verification") or {}
        if out.json:
            out.document(came)
        else:
            from flowdesk.clean import clean
            from flowdesk.show.hooks import verification_lines

            out.lines([*verification_lines(said, out.paint), f"kept as the sample {clean(came['name'])}"])
        return None if said.get("accepted") else 1

    on_server(options, work)


async def _next_sample(practice: Practice, workflow_id: str, before: set[str]) -> SampleDoc | None:
    """The call that was captured; None when none came in time. Whoever interrupts this waits no more."""
    import asyncio

    try:
        while (await practice.capturing(workflow_id))["until"] is not None:  # noqa: ASYNC110 - another machine's state
            await asyncio.sleep(LOOK_S)
    except asyncio.CancelledError:
        await practice.stop_capturing(workflow_id)
        raise
    return next((one for one in await practice.samples(workflow_id) if one["name"] not in before), None)


async def _id(connection: Connection, reference: str) -> str:
    from flowdesk.cli.refs import find_workflow

    return (await find_workflow(connection.client, reference))["id"]
