"""What the commands of an operator share: how they fail, and how they print for machines."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

import click

from engine.errors import FlowDeskError
from engine.jsonio import dump_text
from server.exits import exit_code
from server.launch import complain


def operate(work: Callable[[], int], *, as_json: bool) -> int:
    """Do the work and return its exit code, or that of the error it raised, told in one line."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    os.umask(0o077)
    try:
        return work()
    except FlowDeskError as error:
        if as_json:
            told = {"code": error.code, "message": error.message, "hint": error.hint}
            given = {name: value for name, value in told.items() if value is not None}
            click.echo(dump_text({"error": given}), err=True)
        else:
            complain(error)
        return exit_code(error)
    except KeyboardInterrupt:
        return 130
