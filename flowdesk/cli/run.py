"""`flowdesk run`: start a workflow, from a file or from the server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.complete import complete_files
from flowdesk.cli.data import data_option, read_data, read_value

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.files import WorkflowFile
    from flowdesk.launch import Connection
    from flowdesk.replies import WorkflowDoc


@click.command()
@click.argument("workflow", metavar="FILE|ID|NAME", shell_complete=complete_files)
@data_option
@click.option("--follow", "-f", is_flag=True, help="Show the live log until the run ends.")
@click.option("--wait", is_flag=True, help="Print nothing until the run ends, then the finished run.")
@click.option("--timeout", type=click.FloatRange(min=0.001), metavar="SECONDS", help="Wait no longer (with --wait).")
@click.option("--key", metavar="TEXT", help="Idempotency key: the same key starts no second run.")
@click.option("--until", metavar="STEP", help="Rehearse: stop after this step.")
@click.option("--sample", metavar="NAME", help="Rehearse: start with this sample instead of --data.")
@click.option("--pin", "pinned", metavar="STEP=JSON", multiple=True, help="Rehearse: let a step give this, not run.")
@click.option("--pins", is_flag=True, help="Rehearse: use the pins kept with the workflow (flowdesk pins).")
@server_options
def run(
    options: Options,
    workflow: str,
    data: str | None,
    follow: bool,
    wait: bool,
    timeout: float | None,
    key: str | None,
    until: str | None,
    sample: str | None,
    pinned: tuple[str, ...],
    pins: bool,
) -> None:
    """Start a run.

    A FILE is applied first, as `flowdesk apply` does, and then run. On a terminal, what the workflow's `inputs` require
    and --data does not give is asked for. With --follow or --wait the exit code says whether the run succeeded. When no
    server was running, one is started for this run and the command stays until it has ended.
    """
    from flowdesk.cli.ask_inputs import completed
    from flowdesk.files import looks_like_file, read_workflow_file

    if follow and wait:
        raise click.UsageError("--follow and --wait exclude each other")
    if timeout is not None and not wait:
        raise click.UsageError("--timeout needs --wait")
    if sample is not None and data is not None:
        raise click.UsageError("--sample and --data exclude each other")
    given = read_data(data)
    rehearsal = _rehearsal(until, sample, pinned, kept=pins)
    file = read_workflow_file(Path(workflow)) if looks_like_file(workflow) else None

    async def work(connection: Connection, out: Output) -> int | None:
        document = await _workflow(connection, out, workflow, file)
        start = given if sample is not None else completed(given, document.get("inputs"))
        return await _run(
            connection, out, document, start, rehearsal, follow=follow, wait=wait, timeout=timeout, key=key
        )

    on_server(options, work)


async def _workflow(connection: Connection, out: Output, reference: str, file: WorkflowFile | None) -> WorkflowDoc:
    from flowdesk.applying import carry_out, check, intend
    from flowdesk.cli.refs import find_workflow

    if file is None:
        return await find_workflow(connection.client, reference)
    await check(connection.client, file)
    intent = await intend(connection.client, file)
    saved = await carry_out(connection.client, intent)
    if intent.action != "unchanged":
        out.remark(f"{intent.action}d {saved['name']} ({saved['id']}), version {saved['version']}")
    return saved


async def _run(
    connection: Connection,
    out: Output,
    workflow: WorkflowDoc,
    data: dict[str, Any] | None,
    rehearsal: dict[str, Any] | None,
    *,
    follow: bool,
    wait: bool,
    timeout: float | None,
    key: str | None,
) -> int | None:
    from flowdesk.cli.finish import finish_started

    started = await connection.client.workflows.execute(workflow["id"], data, key=key, rehearsal=rehearsal)
    return await finish_started(connection, out, started, follow=follow, wait=wait, timeout=timeout)


def _rehearsal(until: str | None, sample: str | None, pinned: tuple[str, ...], *, kept: bool) -> dict[str, Any] | None:
    """What makes the run a rehearsal; None when nothing does."""
    pins: dict[str, Any] = {}
    for pin in pinned:
        step_id, equals, value = pin.partition("=")
        if not equals:
            raise click.UsageError(f"--pin {pin}: write it as STEP=JSON")
        pins[step_id] = {"output": read_value(value)}
    asked = {"until": until, "sample": sample, "pins": pins or None, "keptPins": kept or None}
    given = {name: value for name, value in asked.items() if value is not None}
    return given or None
