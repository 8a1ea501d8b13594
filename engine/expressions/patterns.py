"""What regular expressions cost: the library compiles one anew for each call, which takes longer than matching."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from engine.expressions.lexer import Token
from engine.expressions.projection import follow
from engine.expressions.reads import Names, path_at

_UNKNOWN: Final = 100_000
_CHARACTER: Final = 20
_CLASS: Final = 900  # \w and \d stand for all of Unicode
_CLASSES: Final = re.compile(r"\\[wWdDsSbBpP]|\(\?[a-z]*i")
_REPEAT: Final = re.compile(r"\{(\d{1,6})(?:,(\d{0,6}))?\}")
_MOST: Final = 10_000_000


class Patterns:
    """The calls of `matches` in an expression.

    A pattern that is written down is judged at once, one in the data when it is read.
    """

    __slots__ = ("_fixed", "_read")

    def __init__(self, tokens: list[Token]) -> None:
        self._fixed = 0
        self._read: list[Names] = []
        for index, token in enumerate(tokens[:-1]):
            if token.text == "matches" and tokens[index + 1].text == "(":
                self._call(tokens, index)

    def __bool__(self) -> bool:
        return bool(self._fixed or self._read)

    def cost(self, scope: Mapping[str, Any]) -> int:
        """Units of work for one evaluation of them all."""
        return self._fixed + sum(_cost(follow(scope, names)[0]) for names in self._read)

    def _call(self, tokens: list[Token], index: int) -> None:
        argument = tokens[index + 2 : index + 3]
        method = index > 0 and tokens[index - 1].text == "."
        if method and argument and argument[0].kind in ("text", "raw") and _closes(tokens, index + 3):
            self._fixed += _cost(argument[0].text)
            return
        if method and argument and argument[0].kind == "name":
            names, end = path_at(tokens, index + 2)
            if _closes(tokens, end):
                self._read.append(names)
                return
        self._fixed += _UNKNOWN


def _closes(tokens: list[Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].text == ")"


def _cost(pattern: Any) -> int:
    if not isinstance(pattern, str):
        return 0
    repeats = 1
    for found in _REPEAT.finditer(pattern):
        repeats = min(repeats * max(1, int(found[2] or found[1])), _MOST)
    return (_CHARACTER * len(pattern) + _CLASS * len(_CLASSES.findall(pattern))) * repeats
