"""Colours for terminals, and nothing at all for everything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

_STEP_HUES: Final = (36, 35, 34, 32, 33, 96, 95, 94, 92, 93)


@dataclass(slots=True, frozen=True)
class Paint:
    """Wraps text in colours when `on`. The text must be clean already."""

    on: bool = False

    def dim(self, text: str) -> str:
        """Less important."""
        return self._wrap("2", text)

    def bold(self, text: str) -> str:
        """More important."""
        return self._wrap("1", text)

    def good(self, text: str) -> str:
        """Succeeded."""
        return self._wrap("32", text)

    def warn(self, text: str) -> str:
        """Needs a look."""
        return self._wrap("33", text)

    def bad(self, text: str) -> str:
        """Failed."""
        return self._wrap("31", text)

    def hue(self, index: int, text: str) -> str:
        """One of several colours, so that neighbours can be told apart."""
        return self._wrap(str(_STEP_HUES[index % len(_STEP_HUES)]), text)

    def status(self, status: str, text: str | None = None) -> str:
        """The status word (or the text) in the colour of the status."""
        shown = status if text is None else text
        style = _STATUS.get(status)
        return self._wrap(style, shown) if style else shown

    def _wrap(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.on and text else text


_STATUS: Final = {
    "SUCCESS": "32",
    "COMPLETED": "32",
    "FAILED": "31",
    "CANCELLED": "33",
    "WAITING": "33",
    "PENDING": "33",
    "RUNNING": "36",
    "SKIPPED": "2",
}


def paint_for(stream: TextIO, environ: Mapping[str, str]) -> Paint:
    """Colours only for a terminal that wants them (NO_COLOR and TERM=dumb say no)."""
    return Paint(stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")
