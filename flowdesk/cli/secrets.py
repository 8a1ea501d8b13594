"""`flowdesk secrets`: keys and passwords of other services, used by name and never shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import Options, on_server, server_options
from flowdesk.cli.workflows import LIMIT

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.group()
def secrets() -> None:
    """Secrets: keys and passwords of other services, used in templates as {{secrets.NAME}}."""


@secrets.command("list")
@click.option("--limit", type=LIMIT, metavar="N", default=100, show_default=True, help="How many at most.")
@server_options
def list_secrets(options: Options, limit: int) -> None:
    """List secrets by name, and what reads them."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.pages import collect
        from flowdesk.show.secrets import secret_table

        listing = connection.client.secrets.list
        found, more = await collect(lambda size, cursor: listing(limit=size, cursor=cursor), limit)
        if out.json:
            out.document(found)
            return None
        out.table(*secret_table(found, out.paint), empty="no secrets; flowdesk secrets set NAME makes one")
        if more:
            out.remark(f"there are more than {limit}; --limit shows more")
        return None

    on_server(options, work)


@secrets.command("show")
@click.argument("name")
@server_options
def show_secret(options: Options, name: str) -> None:
    """Show everything about a secret but its value, and the steps that read it."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import known
        from flowdesk.show.secrets import secret_lines

        secret = await known("secret", name, connection.client.secrets.get(name))
        if out.json:
            out.document(secret)
        else:
            out.lines(secret_lines(secret, out.paint))
        return None

    on_server(options, work)


@secrets.command("set")
@click.argument("name")
@click.option("--value-stdin", is_flag=True, help="Read the value from standard input, all of it.")
@click.option("--from", "source", metavar="SOURCE", help="Keep it elsewhere: env:NAME or file:/path on the server.")
@click.option(
    "--connection",
    "connection_file",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="An OAuth2 connection: authorizeUrl, tokenUrl, clientId, clientSecret, scopes.",
)
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Send it to this host only; may be repeated.")
@click.option("--any-host", is_flag=True, help="Take the hosts away: it may be sent anywhere.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@click.option("--keep-value", is_flag=True, help="Change hosts or description only.")
@server_options
def set_secret(
    options: Options,
    name: str,
    value_stdin: bool,
    source: str | None,
    connection_file: Path | None,
    hosts: tuple[str, ...],
    any_host: bool,
    description: str | None,
    keep_value: bool,
) -> None:
    """Make a secret, or give it another value. Asks for the value, which is not shown."""
    if sum(map(bool, (value_stdin, source, connection_file, keep_value))) > 1:
        raise click.UsageError("give one of --value-stdin, --from, --connection and --keep-value")
    if hosts and any_host:
        raise click.UsageError("--host and --any-host contradict each other")
    document: dict[str, Any] = {}
    if source is not None:
        document["source"] = source
    elif connection_file is not None:
        document["connection"] = _connection(connection_file)
    elif not keep_value:
        document["value"] = _value(name, stdin=value_stdin)
    if hosts or any_host:
        document["hosts"] = list(hosts)
    if description is not None:
        document["description"] = description

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.errors import InConflict

        client = connection.client.secrets
        made = False
        if keep_value:
            secret = await client.change(name, document)
        else:
            try:
                secret, made = await client.create(name, document), True
            except InConflict as error:
                if error.code != "name_taken":
                    raise
                secret = await client.change(name, document)
        if out.json:
            out.document(secret)
        else:
            bound = f", for {', '.join(secret['hosts'])}" if secret["hosts"] else ", for any host"
            out.lines([f"{'made' if made else 'changed'} {secret['name']}{bound}"])
        if secret["connection"] is not None and secret["connection"]["state"] != "connected":
            out.remark(f"next: flowdesk secrets connect {secret['name']}")
        return None

    on_server(options, work)


def _value(name: str, *, stdin: bool) -> str:
    if stdin:
        value = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").removesuffix("\n").removesuffix("\r")
        if not value:
            raise click.UsageError("standard input holds no value")
        return value
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise click.UsageError("give --value-stdin, since there is no terminal to ask on")
    return str(click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=False, err=True))


def _connection(path: Path) -> Any:
    from flowdesk.files import read_workflow_file

    return read_workflow_file(path).document


@secrets.command("test")
@click.argument("name")
@server_options
def test_secret(options: Options, name: str) -> None:
    """Find out whether a step would get the secret now; nothing of it is shown."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.exits import Exit
        from flowdesk.cli.refs import known

        found = await known("secret", name, connection.client.secrets.test(name))
        if out.json:
            out.document(found)
        elif found["ok"]:
            out.lines([f"{name} opens"])
        else:
            hint = f" ({found['hint']})" if found["hint"] else ""
            out.lines([out.paint.bad(f"✖ {found['detail']}{hint}")])
        return None if found["ok"] else Exit.FAILED

    on_server(options, work)


@secrets.command("connect")
@click.argument("name")
@click.option("--redirect-uri", metavar="URL", help="Where the provider sends you back to, behind a proxy.")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@server_options
def connect_secret(options: Options, name: str, redirect_uri: str | None, no_browser: bool) -> None:
    """Open the provider's page of an OAuth2 connection, to say yes there."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import known

        begun = await known("secret", name, connection.client.secrets.connect(name, redirect_uri))
        if out.json:
            out.document(begun)
            return None
        out.lines([begun["url"]])
        out.remark(f"the provider must know {begun['redirectUri']}; the address is good for ten minutes")
        if not no_browser and sys.stdout.isatty():
            click.launch(begun["url"])
        return None

    on_server(options, work)


@secrets.command("delete")
@click.argument("name")
@click.option("--force", is_flag=True, help="Delete it although workflows read it; their steps will fail.")
@server_options
def delete_secret(options: Options, name: str, force: bool) -> None:
    """Delete a secret for good; refused while workflows read it."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.cli.refs import known

        await known("secret", name, connection.client.secrets.delete(name, force=force))
        if out.json:
            out.document({"name": name, "deleted": True})
        else:
            out.lines([f"deleted {name}"])
        return None

    on_server(options, work)


@secrets.command("rotate-key")
@click.option("--drop-old", is_flag=True, help="Forget the old keys of the key file; older backups need them.")
@server_options
def rotate_key(options: Options, drop_old: bool) -> None:
    """Seal all secrets of the server with a new key; for administrators."""

    async def work(connection: Connection, out: Output) -> int | None:
        done = await connection.client.secrets.rotate_key(drop_old=drop_old)
        if out.json:
            out.document(done)
        else:
            out.lines([f"sealed {done['sealed']} secrets anew; the key is {done['keyId']} now"])
        for name in done["unopened"]:
            out.remark(f"left as it is, since no key opens it: {name}")
        return None

    on_server(options, work)
