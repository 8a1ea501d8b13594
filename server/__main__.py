"""`flowdesk-server`: the server and what an operator does beside it.

Everything heavy is imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

LEVELS = ("debug", "info", "warning", "error")


data_dir_option = click.option(
    "--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Where the data lives."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


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
@data_dir_option
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
@data_dir_option
def add_user(email: str, admin: bool, password_stdin: bool, data_dir: Path | None) -> None:
    """Make an account for EMAIL; the server may be running or not."""
    from server.user_commands import add, run_command

    raise SystemExit(run_command({"data_dir": data_dir}, lambda users: add(users, email, admin, password_stdin)))


@user.command("list")
@data_dir_option
def list_users(data_dir: Path | None) -> None:
    """List the accounts, newest first."""
    from server.user_commands import run_command, show_all

    raise SystemExit(run_command({"data_dir": data_dir}, show_all))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@data_dir_option
def backup(file: Path, as_json: bool, data_dir: Path | None) -> None:
    """Copy the whole database to FILE; the server may be running or not."""
    from server.backup_command import run_backup

    raise SystemExit(run_backup({"data_dir": data_dir}, file, as_json=as_json))


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace a database that is there; it is kept beside the new one.")
@json_option
@data_dir_option
def restore(file: Path, force: bool, as_json: bool, data_dir: Path | None) -> None:
    """Put the backup FILE in the place of the database; no server may be running."""
    from server.backup_command import run_restore

    raise SystemExit(run_restore({"data_dir": data_dir}, file, force=force, as_json=as_json))


@main.command()
@click.option("--fix", is_flag=True, help="Put right what can be put right.")
@click.option("--all", "everything", is_flag=True, help="Look at every run and every page, however long it takes.")
@json_option
@data_dir_option
def doctor(fix: bool, everything: bool, as_json: bool, data_dir: Path | None) -> None:
    """Examine this installation; the server may be running or not."""
    from server.doctor.command import run_doctor

    raise SystemExit(run_doctor({"data_dir": data_dir}, fix=fix, everything=everything, as_json=as_json))


@main.group()
def secrets() -> None:
    """The key that seals secrets: change it, or give up what a lost one sealed."""


@secrets.command("rotate-key")
@click.option("--drop-old", is_flag=True, help="Forget the old keys of the key file; older backups need them.")
@data_dir_option
def rotate_key(drop_old: bool, data_dir: Path | None) -> None:
    """Seal all secrets with a new key; the server may be running or not."""
    from server.secret_commands import rotate_key, run_secrets

    raise SystemExit(run_secrets({"data_dir": data_dir}, lambda settings: rotate_key(settings, drop_old=drop_old)))


@secrets.command("discard")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_dir_option
def discard_secrets(yes: bool, data_dir: Path | None) -> None:
    """Remove the secrets whose key is lost, so that the server starts again."""
    from server.secret_commands import discard_lost, run_secrets

    raise SystemExit(run_secrets({"data_dir": data_dir}, lambda settings: discard_lost(settings, yes=yes)))


@main.group()
def db() -> None:
    """Whole databases: copy one into another."""


@db.command("copy")
@click.argument("src")
@click.argument("dst")
@json_option
def copy_database(src: str, dst: str, as_json: bool) -> None:
    """Copy everything from SRC into the empty database DST, and compare.

    Each is a data directory, a SQLite file (sqlite:///path) or an address of MongoDB (mongodb://host/name). No server
    may use SRC. A copy that was interrupted goes on when the same command is given again.
    """
    from server.db_copy import run_copy

    raise SystemExit(run_copy(src, dst, as_json=as_json))


@main.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as installed

    click.echo(installed("flowdesk"))


if __name__ == "__main__":
    main(prog_name="flowdesk-server")
