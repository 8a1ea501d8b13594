"""Finds the comprehensions of an expression: `orders.filter(o, o.total > 100).map(o, o.id)`.

Only those on the outside are reported; what stands in their receiver and arguments is split when it is compiled itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from engine.expressions.lexer import Token

MACROS: Final = {"all": (2,), "exists": (2,), "exists_one": (2,), "existsOne": (2,), "filter": (2,), "map": (2, 3)}
"""How many arguments each takes, the variable included."""

_OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_CLOSING: Final = frozenset(_OPENING.values())
_KEYWORDS: Final = frozenset({"in", "true", "false", "null"})

Span = tuple[int, int]
"""From the first character to the one after the last."""


class BadForm(Exception):
    """A comprehension with the wrong arguments; `offset` says where."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


@dataclass(slots=True, frozen=True)
class Macro:
    """One comprehension, by the places of its parts in the source."""

    kind: str
    span: Span
    receiver: Span
    variable: str
    arguments: tuple[Span, ...]


def macros_of(tokens: list[Token]) -> list[Macro]:
    """The outermost comprehensions, in order; raises BadForm."""
    partner = _partners(tokens)
    found = [_macro(tokens, partner, index) for index in range(len(tokens)) if _is_macro(tokens, index)]
    return [macro for macro in found if not any(_inside(macro.span, other.span) for other in found)]


def _inside(span: Span, other: Span) -> bool:
    return span != other and other[0] <= span[0] and span[1] <= other[1]


def _is_macro(tokens: list[Token], index: int) -> bool:
    return (
        tokens[index].text in MACROS
        and 0 < index < len(tokens) - 1
        and tokens[index - 1].text == "."
        and tokens[index + 1].text == "("
    )


def _partners(tokens: list[Token]) -> dict[int, int]:
    """Each bracket's other half, both ways."""
    partner: dict[int, int] = {}
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind != "sign":
            continue
        if token.text in _OPENING:
            stack.append(index)
        elif token.text in _CLOSING and stack:
            opening = stack.pop()
            partner[opening], partner[index] = index, opening
    return partner


def _macro(tokens: list[Token], partner: dict[int, int], index: int) -> Macro:
    kind = tokens[index].text
    opening = index + 1
    closing = partner[opening]
    variable, *arguments = _arguments(tokens, partner, opening, closing)
    if 1 + len(arguments) not in MACROS[kind]:
        raise BadForm(
            f"{kind} takes a name and an expression, as in items.{kind}(x, x.total > 0)", tokens[index].offset
        )
    if variable[1] - variable[0] != 1 or tokens[variable[0]].kind != "name" or tokens[variable[0]].text in _KEYWORDS:
        raise BadForm(f"the first argument of {kind} is a name of your own, such as x", tokens[index].offset)
    first = _receiver(tokens, partner, index - 1)
    return Macro(
        kind,
        (tokens[first].offset, tokens[closing].end),
        _span(tokens, first, index - 1),
        tokens[variable[0]].text,
        tuple(_span(tokens, start, end) for start, end in arguments),
    )


def _arguments(tokens: list[Token], partner: dict[int, int], opening: int, closing: int) -> list[Span]:
    """The arguments as ranges of tokens."""
    parts: list[Span] = []
    start = index = opening + 1
    while index < closing:
        if tokens[index].text == "," and tokens[index].kind == "sign":
            parts.append((start, index))
            start = index + 1
        index = partner[index] + 1 if tokens[index].kind == "sign" and tokens[index].text in _OPENING else index + 1
    parts.append((start, closing))
    return parts


def _span(tokens: list[Token], start: int, end: int) -> Span:
    if start >= end:
        raise BadForm("something is missing here", tokens[start].offset)
    return tokens[start].offset, tokens[end - 1].end


def _receiver(tokens: list[Token], partner: dict[int, int], dot: int) -> int:
    """The first token of what stands before this dot."""
    index = dot - 1
    while True:
        token = tokens[index]
        if token.kind == "sign" and token.text in _CLOSING:
            index = partner[index]
            called = token.text == ")" and _is_name(tokens, index - 1)
            indexed = token.text == "]" and _ends_operand(tokens, index - 1)
            if called or indexed:
                index -= 1
                continue
            return index
        if token.kind == "name" and index > 0 and tokens[index - 1].text == "." and _ends_operand(tokens, index - 2):
            index -= 2
            continue
        return index


def _is_name(tokens: list[Token], index: int) -> bool:
    return index >= 0 and tokens[index].kind == "name" and tokens[index].text not in _KEYWORDS


def _ends_operand(tokens: list[Token], index: int) -> bool:
    if index < 0:
        return False
    token = tokens[index]
    if token.kind == "sign":
        return token.text in _CLOSING
    return token.kind != "name" or token.text != "in"
