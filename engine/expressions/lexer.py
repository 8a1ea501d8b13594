"""The words of a CEL expression.

The library parses and evaluates; this reads the same text once more, at save, to learn what the library does not
tell: which paths are read, and how comprehensions stand inside each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_TOKEN: Final = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<raw>(?:[rR][bB]?|[bB][rR])(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*'))
  | (?P<text>[bB]?(?:\"{3}(?:[^\\]|\\.)*?\"{3}|'{3}(?:[^\\]|\\.)*?'{3}|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[uU]?)
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<sign>&&|\|\||[<>=!]=|.)
    """,
    re.VERBOSE | re.DOTALL,
)

_PLAIN: Final = re.compile(r"(['\"])(?!\1)([^\\'\"]*)\1")

Kind = str
"""`raw`, `text`, `number`, `name` or `sign`."""


@dataclass(slots=True, frozen=True)
class Token:
    """One word, and where it starts."""

    kind: Kind
    text: str
    offset: int

    @property
    def end(self) -> int:
        """The place after it."""
        return self.offset + len(self.text)

    @property
    def plain(self) -> str | None:
        """What a text without escapes says; None for every other token."""
        found = _PLAIN.fullmatch(self.text) if self.kind == "text" else None
        return found[2] if found else None


def tokens_of(source: str) -> list[Token]:
    """All words in order, white space and comments left out."""
    return [
        Token(match.lastgroup or "sign", match[0], match.start())
        for match in _TOKEN.finditer(source)
        if match.lastgroup != "space"
    ]
