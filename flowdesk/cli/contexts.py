"""`flowdesk contexts`: the servers this user knows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from flowdesk.cli.base import json_option

if TYPE_CHECKING:
    from flowdesk.contexts import Context


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def contexts(ctx: click.Context, as_json: bool) -> None:
    """List the known servers, choose one, or remove one. `local` is the server on this machine."""
    if ctx.invoked_subcommand is None:
        _list(as_json)


@contexts.command("list")
@json_option
def list_contexts(as_json: bool) -> None:
    """List the known servers; the chosen one has a star."""
    _list(as_json)


@contexts.command("use")
@click.argument("name")
@json_option
def use(name: str, as_json: bool) -> None:
    """Talk to this server from now on; `local` for the one on this machine."""
    from flowdesk import contexts as file

    path = file.contexts_path(os.environ)
    file.save(path, file.load(path).choose(name))
    _say(as_json, {"chosen": name}, f"{name} is chosen now")


@contexts.command("remove")
@click.argument("name")
@json_option
def remove(name: str, as_json: bool) -> None:
    """Forget a server and its token."""
    from flowdesk import contexts as file

    path = file.contexts_path(os.environ)
    file.save(path, file.load(path).without(name))
    _say(as_json, {"removed": name}, f"{name} is removed")


def _list(as_json: bool) -> None:
    from flowdesk import contexts as file
    from flowdesk.cli.output import Output
    from flowdesk.show.table import Column

    known = file.load(file.contexts_path(os.environ))
    local = {"name": file.LOCAL, "url": None, "email": None, "loggedIn": True, "chosen": known.current is None}
    found = [_document(context, chosen=context.name == known.current) for context in known.known.values()]
    out = Output(json=as_json)
    if as_json:
        out.document([local, *found])
        return
    columns = [Column(""), Column("name"), Column("url"), Column("account"), Column("")]
    rows = [
        ("*" if c["chosen"] else "", c["name"], c["url"] or "on this machine", c["email"], _state(c))
        for c in [local, *found]
    ]
    out.table(columns, rows, empty="")


def _document(context: Context, *, chosen: bool) -> dict[str, Any]:
    """A context without its token."""
    logged_in = context.token is not None
    return {
        "name": context.name,
        "url": context.url,
        "email": context.email,
        "loggedIn": logged_in,
        "chosen": chosen,
    }


def _state(context: dict[str, Any]) -> str:
    return "" if context["loggedIn"] else "logged out"


def _say(as_json: bool, document: dict[str, Any], text: str) -> None:
    from flowdesk.cli.output import Output

    out = Output(json=as_json)
    if as_json:
        out.document(document)
    else:
        out.lines([text])
