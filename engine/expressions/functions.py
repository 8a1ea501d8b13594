"""Functions the CEL library lacks, under the names other CEL implementations use.

They may not raise into the library, which would write to standard error: what goes wrong is kept and raised after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

MAX_TEXT: Final = 1_000_000

NATIVE: Final = frozenset(
    {"size", "contains", "startsWith", "endsWith", "matches", "int", "uint", "double", "string", "bytes", "timestamp"}
    | {"duration", "type", "dyn", "has", "getFullYear", "getMonth", "getDate", "getDayOfMonth", "getDayOfYear"}
    | {"getDayOfWeek", "getHours", "getMinutes", "getSeconds", "getMilliseconds"}
)
"""What the library knows, comprehensions aside."""


class Wrong(Exception):
    """The arguments do not fit."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong("works on a text")
    return value


def _items(values: tuple[Any, ...]) -> list[Any]:
    found = list(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)
    if not found:
        raise Wrong("needs at least one value")
    if all(isinstance(item, int | float) and not isinstance(item, bool) for item in found):
        return found
    if all(isinstance(item, str) for item in found):
        return found
    raise Wrong("works on numbers, or on texts")


def _sum(*values: Any) -> int | float:
    found = _items(values) if values and values != ([],) else []
    if any(isinstance(item, str) for item in found):
        raise Wrong("works on numbers")
    total = math.fsum(found) if any(isinstance(item, float) for item in found) else sum(found)
    if isinstance(total, int) and not -(1 << 63) <= total < (1 << 63):
        raise Wrong("the sum does not fit 64 bits")
    return total


def _split(value: Any, separator: Any) -> list[str]:
    return _text(value).split(_text(separator)) if separator else list(_text(value))


def _join(value: Any, separator: Any = "") -> str:
    if not isinstance(value, list):
        raise Wrong("works on a list of texts")
    parts = [_text(item) for item in value]
    if sum(map(len, parts)) + len(parts) * len(_text(separator)) > MAX_TEXT:
        raise Wrong(f"would make a text longer than {MAX_TEXT:,} characters")
    return _text(separator).join(parts)


ADDED: Final[Mapping[str, Callable[..., Any]]] = {
    "lowerAscii": lambda value: _text(value).lower(),
    "upperAscii": lambda value: _text(value).upper(),
    "trim": lambda value: _text(value).strip(),
    "split": _split,
    "join": _join,
    "min": lambda *values: min(_items(values)),
    "max": lambda *values: max(_items(values)),
    "sum": _sum,
}
"""Ours by name."""


def guarded(name: str, faults: list[str]) -> Callable[..., Any]:
    """The function, putting what goes wrong into `faults` instead of raising it."""
    function = ADDED[name]

    def call(*args: Any) -> Any:
        try:
            return function(*args)
        except Wrong as error:
            faults.append(f"{name} {error}")
        except TypeError:
            faults.append(f"{name} takes other arguments than these {len(args)}")
        return None

    return call
