"""Verbs that `flowdesk-server` carries out: they work on this machine's database itself and not over the API."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

data_dir_option = click.option("--data-dir", metavar="DIRECTORY", help="Where the data lives (FLOWDESK_DATA_DIR).")


def hand_over(*arguments: str) -> NoReturn:
    """Become `flowdesk-server` with these arguments."""
    from flowdesk.child import server_command, server_environment

    sys.stdout.flush()
    # No process in between: signals, exit code and terminal are the server's own.
    os.execve(sys.executable, server_command(*arguments), server_environment(os.environ))  # noqa: S606


def spelt(*, as_json: bool = False, data_dir: str | None = None, **flags: bool) -> list[str]:
    """These options as arguments."""
    given = [f"--{name}" for name, value in {**flags, "json": as_json}.items() if value]
    return given if data_dir is None else [*given, "--data-dir", str(Path(data_dir).expanduser())]
