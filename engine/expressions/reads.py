"""The paths an expression reads. Comprehensions have been taken out before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from engine.expressions.lexer import Token

_KEYWORDS: Final = frozenset({"true", "false", "null", "in"})
_END: Final = Token("sign", "", 0)

Names = tuple[str | int, ...]


class Need(IntEnum):
    """How much of a value an expression looks at."""

    PRESENCE = 1
    COUNT = 2
    WHOLE = 3


@dataclass(slots=True, frozen=True)
class Chain:
    """A path that is read, such as `data.items[0].name`, and where it stands."""

    names: Names
    need: Need
    offset: int

    def __str__(self) -> str:
        return path_text(self.names)


def chains_of(tokens: list[Token]) -> list[Chain]:
    """All paths, in order."""
    words = _Words(tokens)
    return [
        words.chain(index)
        for index, token in enumerate(tokens)
        if token.kind == "name"
        and token.text not in _KEYWORDS
        and words.text(index - 1) != "."
        and words.text(index + 1) != "("
    ]


def lone_chain(tokens: list[Token]) -> Names | None:
    """The path, when the expression is nothing else."""
    if not tokens or tokens[0].kind != "name" or tokens[0].text in _KEYWORDS or (tokens[1:2] and tokens[1].text == "("):
        return None
    names, end = _Words(tokens).path(0)
    return names if end == len(tokens) else None


def path_at(tokens: list[Token], index: int) -> tuple[Names, int]:
    """The path that starts at this token, and the index after it."""
    return _Words(tokens).path(index)


def path_text(names: Names) -> str:
    """The path as an expression writes it."""
    text = str(names[0])
    for name in names[1:]:
        if isinstance(name, int):
            text += f"[{name}]"
        else:
            text += f".{name}" if name.isidentifier() and name.isascii() else f'["{name}"]'
    return text


class _Words:
    """Tokens that can be asked beyond both ends."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens

    def at(self, index: int) -> Token:
        """The token there, or an empty one."""
        return self.tokens[index] if 0 <= index < len(self.tokens) else _END

    def text(self, index: int) -> str:
        """Its text."""
        return self.at(index).text

    def path(self, index: int) -> tuple[Names, int]:
        """The path that starts here, and the index after it."""
        names: list[str | int] = [self.text(index)]
        index += 1
        while True:
            if self.text(index) == "." and self.at(index + 1).kind == "name" and self.text(index + 2) != "(":
                names.append(self.text(index + 1))
                index += 2
            elif self.text(index) == "[" and self.text(index + 2) == "]" and (key := self._key(index + 1)) is not None:
                names.append(key)
                index += 3
            else:
                return tuple(names), index

    def chain(self, start: int) -> Chain:
        """The path that starts here, and how much of its value is needed."""
        names, end = self.path(start)
        return Chain(names, self._need(start, end), self.tokens[start].offset)

    def _key(self, index: int) -> str | int | None:
        token = self.at(index)
        if token.kind == "number" and token.text.isdigit() and len(token.text) < 10:
            return int(token.text)
        return token.plain

    def _need(self, start: int, end: int) -> Need:
        if self.text(start - 1) == "(" and self.text(end) == ")" and self.text(start - 3) != ".":
            if self.text(start - 2) == "has":
                return Need.PRESENCE
            if self.text(start - 2) == "size":
                return Need.COUNT
        if [self.text(end + step) for step in range(4)] == [".", "size", "(", ")"]:
            return Need.COUNT
        return Need.WHOLE
