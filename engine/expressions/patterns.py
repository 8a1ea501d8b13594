"""What a regular expression costs: the library compiles it anew for each call, which takes longer than matching."""

from __future__ import annotations

import re
from typing import Final

from engine.expressions.lexer import Token

_UNKNOWN: Final = 20_000
_CHARACTER: Final = 20
_CLASS: Final = 900  # \w and \d stand for all of Unicode
_CLASSES: Final = re.compile(r"\\[wWdDsSbBpP]|\(\?[a-z]*i")
_REPEAT: Final = re.compile(r"\{(\d{1,6})(?:,(\d{0,6}))?\}")
_MOST: Final = 10_000_000


def cost_of_patterns(tokens: list[Token]) -> int:
    """Units of work for one evaluation of all calls of `matches` in an expression."""
    return sum(_cost(tokens, index) for index, token in enumerate(tokens) if _calls_matches(tokens, index, token))


def _calls_matches(tokens: list[Token], index: int, token: Token) -> bool:
    return token.text == "matches" and index + 1 < len(tokens) and tokens[index + 1].text == "("


def _cost(tokens: list[Token], index: int) -> int:
    written = tokens[index + 2 : index + 4]
    if index == 0 or tokens[index - 1].text != "." or len(written) < 2 or written[1].text != ")":
        return _UNKNOWN
    if written[0].kind not in ("text", "raw"):
        return _UNKNOWN
    pattern = written[0].text
    repeats = 1
    for found in _REPEAT.finditer(pattern):
        repeats = min(repeats * max(1, int(found[2] or found[1])), _MOST)
    return (_CHARACTER * len(pattern) + _CLASS * len(_CLASSES.findall(pattern))) * repeats
