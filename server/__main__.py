"""`flowdesk-server`: the server and what an operator does beside it.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

LEVELS = ("debug", "info", "warning", "error")


class ServeByDefault(click.Group):
    """`flowdesk-server --port 5000` means `flowdesk-server serve --port 5000`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `serve` in front of arguments that name no command."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ServeByDefault, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The FlowDesk server. Without a command it serves.

    Settings come from the environment and from `.env` in this directory; docs/operate.md lists them.
    """


@main.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on (HOST).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any free one (PORT).")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where the data lives.")
@click.option("--log-level", type=click.Choice(LEVELS), help="How much is logged.")
@click.option("--embedded", is_flag=True, help="Be the child of another program: hello on stdout, stdin as lifeline.")
def serve(host: str | None, port: int | None, data_dir: Path | None, log_level: str | None, embedded: bool) -> None:
    """Serve the API and execute workflows until SIGTERM or Ctrl+C."""
    from server.launch import launch

    if embedded:
        host, port = host or "127.0.0.1", port or 0
    given: dict[str, Any] = {"host": host, "port": port, "data_dir": data_dir, "log_level": log_level}
    raise SystemExit(launch(given, embedded=embedded))


@main.group()
def user() -> None:
    """Accounts: add one, list them."""


@user.command("add")
@click.argument("email")
@click.option("--admin", is_flag=True, help="Give the account every right.")
@click.option("--password-stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where the data lives.")
def add_user(email: str, admin: bool, password_stdin: bool, data_dir: Path | None) -> None:
    """Make an account for EMAIL; the server may be running or not."""
    from server.user_commands import add, run_command

    raise SystemExit(run_command({"data_dir": data_dir}, lambda users: add(users, email, admin, password_stdin)))


@user.command("list")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where the data lives.")
def list_users(data_dir: Path | None) -> None:
    """List the accounts, newest first."""
    from server.user_commands import run_command, show_all

    raise SystemExit(run_command({"data_dir": data_dir}, show_all))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where the data lives.")
def backup(file: Path, data_dir: Path | None) -> None:
    """Copy the whole database to FILE; the server may be running or not."""
    from server.backup_command import run_backup

    raise SystemExit(run_backup({"data_dir": data_dir}, file))


@main.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    click.echo(installed("flowdesk"))


if __name__ == "__main__":
    main(prog_name="flowdesk-server")
