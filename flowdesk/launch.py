"""Which server is meant, and how to get to it.

In this order: an address that was given (`--url`, FLOWDESK_URL), a context that was given (`--context`,
FLOWDESK_CONTEXT), the chosen context, the living local server, and last a local server started for the occasion. A
token comes from FLOWDESK_TOKEN, or belongs to exactly the server it is sent to.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from flowdesk import child, contexts, local
from flowdesk.client import Client
from flowdesk.client_http import Limits
from flowdesk.contexts import Context, Contexts
from flowdesk.errors import ClientError
from flowdesk.renewal import ContextRenewal

ATTACH_S: Final = 5.0
"""How long a server that left its name in the state file may take to answer."""
RACE_S: Final = 20.0
"""How long to try while another process has the database."""
IN_USE: Final = "store_in_use"
STABLE_PORT: Final = 4000
ADDRESS_IN_USE: Final = 3
"""The server's exit code when it cannot listen on the address."""
WORKSPACE: Final = "FLOWDESK_WORKSPACE"
Source = Literal["address", "context", "local", "started"]


@dataclass(slots=True, frozen=True)
class Wish:
    """What the user asked for; nothing at all is fine."""

    url: str | None = None
    context: str | None = None
    workspace: str | None = None


@dataclass(slots=True, frozen=True)
class Target:
    """A server to talk to, and how it was found. `name` is the context's, and `workspace` the one meant there."""

    url: str
    token: str | None
    source: Source
    name: str | None = None
    workspace: str | None = None


@dataclass(slots=True)
class Connection:
    """A client, the server behind it, and the child process when it was started for us."""

    client: Client
    target: Target
    child: child.Child | None = None


@asynccontextmanager
async def connect(
    wish: Wish, environ: Mapping[str, str], limits: Limits | None = None, *, lasting: bool = False
) -> AsyncIterator[Connection]:
    """Find or start a server; one that was started leaves again at the end.

    A `lasting` one listens where webhooks find it again, see attach_or_listen.
    """
    target = find_remote(wish, environ)
    wanted = wish.workspace or environ.get(WORKSPACE) or None
    if target is not None:
        target = replace(target, workspace=wanted or target.workspace)
        renew = renewal_for(target, environ)
        async with Client(target.url, target.token, limits=limits, workspace=target.workspace, renew=renew) as client:
            yield Connection(client, target)
        return
    begin = attach_or_listen if lasting else attach_or_start
    server, started = await begin(local.data_dir(environ), environ)
    token = environ.get("FLOWDESK_TOKEN") or server.token
    try:
        async with Client(server.url, token, limits=limits, workspace=wanted) as client:
            source: Source = "started" if started else "local"
            yield Connection(client, Target(server.url, token, source, workspace=wanted), started)
    finally:
        if started is not None:
            await started.stop()


def find_remote(wish: Wish, environ: Mapping[str, str]) -> Target | None:
    """The server that was named in some way; None when the local one is meant."""
    url = wish.url or environ.get("FLOWDESK_URL")
    given_token = environ.get("FLOWDESK_TOKEN")
    known = contexts.load(contexts.contexts_path(environ))
    if wish.url or (url and not wish.context):
        plain = contexts.checked_url(url or "")
        return Target(plain, given_token or _token_for(plain, known, local.data_dir(environ)), "address")
    name = wish.context or environ.get("FLOWDESK_CONTEXT") or known.current
    if name is None or name == contexts.LOCAL:
        return None
    found = known.get(name)
    return Target(found.url, given_token or found.token, "context", found.name, found.workspace)


def renewal_for(target: Target, environ: Mapping[str, str]) -> ContextRenewal | None:
    """How the token of this server is renewed; None for one that was not kept by a login, such as an API key."""
    if target.source not in ("address", "context"):
        return None
    path = contexts.contexts_path(environ)
    known = contexts.load(path)
    context = known.known.get(target.name) if target.name is not None else known.for_url(target.url)
    if context is None or context.refresh is None or context.token != target.token:
        return None
    return ContextRenewal(path, context.name)


def _token_for(url: str, known: Contexts, directory: Path) -> str | None:
    context: Context | None = known.for_url(url)
    if context is not None:
        return context.token
    server = local.living_server(directory)
    return server.token if server is not None and contexts.same_server(server.url, url) else None


async def attach_or_start(
    directory: Path, environ: Mapping[str, str], *arguments: str
) -> tuple[local.LocalServer, child.Child | None]:
    """The living local server, or a new one as our child."""
    clock = asyncio.get_running_loop().time
    end = clock() + RACE_S
    while True:
        found = await living(directory)
        if found is not None:
            return found, None
        try:
            started = await child.start(directory, environ, "--embedded", *arguments)
        except child.DidNotStart as error:
            # Another command's server is just starting (we shall find it) or just leaving (then it is our turn).
            if error.reason != IN_USE or clock() > end:
                raise
            await asyncio.sleep(0.2)
        else:
            return started.server, started


async def attach_or_listen(
    directory: Path, environ: Mapping[str, str], port: int | None = None, *, taken: Callable[[], None] | None = None
) -> tuple[local.LocalServer, child.Child | None]:
    """The living local server, or a new one on the port that was asked for (here or by PORT), else on 4000.

    When another program has 4000, `taken` is told and any free port is used.
    """
    asked = str(port) if port is not None else local.setting("PORT", environ)
    host = local.setting("HOST", environ)
    more = ["--host", host] if host else []
    try:
        return await attach_or_start(directory, environ, "--port", asked or str(STABLE_PORT), *more)
    except child.DidNotStart as error:
        if asked is not None or error.exit_code != ADDRESS_IN_USE:
            raise
    if taken is not None:
        taken()
    return await attach_or_start(directory, environ, "--port", "0", *more)


async def living(directory: Path) -> local.LocalServer | None:
    """The local server whose process exists and which answers; waits a little for one that is just starting."""
    clock = asyncio.get_running_loop().time
    end = clock() + ATTACH_S
    while (found := local.living_server(directory)) is not None and clock() < end:
        if await _answers(found.url):
            return found
        await asyncio.sleep(0.1)
    return None


async def _answers(url: str) -> bool:
    try:
        async with Client(url) as client:
            await client.alive()
    except ClientError:
        return False
    return True
