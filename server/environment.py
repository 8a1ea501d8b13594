"""From the environment and `.env` to checked settings; everything wrong is said at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dotenv import dotenv_values
from pydantic import ValidationError

from engine.errors import Unusable
from server.settings import Settings, setting_names

PREFIX: Final = "FLOWDESK_"
CLIENT_NAMES: Final = frozenset(
    {"FLOWDESK_URL", "FLOWDESK_TOKEN", "FLOWDESK_CONTEXT", "FLOWDESK_CONFIG_DIR", "FLOWDESK_DEBUG"}
)
"""Read by the `flowdesk` command, which may start this server with them in its environment."""
ALIKE: Final = 0.8
CLOSE: Final = 0.6


def load_settings(
    environ: Mapping[str, str], dotenv: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Settings from `.env` (when the file exists), the environment, and options of the command line; later ones win.

    Raises Unusable naming every unknown name and every bad value.
    """
    from_file = _read_dotenv(dotenv)
    given = {**from_file, **environ}
    fields = {variable: name for name, variable in setting_names().items()}
    values: dict[str, Any] = {fields[name]: value for name, value in given.items() if name in fields and value != ""}
    values |= {name: value for name, value in (overrides or {}).items() if value is not None}
    problems = _unknown_names(environ, from_file, set(fields), dotenv)
    try:
        settings = Settings(**values)
    except ValidationError as error:
        problems += _bad_values(error, {name for name in from_file if name not in environ}, dotenv)
    if problems:
        several = f"{len(problems)} settings are" if len(problems) > 1 else "a setting is"
        raise Unusable("\n  ".join([f"{several} wrong:", *problems]), code="settings")
    return settings


def _read_dotenv(path: Path | None) -> dict[str, str]:
    if path is None or not path.is_file():
        return {}
    try:
        return {name: value or "" for name, value in dotenv_values(path, interpolate=False).items()}
    except (OSError, UnicodeDecodeError) as error:
        raise Unusable(f"cannot read {path}: {error}", code="settings") from None


def _unknown_names(
    environ: Mapping[str, str], from_file: Mapping[str, str], known: set[str], dotenv: Path | None
) -> list[str]:
    problems = [
        f"{name}: there is no such setting{_nearest(name, known, CLOSE)}"
        for name in sorted({*environ, *from_file})
        if name.startswith(PREFIX) and name not in known and name not in CLIENT_NAMES
    ]
    # A .env may hold other programs' names too, so only what looks like a slip of the pen counts there.
    problems += [
        f"{name} in {dotenv}: there is no such setting{near}"
        for name in from_file
        if name not in known and not name.startswith(PREFIX) and (near := _nearest(name, known, ALIKE))
    ]
    return problems


def _nearest(name: str, known: set[str], cutoff: float) -> str:
    """The prefix does not count, or every one of ours would look like every other."""
    bare = {known_name.removeprefix(PREFIX): known_name for known_name in sorted(known)}
    close = difflib.get_close_matches(name.removeprefix(PREFIX), bare, n=1, cutoff=cutoff)
    return f"; did you mean {bare[close[0]]}?" if close else ""


def _bad_values(error: ValidationError, from_file: set[str], dotenv: Path | None) -> list[str]:
    """One line each, without the value: it may be a secret."""
    names = setting_names()
    lines = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        field = str(found["loc"][0])
        name = names.get(field, field)
        message = found["msg"].removeprefix("Value error, ")
        origin = f" in {dotenv}" if name in from_file else ""
        lines.append(f"{name}{origin}: {message[0].lower()}{message[1:]}")
    return lines
