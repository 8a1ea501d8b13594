"""`flowdesk workspaces`: the workspaces one is in, and which one is meant."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.account_replies import WorkspaceDoc
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection


@click.group(invoke_without_command=True)
@server_options
@click.pass_context
def workspaces(ctx: click.Context, options: Options) -> None:
    """List the workspaces you are in, make one, join one, or choose one. `personal` is your own."""
    if ctx.invoked_subcommand is None:
        on_server(options, _list)


@workspaces.command("list")
@server_options
def list_workspaces(options: Options) -> None:
    """List the workspaces you are in; the one that is meant has a star."""
    on_server(options, _list)


async def _list(connection: Connection, out: Output) -> int | None:
    from flowdesk.show.accounts import workspace_table

    found = await connection.client.workspaces.list()
    if out.json:
        out.document(found)
    else:
        out.table(*workspace_table(found, connection.target.workspace, out.paint), empty="no workspaces")
    return None


@workspaces.command("use")
@click.argument("name")
@server_options
def use(options: Options, name: str) -> None:
    """Act in this workspace from now on, in the context that is in use; `personal` for your own."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk import contexts

        found = await _named(connection, name)
        context = connection.target.name
        if context is None:
            raise click.UsageError("there is no context to write it to; set FLOWDESK_WORKSPACE, or log in first")
        path = contexts.contexts_path(os.environ)
        workspace = None if found["personal"] else found["id"]
        contexts.save(path, contexts.load(path).with_workspace(context, workspace))
        _say(out, found, f"{found['name']} is meant now in {context}")
        return None

    on_server(options, work)


@workspaces.command("create")
@click.argument("name")
@server_options
def create(options: Options, name: str) -> None:
    """Make a workspace; you are its owner."""

    async def work(connection: Connection, out: Output) -> int | None:
        made = await connection.client.workspaces.create(name)
        _say(out, made, f"made {made['name']} ({made['id']}); flowdesk workspaces use {made['id']} chooses it")
        return None

    on_server(options, work)


@workspaces.command("rename")
@click.argument("name")
@click.argument("new_name", metavar="NEW")
@server_options
def rename(options: Options, name: str, new_name: str) -> None:
    """Call a workspace something else. For its owners."""

    async def work(connection: Connection, out: Output) -> int | None:
        found = await _named(connection, name)
        renamed = await connection.client.workspaces.rename(found["id"], new_name)
        _say(out, renamed, f"{found['name']} is called {renamed['name']} now")
        return None

    on_server(options, work)


@workspaces.command("delete")
@click.argument("name")
@server_options
def delete(options: Options, name: str) -> None:
    """Remove a workspace that holds nothing any more. For its owners."""

    async def work(connection: Connection, out: Output) -> int | None:
        found = await _named(connection, name)
        await connection.client.workspaces.delete(found["id"])
        _say(out, found, f"{found['name']} is gone")
        return None

    on_server(options, work)


@workspaces.command("join")
@click.argument("invitation", metavar="CODE")
@server_options
def join(options: Options, invitation: str) -> None:
    """Join a workspace with an invitation for your address."""

    async def work(connection: Connection, out: Output) -> int | None:
        joined = await connection.client.workspaces.join(invitation)
        _say(out, joined, f"you are in {joined['name']} now, as {joined['role']}")
        return None

    on_server(options, work)


@workspaces.command("leave")
@click.argument("name")
@server_options
def leave(options: Options, name: str) -> None:
    """Leave a workspace; your API keys there end."""
    from dataclasses import replace

    async def work(connection: Connection, out: Output) -> int | None:
        me = await connection.client.me()
        await connection.client.members.remove(me["id"])
        if out.json:
            out.document({"left": name})
        else:
            out.lines([f"you have left {name}"])
        return None

    on_server(replace(options, workspace=name), work)


async def _named(connection: Connection, name: str) -> WorkspaceDoc:
    from flowdesk.errors import InConflict, Missing, ProblemReply
    from flowdesk.show.accounts import is_chosen

    known = await connection.client.workspaces.list()
    found = [one for one in known if is_chosen(one, name)]
    exact = [one for one in found if one["id"] == name]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if found:
        ids = ", ".join(one["id"] for one in found)
        said = f"{len(found)} of your workspaces are called {name!r}"
        raise InConflict(ProblemReply(409, "ambiguous_name", said, hint=f"use an id: {ids}"))
    names = ", ".join(one["name"] for one in known)
    raise Missing(ProblemReply(404, "not_found", f"you are in no workspace {name!r}", hint=f"you are in: {names}"))


def _say(out: Output, workspace: WorkspaceDoc, text: str) -> None:
    from flowdesk.clean import clean

    if out.json:
        out.document(workspace)
    else:
        out.lines([clean(text)])
