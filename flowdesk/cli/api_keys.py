"""`flowdesk keys`: API keys for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.group(invoke_without_command=True)
@server_options
@click.pass_context
def keys(ctx: click.Context, options: Options) -> None:
    """List, make and remove API keys in the workspace. A key works there only, and does what its scopes say."""
    if ctx.invoked_subcommand is None:
        on_server(options, _list)


@keys.command("list")
@server_options
def list_keys(options: Options) -> None:
    """List your API keys here; an owner sees everybody's."""
    on_server(options, _list)


async def _list(connection: Connection, out: Output) -> int | None:
    from flowdesk.show.accounts import key_table

    found = await connection.client.keys.list()
    if out.json:
        out.document(found)
    else:
        out.table(*key_table(found, out.paint), empty="no API keys")
    return None


@keys.command("create")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, metavar="SCOPE", help="Such as runs:read; repeat it for several."
)
@click.option("--days", type=click.IntRange(1, 3650), metavar="N", help="How many days it works.")
@click.option("--never-expires", is_flag=True, help="Instead of --days: until it is removed.")
@server_options
def create(options: Options, name: str, scopes: tuple[str, ...], days: int | None, never_expires: bool) -> None:
    """Make an API key. It is printed once, on standard output; nobody can show it again."""
    if (days is None) is not never_expires:
        raise click.UsageError("say when it ends: --days N or --never-expires")

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.clean import clean

        made = await connection.client.keys.create(name, scopes, days)
        if out.json:
            out.document(made)
        else:
            out.lines([clean(made["key"])])
            out.remark(f"send it as Authorization: Bearer; {made['id']} is its id, and it is not shown again")
        return None

    on_server(options, work)


@keys.command("remove")
@click.argument("key", metavar="ID")
@server_options
def remove(options: Options, key: str) -> None:
    """End an API key at once."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.clean import clean

        await connection.client.keys.delete(key)
        if out.json:
            out.document({"removed": key})
        else:
            out.lines([clean(f"the key {key} works no longer")])
        return None

    on_server(options, work)
