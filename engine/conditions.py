"""Conditions and other expressions: CEL, compiled once and evaluated over a run's scope.

CEL has no side effects, no way to reach anything outside its scope, and no loops but comprehensions over what is there.
What the library does not bound is bound here: the expression's length, comprehensions inside each other, and the work.
An evaluation costs some 4 us, and 0.4 us more for each value in the lists and objects it looks at as a whole.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from engine.clock import iso
from engine.errors import Invalid, Problem
from engine.expressions.budget import Budget, Failed
from engine.expressions.explain import bad, parse_problem, unknown_function
from engine.expressions.functions import ADDED, NATIVE
from engine.expressions.library import cel
from engine.expressions.program import Expression, panic
from engine.expressions.split import BadForm
from engine.render.helpers.base import kind_of
from engine.render.template import place_of

MAX_LENGTH: Final = 2000

_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_LARGEST: Final = 1 << 63


def compile_condition(source: str) -> Condition:
    """The expression, ready to evaluate. Raises Invalid with one `bad_expression`, its line and column."""
    if len(source) > MAX_LENGTH:
        raise _invalid(bad(f"the expression is longer than {MAX_LENGTH:,} characters", 1, 1))
    try:
        functions = cel.compile(source).functions()
        condition = Condition(source, Expression(source))
        for name in functions:
            if _NAME.fullmatch(name) and name not in NATIVE and name not in ADDED:
                raise _invalid(unknown_function(source, name))
        return condition
    except BadForm as error:
        raise _invalid(bad(error.message, *place_of(source, error.offset))) from None
    except Invalid:
        raise
    except Exception as error:
        raise _invalid(parse_problem(source, error)) from None
    except BaseException as error:
        raise _invalid(parse_problem(source, panic(error))) from None


class Condition:
    """A compiled expression.

    `lookups` are the paths it reads with the place of the first use of each, comprehensions' own variables left out.
    The first name of a path is a variable of the scope, never a key of `data`.
    """

    __slots__ = ("_expression", "lookups", "source")

    def __init__(self, source: str, expression: Expression) -> None:
        self.source = source
        self.lookups: dict[tuple[str | int, ...], int] = {}
        self._expression = expression
        for chain, offset in expression.reads():
            self.lookups.setdefault(chain.names, offset)

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, counted from 1."""
        return place_of(self.source, offset)

    def value(self, scope: Mapping[str, Any]) -> Any:
        """What the expression comes to, as JSON; raises Invalid with the code `condition_failed`."""
        try:
            found = self._expression.run(scope, Budget())
            return found if found is True or found is False else _json(found)
        except Failed as failed:
            raise _failed(failed) from None

    def test(self, scope: Mapping[str, Any]) -> bool:
        """The same for an expression that must come to true or false."""
        found = self.value(scope)
        if found is True or found is False:
            return found
        message = f"the condition comes to {kind_of(found)}, not to true or false"
        raise _failed(Failed(message, "compare it with something"))


def _invalid(problem: Problem) -> Invalid:
    message = f"line {problem.line}, column {problem.column}: {problem.message}"
    return Invalid(message, [problem], code=problem.code, hint=problem.hint)


def _failed(failed: Failed) -> Invalid:
    problem = Problem("condition_failed", failed.message, hint=failed.hint)
    return Invalid(failed.message, [problem], code=problem.code, hint=failed.hint)


def _json(value: Any) -> Any:
    """CEL's own kinds of values as JSON: moments and lengths of time as text, bytes as base64."""
    if isinstance(value, bool | str) or value is None:
        return value
    if isinstance(value, int):
        if not -_LARGEST <= value < _LARGEST:
            raise Failed("the whole number does not fit 64 bits")
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Failed("the result is not a finite number")
        return value
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(_json(key)).lower(): _json(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_json(part) for part in value]
    return _odd(value)


def _odd(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(math.floor(value.timestamp() * 1000))
    if isinstance(value, timedelta):
        return f"{value.total_seconds():g}s"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise Failed(f"the result is {type(value).__name__}, which is not JSON")
