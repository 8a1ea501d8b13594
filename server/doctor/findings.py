"""What the doctor says: findings, each with a level and a stable code that `catalogue` explains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from server.doctor.catalogue import CATALOGUE


class Level(IntEnum):
    """How bad it is."""

    OK = 0
    NOTE = 1
    WARNING = 2
    PROBLEM = 3


@dataclass(slots=True, frozen=True)
class Finding:
    """One thing that was looked at. `hint` is what to do in this very case; the catalogue says it in general."""

    level: Level
    code: str
    message: str
    hint: str | None = None
    fixed: bool = False

    def __post_init__(self) -> None:
        if self.code not in CATALOGUE:
            raise ValueError(f"the catalogue does not explain {self.code!r}")

    @property
    def meaning(self) -> str:
        """What it means that this was found."""
        return CATALOGUE[self.code].meaning

    @property
    def remedy(self) -> str:
        """What to do."""
        return self.hint or CATALOGUE[self.code].remedy

    def mended(self) -> Finding:
        """The same, after it was put right."""
        return replace(self, fixed=True)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        found: dict[str, Any] = {"level": self.level.name.lower(), "code": self.code, "message": self.message}
        if self.level > Level.OK:
            found |= {"meaning": self.meaning, "remedy": self.remedy, "fixed": self.fixed}
        return found


def ok(code: str, message: str) -> Finding:
    """All is well there."""
    return Finding(Level.OK, code, message)


def note(code: str, message: str, hint: str | None = None) -> Finding:
    """Worth knowing."""
    return Finding(Level.NOTE, code, message, hint)


def warning(code: str, message: str, hint: str | None = None) -> Finding:
    """May become a problem."""
    return Finding(Level.WARNING, code, message, hint)


def problem(code: str, message: str, hint: str | None = None) -> Finding:
    """Something does not work, or will be lost."""
    return Finding(Level.PROBLEM, code, message, hint)


def some(names: Iterable[str], most: int = 5) -> str:
    """The first of these names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
