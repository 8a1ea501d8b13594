"""What a person would read on the screen, taken from the picture that Textual draws of it."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from html import unescape
from typing import Any, Final

from textual.app import App

_TITLE: Final = re.compile(r'<text class="[^"]*-title".*?</text>', re.DOTALL)
_TEXT: Final = re.compile(r'<text[^>]*?\bx="([\d.]+)"\s+y="([\d.]+)"[^>]*>(.*?)</text>', re.DOTALL)
_NEVER: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_CELL: Final = 12.2
"""Width of a cell in Rich's picture."""


def screen_lines(app: App[Any]) -> list[str]:
    """The lines of the screen, from the top."""
    rows: defaultdict[float, list[tuple[float, str]]] = defaultdict(list)
    for x, y, text in _TEXT.findall(_TITLE.sub("", app.export_screenshot())):
        rows[float(y)].append((float(x), unescape(text).replace("\xa0", " ")))
    return [_line(rows[y]) for y in sorted(rows)]


def screen_text(app: App[Any]) -> str:
    """The whole screen as one text."""
    return "\n".join(screen_lines(app))


def unsafe(text: str) -> set[str]:
    """The characters in it that could move a cursor, change a colour or turn a line round, by their names."""
    return {f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in _NEVER and c != "\n"}


def _line(parts: list[tuple[float, str]]) -> str:
    line = ""
    for x, text in sorted(parts):
        line += " " * (round(x / _CELL) - len(line)) + text
    return line.rstrip()
