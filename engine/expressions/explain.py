"""What the CEL library complains about, in words that help."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.errors import Problem
from engine.expressions.functions import ADDED, NATIVE
from engine.expressions.projection import follow
from engine.expressions.reads import Chain, Names, path_text
from engine.render.helpers.base import kind_of
from engine.render.template import place_of

ROOTS: Final = ("data", "steps", "trigger", "run", "workflow")
"""What every condition can read."""

_PARSE: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_UNDEFINED: Final = re.compile(r"Undefined variable or function: '([^']*)'")
_FUNCTION: Final = re.compile(r"Function '([^']*)' error: (.*?)(?:\. Check function arguments.*)?$", re.DOTALL)
_REWORDED: Final = (
    (re.compile(r"(?:mismatched|extraneous) input '<EOF>'.*"), "the expression ends too early"),
    (re.compile(r"(?:mismatched|extraneous) input '(.*?)' expecting.*"), r"'\1' is not expected here"),
    (re.compile(r"no viable alternative at input '(.*)'"), r"cannot read '\1'"),
    (re.compile(r"token recognition error at: '(.*)'"), r"cannot read \1"),
)
_MISTAKES: Final = (
    (re.compile(r"\{\{|\}\}"), "an expression has no braces: write data.name"),
    (re.compile(r"===|!=="), "values are compared with == and !="),
    (re.compile(r"(?<![=!<>])=(?!=)"), "values are compared with =="),
    (re.compile(r"\b(?:and|or|not)\b", re.IGNORECASE), "write && for and, || for or, ! for not"),
)
_SHOWN: Final = 4


@dataclass(slots=True, frozen=True)
class Explained:
    """A message and what to do about it."""

    message: str
    hint: str | None = None


def parse_problem(source: str, error: BaseException) -> Problem:
    """Why the text is not an expression, and where."""
    found = _PARSE.search(str(error))
    line, column = (int(found[1]), int(found[2])) if found else (1, 1)
    message = found[3] if found else "this is not an expression"
    if source.strip() == "":
        message = "the expression is empty"
    for pattern, words in _REWORDED:
        message = pattern.sub(words, message)
    hint = next((hint for pattern, hint in _MISTAKES if pattern.search(source)), None)
    return bad(message[:300], line, column, hint)


def bad(message: str, line: int, column: int, hint: str | None = None) -> Problem:
    """A `bad_expression` at this place."""
    return Problem("bad_expression", message, hint=hint, line=line, column=column)


def unknown_function(source: str, name: str) -> Problem:
    """A function that does not exist, with the nearest that does."""
    called = re.search(rf"\b{re.escape(name)}\s*\(", source)
    line, column = place_of(source, called.start() if called else 0)
    close = difflib.get_close_matches(name, [*NATIVE, *ADDED], n=1)
    return bad(f"there is no function {name}", line, column, f"did you mean {close[0]}?" if close else None)


def unknown_name(name: str, data: Any = None) -> Explained:
    """A name that is not in the scope."""
    close = difflib.get_close_matches(name, ROOTS, n=1, cutoff=0.7)
    if isinstance(data, Mapping) and name not in data and close:
        return Explained(f"{name} is not known here", f"did you mean {close[0]}?")
    return Explained(f"{name} is not known here", f"use data.{name}: bare names are not keys of data in conditions")


def failure(error: BaseException, chains: list[Chain], scope: Mapping[str, Any]) -> Explained:
    """Why the evaluation stopped."""
    text = str(error)
    broken = [found for chain in chains if (found := _break(chain, scope))]
    if isinstance(error, KeyError):
        return _missing(str(error.args[0]), broken)
    if isinstance(error, IndexError):
        return Explained(f"there is no item {text.rsplit(' ', 1)[-1]} in the list", "ask size(...) first")
    if isinstance(error, ZeroDivisionError):
        return Explained("division by zero")
    if isinstance(error, OverflowError):
        return Explained("a number does not fit 64 bits, or a time its range")
    if undefined := _UNDEFINED.search(text):
        name = undefined[1].lstrip(".")
        if name in NATIVE or name in ADDED:
            return Explained(f"{name}() does not work on these values{_types(chains, scope)}")
        return unknown_name(name, scope.get("data"))
    if isinstance(error, TypeError):
        for names, value, name in broken:
            if not isinstance(value, Mapping):
                path = path_text(names)
                return Explained(f"{path} is {kind_of(value)} and has no {name}", f"ask {path} != null first")
        return Explained(f"the types do not fit{_types(chains, scope)}", "convert with int(x), double(x) or string(x)")
    if function := _FUNCTION.search(text):
        return Explained(f"{function[1]}: {' '.join(function[2].split())[:200]}")
    if isinstance(error, ValueError):
        return Explained("the data holds a value that is not JSON")
    return Explained(f"the expression cannot be worked out: {text.splitlines()[0][:200] if text else 'internal error'}")


def _missing(key: str, broken: list[tuple[Names, Any, str | int]]) -> Explained:
    for names, _, name in broken:
        if str(name) == key:
            whole = path_text((*names, name))
            return Explained(f"{whole} is missing", f"ask has({whole}) first")
    return Explained(f"the key {key!r} is missing", f"ask {key!r} in ... first")


def _break(chain: Chain, scope: Mapping[str, Any]) -> tuple[Names, Any, str | int] | None:
    """Where a path leaves the data: the part that is there, its value, the name that is not."""
    value, count = follow(scope, chain.names)
    if count in (0, len(chain.names)):
        return None
    return chain.names[:count], value, chain.names[count]


def _types(chains: list[Chain], scope: Mapping[str, Any]) -> str:
    """`: data.n is a number, data.name is a text`."""
    told: dict[str, str] = {}
    for chain in chains:
        value, count = follow(scope, chain.names)
        if count == len(chain.names):
            told[str(chain)] = kind_of(value)
    shown = [f"{path} is {kind}" for path, kind in list(told.items())[:_SHOWN]]
    return f": {', '.join(shown)}" if shown else ""
