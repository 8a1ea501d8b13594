"""`flowdesk login` and `logout`: a token for a server, kept in the contexts file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from flowdesk.cli.base import json_option

if TYPE_CHECKING:
    from flowdesk.contexts import Context, Contexts
    from flowdesk.replies import Session


@click.command()
@click.argument("url", required=False)
@click.option("--email", metavar="EMAIL", help="The account; asked for when there is a terminal.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--name", metavar="NAME", help="What to call this server; its host name when not given.")
@click.option("--register", is_flag=True, help="Make the account first.")
@click.option("--invitation", metavar="CODE", help="With --register: the invitation for this address.")
@json_option
def login(
    url: str | None,
    email: str | None,
    password_stdin: bool,
    name: str | None,
    register: bool,
    invitation: str | None,
    as_json: bool,
) -> None:
    """Log in to a server and make it the chosen context.

    Without a URL: log in again to the chosen context. The password is never taken from the command line.
    """
    from flowdesk import contexts
    from flowdesk.cli.output import Output

    if invitation is not None and not register:
        raise click.UsageError("--invitation goes with --register; with an account: flowdesk workspaces join CODE")
    path = contexts.contexts_path(os.environ)
    known = contexts.load(path)
    address, called = _target(known, url, name)
    who = email or _email(known, called)
    password = _password(who, stdin=password_stdin, twice=register)
    if address.startswith("http://") and not contexts.is_loopback(address):
        click.echo("warning: http:// carries the password and the token unencrypted", err=True)
    before = known.known.get(called)
    device = before.device if before is not None and contexts.same_server(before.url, address) else None
    session = _session(address, who, password, register=register, invitation=invitation, device=device)
    mail = session["user"]["email"]
    workspace = before.workspace if before is not None and before.email == mail else None
    more = (workspace, session.get("deviceToken"), session.get("refreshToken"))
    context = contexts.Context(called, address, session["token"], mail, *more)
    contexts.save(path, known.put(context, use=True))
    out = Output(json=as_json)
    if as_json:
        out.document({"context": called, "url": address, "user": session["user"]})
    else:
        out.lines([f"logged in to {address} as {mail}; context {called} is chosen now"])


def _target(known: Contexts, url: str | None, name: str | None) -> tuple[str, str]:
    """The address and the context's name."""
    from urllib.parse import urlsplit

    from flowdesk import contexts

    if url is None:
        chosen = name or known.current
        if chosen is None:
            raise click.UsageError("give the server's URL: flowdesk login http://host:4000")
        return known.get(chosen).url, chosen
    address = contexts.checked_url(url)
    same = known.for_url(address)
    called = name or (same.name if same else (urlsplit(address).netloc.replace(":", "-").strip("[]")))
    contexts.check_name(called)
    return address, called


def _email(known: Contexts, name: str) -> str:
    before = known.known.get(name)
    if before is not None and before.email is not None:
        return before.email
    if not _asks():
        raise click.UsageError("give --email, since there is no terminal to ask on")
    return str(click.prompt("Email", err=True))


def _password(email: str, *, stdin: bool, twice: bool) -> str:
    if stdin:
        line = sys.stdin.buffer.readline().decode("utf-8", "surrogateescape").rstrip("\r\n")
        if not line:
            raise click.UsageError("standard input holds no password")
        return line
    if not _asks():
        raise click.UsageError("give --password-stdin, since there is no terminal to ask on")
    return str(click.prompt(f"Password of {email}", hide_input=True, confirmation_prompt=twice, err=True))


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _session(
    url: str, email: str, password: str, *, register: bool, invitation: str | None, device: str | None
) -> Session:
    import asyncio

    from flowdesk.client import Client

    async def talk() -> Session:
        async with Client(url) as client:
            if register:
                return await client.register(email, password, invitation)
            return await client.login(email, password, device)

    return asyncio.run(talk())


@click.command()
@click.argument("name", required=False, metavar="[CONTEXT]")
@json_option
def logout(name: str | None, as_json: bool) -> None:
    """End the session of a context, the chosen one when none is named, and forget its token. The context stays."""
    from flowdesk import contexts
    from flowdesk.cli.output import Output

    path = contexts.contexts_path(os.environ)
    known = contexts.load(path)
    chosen = name or known.current
    if chosen is None:
        raise click.UsageError("no context is chosen; the local server needs no login")
    told = _end_session(known.get(chosen))
    contexts.save(path, known.without_token(chosen))
    out = Output(json=as_json)
    if as_json:
        out.document({"context": chosen, "loggedIn": False, "ended": told})
    else:
        out.lines([f"logged out of {chosen}"])
        if not told:
            out.remark("the server could not be told: until the token expires, whoever has a copy can use it")


def _end_session(context: Context) -> bool:
    """Tell the server; whether the token is good for nothing now."""
    import asyncio

    from flowdesk.client import Client
    from flowdesk.errors import ClientError, NotAuthorised
    from flowdesk.renewal import SessionRenewal

    if context.token is None:
        return True
    # A token that has expired does not end the session that its refresh token would keep alive.
    renew = None if context.refresh is None else SessionRenewal(context.url, context.refresh)

    async def talk() -> bool:
        async with Client(context.url, context.token, renew=renew) as client:
            try:
                await client.logout()
            except NotAuthorised:
                return True
            except ClientError:
                return False
            return True

    return asyncio.run(talk())


@click.command()
@click.option("--password-stdin", is_flag=True, help="Read the old and the new password from two lines.")
@json_option
def password(password_stdin: bool, as_json: bool) -> None:
    """Take another password in the chosen context. Every other session and token of the account ends."""
    import asyncio
    from dataclasses import replace

    from flowdesk import contexts
    from flowdesk.cli.output import Output
    from flowdesk.client import Client

    path = contexts.contexts_path(os.environ)
    known = contexts.load(path)
    if known.current is None:
        raise click.UsageError("no context is chosen; the local server needs no password")
    context = known.get(known.current)
    who = context.email or context.name
    current = _password(who, stdin=password_stdin, twice=False)
    new = _password(f"{who} from now on", stdin=password_stdin, twice=True)

    async def talk() -> Session:
        async with Client(context.url, context.token) as client:
            return await client.change_password(current, new)

    session = asyncio.run(talk())
    changed = replace(
        context, token=session["token"], device=session.get("deviceToken"), refresh=session.get("refreshToken")
    )
    contexts.save(path, known.put(changed, use=True))
    out = Output(json=as_json)
    if as_json:
        out.document({"context": context.name, "user": session["user"]})
    else:
        out.lines([f"{who} has another password now"])
