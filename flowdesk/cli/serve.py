"""`flowdesk serve`: the same as `flowdesk-server serve`."""

from __future__ import annotations

import os
import sys

import click


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
    options_metavar=None,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]")
def serve(arguments: tuple[str, ...]) -> None:
    """Run the server in the foreground; takes the options of `flowdesk-server serve`."""
    from flowdesk.child import server_command, server_environment

    sys.stdout.flush()
    # No process in between: signals, exit code and terminal are the server's own.
    os.execve(sys.executable, server_command("serve", *arguments), server_environment(os.environ))  # noqa: S606
