"""`flowdesk doctor`, `backup`, `restore` and `db`: looking after the installation on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from flowdesk.cli.base import Options, json_option, server_options
from flowdesk.cli.hand_over import data_dir_option, hand_over, spelt


@click.command()
@click.option("--fix", is_flag=True, help="Put right what can be put right.")
@click.option("--all", "everything", is_flag=True, help="Look at every run and every page, however long it takes.")
@json_option
@data_dir_option
def doctor(fix: bool, everything: bool, as_json: bool, data_dir: str | None) -> None:
    """Examine this installation and say what to do; the server may be running or not.

    Looks at the settings, the data directory, the database, Redis, clocks, keys, plugins, and at runs that do not go on
    or whose summary differs from their journal. Ends with 1 when there is a problem.
    """
    hand_over("doctor", *spelt(as_json=as_json, data_dir=data_dir, fix=fix, all=everything))


@click.command()
@click.argument("file", metavar="FILE")
@json_option
@data_dir_option
def backup(file: str, as_json: bool, data_dir: str | None) -> None:
    """Copy the whole database to FILE and check the copy; the server may be running or not."""
    hand_over("backup", *spelt(as_json=as_json, data_dir=data_dir), "--", file)


@click.command()
@click.argument("what", metavar="FILE|WORKFLOW")
@click.argument("version", type=click.IntRange(min=1), required=False)
@click.option("--force", is_flag=True, help="FILE: replace a database that is there; it is kept beside the new one.")
@data_dir_option
@server_options
def restore(options: Options, what: str, version: int | None, force: bool, data_dir: str | None) -> None:
    """Bring something back: the database from a backup, or an old version of a workflow.

    \b
    flowdesk restore FILE                  the database; no server may be running
    flowdesk restore WORKFLOW VERSION      saves that version as the newest one
    """
    if version is not None:
        from flowdesk.cli.versions import restore_version

        if force or data_dir is not None:
            raise click.UsageError("--force and --data-dir go with a backup FILE, not with a version")
        restore_version(options, what, version)
        return
    if options.url is not None or options.context is not None:
        raise click.UsageError("a backup is restored on this machine; --url and --context go with a version")
    if not Path(what).exists():
        raise click.UsageError(
            f"there is no file {what!r}; a workflow needs a version: flowdesk restore {what} VERSION"
        )
    hand_over("restore", *spelt(as_json=options.json, data_dir=data_dir, force=force), "--", what)


@click.group()
def db() -> None:
    """Whole databases: copy one into another."""


@db.command("copy")
@click.argument("src", metavar="SRC")
@click.argument("dst", metavar="DST")
@json_option
def copy_database(src: str, dst: str, as_json: bool) -> None:
    """Copy everything from SRC into the empty database DST, and compare.

    Each is a data directory, a SQLite file (sqlite:///path) or an address of MongoDB (mongodb://host/name). No server
    may use SRC. A copy that was interrupted goes on when the same command is given again. Ends with 1 when something
    differs.
    """
    hand_over("db", "copy", *spelt(as_json=as_json), "--", src, dst)
