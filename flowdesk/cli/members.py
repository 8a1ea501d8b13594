"""`flowdesk members`: who is in the workspace, and who is invited to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import Options, on_server, server_options

if TYPE_CHECKING:
    from flowdesk.account_replies import MemberDoc
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

ROLE = click.Choice(["owner", "editor", "operator", "viewer"])


@click.group(invoke_without_command=True)
@server_options
@click.pass_context
def members(ctx: click.Context, options: Options) -> None:
    """List who is in the workspace, invite people, change roles, let people go.

    A viewer looks, an operator also starts and stops runs, an editor also changes workflows, an owner may do all.
    """
    if ctx.invoked_subcommand is None:
        on_server(options, _list)


@members.command("list")
@server_options
def list_members(options: Options) -> None:
    """List who is in the workspace."""
    on_server(options, _list)


async def _list(connection: Connection, out: Output) -> int | None:
    from flowdesk.show.accounts import member_table

    found = await connection.client.members.list()
    if out.json:
        out.document(found)
    else:
        out.table(*member_table(found, out.paint), empty="nobody")
    return None


@members.command("invite")
@click.argument("email")
@click.option("--role", type=ROLE, default="viewer", show_default=True, help="What they may do.")
@click.option("--days", type=click.IntRange(1, 90), default=7, show_default=True, help="How long it can be used.")
@server_options
def invite(options: Options, email: str, role: str, days: int) -> None:
    """Write an invitation for one address, with or without an account. For owners.

    They join with `flowdesk workspaces join CODE`, or make an account with `flowdesk login URL --register --invitation
    CODE`. The code is shown once.
    """

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.clean import clean

        made = await connection.client.members.invite(email, role, days)
        if out.json:
            out.document(made)
        else:
            out.lines([clean(made["code"])])
            out.remark(f"an invitation for {made['email']} as {role}, good for {days} days; it is not shown again")
        return None

    on_server(options, work)


@members.command("invitations")
@server_options
def invitations(options: Options) -> None:
    """List invitations nobody has used yet. For owners."""

    async def work(connection: Connection, out: Output) -> int | None:
        from flowdesk.show.accounts import invitation_table

        found = await connection.client.members.invitations()
        if out.json:
            out.document(found)
        else:
            out.table(*invitation_table(found, out.paint), empty="no open invitations")
        return None

    on_server(options, work)


@members.command("uninvite")
@click.argument("invitation", metavar="ID")
@server_options
def uninvite(options: Options, invitation: str) -> None:
    """Take an invitation back. For owners."""

    async def work(connection: Connection, out: Output) -> int | None:
        await connection.client.members.uninvite(invitation)
        _say(out, {"removed": invitation}, "the invitation is void")
        return None

    on_server(options, work)


@members.command("set")
@click.argument("who", metavar="EMAIL|ID")
@click.argument("role", type=ROLE)
@server_options
def set_role(options: Options, who: str, role: str) -> None:
    """Give a member another role. For owners."""

    async def work(connection: Connection, out: Output) -> int | None:
        member = await _member(connection, who)
        changed = await connection.client.members.change(member["userId"], role)
        _say(out, dict(changed), f"{changed['email']} is {changed['role']} now")
        return None

    on_server(options, work)


@members.command("remove")
@click.argument("who", metavar="EMAIL|ID")
@server_options
def remove(options: Options, who: str) -> None:
    """Let a member go; the API keys they have here end. For owners."""

    async def work(connection: Connection, out: Output) -> int | None:
        member = await _member(connection, who)
        await connection.client.members.remove(member["userId"])
        _say(out, dict(member), f"{member['email']} is no member any more")
        return None

    on_server(options, work)


async def _member(connection: Connection, who: str) -> MemberDoc:
    from flowdesk.errors import Missing, ProblemReply

    for member in await connection.client.members.list():
        if who == member["userId"] or who.lower() == (member["email"] or "").lower():
            return member
    said = f"{who!r} is no member of this workspace"
    raise Missing(ProblemReply(404, "not_found", said, hint="flowdesk members lists them"))


def _say(out: Output, document: dict[str, object], text: str) -> None:
    from flowdesk.clean import clean

    if out.json:
        out.document(document)
    else:
        out.lines([clean(text)])
