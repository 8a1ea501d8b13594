"""`flowdesk samples` and `flowdesk pins`: what is kept for trying a workflow out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.data import read_data, read_value

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection
    from flowdesk.replies import SampleDoc

LOOK_S: Final = 0.5

_workflow = click.argument("workflow", metavar="WORKFLOW")


@click.group()
def samples() -> None:
    """Keep samples of what a workflow's triggers bring, to rehearse with."""


@samples.command("ls")
@_workflow
@server_options
def list_samples(options: Options, workflow: str) -> None:
    """List a workflow's samples."""

    async def work(connection: Connection, out: Output) -> None:
        found = await connection.client.practice.samples(await _id(connection, workflow))
        if out.json:
            out.document(found)
        else:
            from flowdesk.show.table import Column

            rows = [(sample["name"], sample["at"]) for sample in found]
            out.table((Column("name"), Column("kept at")), rows, empty="no samples are kept")

    on_server(options, work)


@samples.command("keep")
@_workflow
@click.argument("name")
@click.option("--data", "-d", metavar="JSON|@FILE|-", required=True, help="The trigger data, a JSON object.")
@server_options
def keep_sample(options: Options, workflow: str, name: str, data: str) -> None:
    """Keep trigger data under a name."""
    given = read_data(data) or {}

    async def work(connection: Connection, out: Output) -> None:
        kept = await connection.client.practice.keep_sample(await _id(connection, workflow), name, given)
        _told(out, kept, f"kept the sample {kept['name']}")

    on_server(options, work)


@samples.command("rm")
@_workflow
@click.argument("name")
@server_options
def forget_sample(options: Options, workflow: str, name: str) -> None:
    """Forget a sample."""

    async def work(connection: Connection, out: Output) -> None:
        await connection.client.practice.forget_sample(await _id(connection, workflow), name)
        _told(out, {"name": name}, f"forgot the sample {name}")

    on_server(options, work)


@samples.command("capture")
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
@click.option("--no-wait", is_flag=True, help="Return at once; the webhook is kept whenever it comes.")
@server_options
def capture(options: Options, workflow: str, seconds: int, no_wait: bool) -> None:
    """Keep the next real webhook as a sample; it starts no run.

    Waits until it has come, and stops capturing when interrupted.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        import asyncio

        practice, workflow_id = connection.client.practice, await _id(connection, workflow)
        before = {sample["name"] for sample in await practice.samples(workflow_id)}
        armed = await practice.capture(workflow_id, seconds=seconds)
        if no_wait:
            _told(out, armed, f"the next webhook until {armed['until']} is kept")
            return None
        out.remark(f"waiting for a webhook, {seconds} s at most; nothing is run")
        try:
            while (await practice.capturing(workflow_id))["until"] is not None:  # noqa: ASYNC110 - another machine's state
                await asyncio.sleep(LOOK_S)
        except asyncio.CancelledError:
            await practice.stop_capturing(workflow_id)
            raise
        came: list[SampleDoc] = [one for one in await practice.samples(workflow_id) if one["name"] not in before]
        if not came:
            out.remark("no webhook came")
            return 1
        _told(out, came[-1], f"kept the sample {came[-1]['name']}")
        return None

    on_server(options, work)


@click.group()
def pins() -> None:
    """Pin outputs to steps, for rehearsals; runs in earnest never use them."""


@pins.command("ls")
@_workflow
@server_options
def list_pins(options: Options, workflow: str) -> None:
    """List a workflow's pins."""

    async def work(connection: Connection, out: Output) -> None:
        found = await connection.client.practice.pins(await _id(connection, workflow))
        if out.json:
            out.document(found)
        else:
            from flowdesk.show.table import Column

            rows = [(pin["stepId"], pin["route"] or "", pin["at"]) for pin in found]
            out.table((Column("step"), Column("route"), Column("kept at")), rows, empty="nothing is pinned")

    on_server(options, work)


@pins.command("set")
@_workflow
@click.argument("step")
@click.option("--output", "value", metavar="JSON|@FILE|-", required=True, help="What the step gives: any JSON value.")
@click.option("--route", metavar="LABEL", help="The route it is taken to have chosen.")
@server_options
def keep_pin(options: Options, workflow: str, step: str, value: str, route: str | None) -> None:
    """Pin an output to a step."""
    output: Any = read_value(value)

    async def work(connection: Connection, out: Output) -> None:
        kept = await connection.client.practice.keep_pin(await _id(connection, workflow), step, output, route)
        _told(out, kept, f"pinned an output to {kept['stepId']}")

    on_server(options, work)


@pins.command("rm")
@_workflow
@click.argument("step")
@server_options
def forget_pin(options: Options, workflow: str, step: str) -> None:
    """Take a pin away."""

    async def work(connection: Connection, out: Output) -> None:
        await connection.client.practice.forget_pin(await _id(connection, workflow), step)
        _told(out, {"stepId": step}, f"{step} is not pinned any more")

    on_server(options, work)


def _told(out: Output, document: Any, text: str) -> None:
    from flowdesk.clean import clean

    if out.json:
        out.document(document)
    else:
        out.lines([clean(text)])


async def _id(connection: Connection, reference: str) -> str:
    from flowdesk.cli.refs import find_workflow

    return (await find_workflow(connection.client, reference))["id"]
