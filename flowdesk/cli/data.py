"""`--data`: JSON on the command line, in a file (`@file`) or on standard input (`-`)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

_METAVAR = "JSON|@FILE|-"
_HELP = "Trigger data: a JSON object, @FILE to read one, - for standard input."

data_option = click.option("--data", metavar=_METAVAR, help=_HELP)


def read_data(given: str | None) -> dict[str, Any] | None:
    """The object `--data` gives; a usage error for anything that is none."""
    from engine.errors import BadJson
    from engine.jsonio import parse_json

    if given is None:
        return None
    where, raw = _raw(given)
    try:
        value = parse_json(raw)
    except BadJson as error:
        raise click.UsageError(f"{where}: {error.message}") from None
    if not isinstance(value, dict):
        raise click.UsageError(f'{where}: the data must be a JSON object, such as {{"name": "Ada"}}')
    return value


def _raw(given: str) -> tuple[str, bytes]:
    if given == "-":
        return "standard input", sys.stdin.buffer.read()
    if not given.startswith("@"):
        return "--data", given.encode("utf-8", "surrogateescape")
    path = Path(given[1:])
    try:
        return str(path), path.read_bytes()
    except OSError as error:
        raise click.UsageError(f"cannot read {path}: {error.strerror}") from None
