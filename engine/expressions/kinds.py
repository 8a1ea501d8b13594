"""What an expression comes to, as far as its words tell without any data.

Only what is certain is said: an expression that may come to true or false is left alone.
"""

from __future__ import annotations

from typing import Final

from engine.expressions.lexer import Token, tokens_of

_OPEN: Final = frozenset("([{")
_CLOSE: Final = frozenset(")]}")
_DECIDING: Final = frozenset({"==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "?", "in"})
_COUNTING: Final = frozenset("+-*/%")
_CALLS: Final = {
    "size": "a number",
    "int": "a number",
    "uint": "a number",
    "double": "a number",
    "string": "a text",
    "timestamp": "a moment",
    "duration": "a length of time",
    "map": "a list",
    "filter": "a list",
}


def never_boolean(source: str) -> str | None:
    """What the expression comes to when that can never be true or false; None when it may be."""
    tokens = _unwrapped(tokens_of(source))
    outer, depth = [], 0
    for token in tokens:
        if token.text in _CLOSE:
            depth -= 1
        if depth == 0:
            outer.append(token)
        if token.text in _OPEN and token.kind == "sign":
            depth += 1
    if not tokens or any(token.text in _DECIDING and token.kind in ("sign", "name") for token in outer):
        return None
    if any(token.text in _COUNTING and token.kind == "sign" for token in outer):
        return "a number, a text or a list"
    return _alone(outer)


def _alone(outer: list[Token]) -> str | None:
    """The kind of a single term: a literal, or what its last call gives."""
    first = outer[0]
    if len(outer) == 1:
        literal = {"text": "a text", "raw": "a text", "number": "a number"}.get(first.kind)
        return literal or ("null" if first.text == "null" else None)
    if len(outer) == 2 and first.text == "[":
        return "a list"
    if len(outer) == 2 and first.text == "{":
        return "an object"
    called = outer[-3] if len(outer) >= 3 and outer[-2].text == "(" and outer[-1].text == ")" else None
    return _CALLS.get(called.text) if called is not None and called.kind == "name" else None


def _unwrapped(tokens: list[Token]) -> list[Token]:
    """The words inside parentheses that enclose everything."""
    while len(tokens) > 2 and tokens[0].text == "(" and _closes_at(tokens) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _closes_at(tokens: list[Token]) -> int:
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "sign":
            depth += (token.text in _OPEN) - (token.text in _CLOSE)
        if depth == 0:
            return index
    return -1
