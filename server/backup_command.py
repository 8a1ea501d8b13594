"""`flowdesk-server backup FILE`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.errors import FlowDeskError
from server.backup import backup
from server.environment import load_settings
from server.exits import Exit, exit_code
from server.launch import complain


def run_backup(given: Mapping[str, Any], target: Path) -> int:
    """Make the copy and say so; the exit code."""
    try:
        settings = load_settings(os.environ, Path(".env"), given)
        size = backup(settings.database, target)
    except FlowDeskError as error:
        complain(error)
        return exit_code(error)
    click.echo(f"copied {settings.database} to {target} ({size} bytes)")
    return Exit.OK
