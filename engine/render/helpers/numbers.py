"""Helpers for numbers."""

from __future__ import annotations

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from engine.render.helpers.base import HelperError, Helpers, int_arg, kind_of, number_arg

helpers = Helpers("Numbers")

Number = int | float

_NUMBER: Final = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?")
_MAX_DIGITS: Final = 40
_TRUE: Final = frozenset({"true", "yes", "on", "1"})
_FALSE: Final = frozenset({"false", "no", "off", "0", ""})


@helpers.add("number", "any", example="{{data.price | number}}", data={"price": "12.50"}, output=12.5)
def number(value: Any) -> Number:
    """The number a text holds; a number stays as it is, true and false become 1 and 0."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        raise HelperError(f"cannot make a number of {kind_of(value)}")
    written = value.strip()
    if len(written) > _MAX_DIGITS or not _NUMBER.fullmatch(written):
        raise HelperError(f"{value[:40]!r} is not a number")
    try:
        return _fitting(int(written))
    except ValueError:
        return _fitting(float(written))


@helpers.add("int", "any", example="{{data.price | int}}", data={"price": "12.90"}, output=12)
def whole(value: Any) -> int:
    """The number without what follows the decimal point."""
    return _whole(number(value))


@helpers.add("bool", "any", nulls=True, example="{{data.wanted | bool}}", data={"wanted": "yes"}, output=True)
def boolean(value: Any) -> bool:
    """True or false of the texts true, yes, on, 1 and false, no, off, 0; of numbers whether they differ from 0."""
    if isinstance(value, str):
        lowered = value.strip().lower()
        if lowered not in _TRUE | _FALSE:
            raise HelperError(f"{value[:40]!r} is neither true nor false")
        return lowered in _TRUE
    if value is None or isinstance(value, bool | int | float):
        return bool(value)
    raise HelperError(f"cannot make true or false of {kind_of(value)}")


@helpers.add(
    "round", "number", int_arg, optional=1, example="{{data.price | round 1}}", data={"price": 2.25}, output=2.3
)
def round_half_up(value: Number, digits: int = 0) -> Number:
    """To this many decimals, or to a whole number; a half goes away from zero, as people round."""
    if not 0 <= digits <= 15:
        raise HelperError("rounds to 0 to 15 decimals")
    if isinstance(value, int) or not math.isfinite(value) or abs(value) >= 1e15:
        return value
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return float(rounded) if digits else int(rounded)


@helpers.add("plus", "number", number_arg, example="{{data.count | plus 1}}", data={"count": 41}, output=42)
def plus(value: Number, other: Number) -> Number:
    """The sum with the argument."""
    return _fitting(value + other)


@helpers.add("minus", "number", number_arg, example="{{data.count | minus 1}}", data={"count": 43}, output=42)
def minus(value: Number, other: Number) -> Number:
    """The value less the argument."""
    return _fitting(value - other)


@helpers.add("times", "number", number_arg, example="{{data.seconds | times 1000}}", data={"seconds": 5}, output=5000)
def times(value: Number, other: Number) -> Number:
    """The product with the argument."""
    return _fitting(value * other)


@helpers.add("over", "number", number_arg, example="{{data.cents | over 100}}", data={"cents": 1250}, output=12.5)
def over(value: Number, other: Number) -> Number:
    """The value divided by the argument; a whole result is a whole number."""
    if other == 0:
        raise HelperError("division by zero")
    if isinstance(value, int) and isinstance(other, int) and value % other == 0:
        return _fitting(value // other)
    return _fitting(value / other)


def _whole(value: Number) -> int:
    if not math.isfinite(value):
        raise HelperError("not a finite number")
    return int(_fitting(int(value)))


def _fitting(value: Number) -> Number:
    """A number every store can keep."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise HelperError("the number is too large")
    elif not -(1 << 63) <= value < (1 << 63):
        raise HelperError("the whole number does not fit 64 bits")
    return value
