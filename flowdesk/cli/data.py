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
    if given is None:
        return None
    where, value = _parsed(given)
    if not isinstance(value, dict):
        raise click.UsageError(f'{where}: the data must be a JSON object, such as {{"name": "Ada"}}')
    return value


def read_value(given: str | None) -> Any:
    """The JSON value `--data` gives, of any kind; a usage error for what is no JSON."""
    return None if given is None else _parsed(given)[1]


def _parsed(given: str) -> tuple[str, Any]:
    from engine.errors import BadJson
    from engine.jsonio import parse_json

    where, raw = _raw(given)
    try:
        return where, parse_json(raw)
    except BadJson as error:
        raise click.UsageError(f"{where}: {error.message}") from None


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
