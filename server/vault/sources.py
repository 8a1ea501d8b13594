"""Secrets that are kept outside: in an environment variable or a file, and only where the operator allows it.

Whoever may write workflows may use them, so what is allowed is a list, and empty unless somebody fills it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from engine.errors import Invalid

MAX_BYTES: Final = 65_536
OWN_VARIABLES: Final = frozenset({"JWT_SECRET", "FLOWDESK_SECRETS_KEY", "MONGO_URL", "REDIS_URL"})
"""What FlowDesk itself is configured with is nobody's secret to use, whatever the pattern says."""


@dataclass(slots=True, frozen=True)
class Sources:
    """What the operator allows: patterns of variable names, and directories of files."""

    variables: tuple[str, ...] = ()
    directories: tuple[Path, ...] = ()

    def check(self, source: str) -> str:
        """The kind of an allowed source, `env` or `file`; Invalid says what is not allowed."""
        kind, _, place = source.partition(":")
        if kind == "env" and place:
            if place in OWN_VARIABLES or not any(fnmatchcase(place, pattern) for pattern in self.variables):
                raise _refused(f"the variable {place[:100]} is not open to secrets", "FLOWDESK_SECRETS_ENV")
            return kind
        if kind == "file" and place:
            self._inside(Path(place))
            return kind
        raise Invalid(
            "a source is env:NAME or file:/path", code="secret_source", hint="or give the value itself as `value`"
        )

    async def read(self, source: str, environ: Mapping[str, str] = os.environ) -> str:
        """The value as it is now; Invalid when it is not there or not allowed any more."""
        kind = self.check(source)
        place = source.partition(":")[2]
        if kind == "env":
            value = environ.get(place)
            if not value:
                raise _missing(f"the variable {place} is not set for this process")
            return value
        return await asyncio.to_thread(self._read_file, Path(place))

    def _read_file(self, path: Path) -> str:
        inside = self._inside(path)
        try:
            if not inside.is_file():
                raise _missing(f"there is no file {path}")
            with inside.open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
            if len(raw) > MAX_BYTES:
                raise _missing(f"{path} is larger than {MAX_BYTES} bytes")
            return raw.decode().removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise _missing(f"{path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise _missing(f"{path} is not UTF-8 text") from None

    def _inside(self, path: Path) -> Path:
        """The real path, links followed: it must lie in one of the directories."""
        try:
            real = path.resolve() if path.is_absolute() and "\0" not in str(path) else None
        except (OSError, RuntimeError):
            real = None
        if real is None or not any(real.is_relative_to(directory.resolve()) for directory in self.directories):
            raise _refused(f"the file {str(path)[:200]!r} is not open to secrets", "FLOWDESK_SECRETS_FILES")
        return real


def _refused(message: str, setting: str) -> Invalid:
    return Invalid(message, code="secret_source", hint=f"the operator opens sources with {setting}")


def _missing(message: str) -> Invalid:
    return Invalid(message, code="secret_source_missing", hint="ask the operator of this server")
