"""What all commands that talk to a server share: their options, their connection, their way to end.

Imported by every command, so nothing heavy may be imported at the top (see tests/flowdesk/test_import_cost.py).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from flowdesk.cli.output import Output
    from flowdesk.launch import Connection

Work = Callable[["Connection", "Output"], Awaitable[int | None]]
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True, frozen=True)
class Options:
    """The options every command has."""

    url: str | None
    context: str | None
    json: bool
    workspace: str | None = None


def json_option(function: F) -> F:
    """`--json`, for a command that needs no server."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")(function)


def server_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--url`, `--context`, `--workspace` and `--json`, handed to the command as its first argument, one Options."""

    @click.option("--url", metavar="URL", help="Server to talk to (FLOWDESK_URL).")
    @click.option("--context", metavar="NAME", help="Context to use instead of the chosen one (FLOWDESK_CONTEXT).")
    @click.option("--workspace", metavar="NAME", help="Workspace to act in, by name or id (FLOWDESK_WORKSPACE).")
    @json_option
    @functools.wraps(function)
    def wrapped(url: str | None, context: str | None, workspace: str | None, as_json: bool, **given: Any) -> Any:
        if url is not None and context is not None:
            raise click.UsageError("--url and --context name two servers; give one of them")
        return function(Options(url, context, as_json, workspace), **given)

    return wrapped


def on_server(options: Options, work: Work) -> None:
    """Connect, do the work, and end with the exit code it gives."""
    import asyncio

    code = asyncio.run(_talk(options, work))
    if code:
        raise click.exceptions.Exit(code)


async def _talk(options: Options, work: Work) -> int | None:
    from flowdesk.cli.output import Output
    from flowdesk.errors import NotAuthorised, Unreachable
    from flowdesk.launch import Wish, connect

    for last in (False, True):
        async with connect(Wish(options.url, options.context, options.workspace), os.environ) as connection:
            try:
                return await work(connection, Output(json=options.json))
            except NotAuthorised as error:
                if error.status == 401 and connection.target.source in ("address", "context"):
                    error.hint = f"flowdesk login {connection.target.url}"
                raise
            except Unreachable:
                # The local server we found was another command's, and left with it just now.
                if last or connection.target.source != "local" or connection.client.answered:
                    raise
    raise AssertionError("unreachable")
