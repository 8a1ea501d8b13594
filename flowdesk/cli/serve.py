"""`flowdesk serve`: the same as `flowdesk-server serve`."""

from __future__ import annotations

import click

from flowdesk.cli.hand_over import hand_over


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    add_help_option=False,
    options_metavar=None,
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS]")
def serve(arguments: tuple[str, ...]) -> None:
    """Run the server in the foreground; takes the options of `flowdesk-server serve`."""
    hand_over("serve", *arguments)
