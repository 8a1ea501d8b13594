"""JSON in and out: one strict reader for every input, one fast writer for every output.

What the reader accepts survives a round trip through every store unchanged: no NaN or Infinity, no lone
surrogates, no NUL in keys, integers exactly (beyond 64 bits they are refused, since SQLite and BSON cannot hold
them), nesting of at most `MAX_DEPTH`. Where an object names a key twice the last one counts.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

import orjson

from engine.errors import BadJson

Json = Any  # a recursive alias slows mypy down without finding more

MAX_DEPTH: Final = 100
_LONG_NUMBER: Final = re.compile(rb"\d{19}")


def parse_json(raw: bytes) -> Json:
    """The value these bytes hold.

    Raises BadJson for everything else, with line and column where they are known.
    """
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadJson(
            f"not valid JSON: {error.msg.split(': line')[0]} at line {error.lineno}, column {error.colno}",
            hint="send one JSON value in UTF-8",
        ) from None
    # Only suspicious bytes pay for the walk: many brackets, long digits or an escaped NUL.
    long_number = _LONG_NUMBER.search(raw)
    if long_number:
        value = _parse_exactly(raw)
    if long_number or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH or b"\\u0000" in raw:
        check_json(value)
    return value


def _parse_exactly(raw: bytes) -> Json:
    """orjson reads an integer beyond 64 bits as a float; the standard library keeps it, so that it can be refused."""
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not valid JSON: {error}", code="json_big_integer", hint="send it as text") from None


def check_json(value: Json) -> None:
    """Refuse what a store could not give back unchanged; raises BadJson."""
    stack: list[tuple[Json, int]] = [(value, 1)]
    while stack:
        item, depth = stack.pop()
        if depth > MAX_DEPTH and isinstance(item, dict | list | tuple):
            raise BadJson(f"nested deeper than {MAX_DEPTH} levels", code="json_too_deep", hint="flatten the value")
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str) or "\x00" in key:
                    raise BadJson("an object key holds a NUL character or is not text", code="json_bad_key")
            stack.extend((child, depth + 1) for child in item.values())
        elif isinstance(item, list | tuple):
            stack.extend((child, depth + 1) for child in item)
        else:
            _check_scalar(item)


def _check_scalar(item: Json) -> None:
    if isinstance(item, float) and not math.isfinite(item):
        raise BadJson("NaN and Infinity are not JSON", code="json_not_finite")
    if isinstance(item, int) and not -(1 << 63) <= item < (1 << 63):
        raise BadJson("an integer does not fit 64 bits", code="json_big_integer", hint="send it as text")
    if isinstance(item, str):
        try:
            item.encode()
        except UnicodeEncodeError:
            raise BadJson("a text holds a lone surrogate", code="json_bad_text") from None
    elif item is not None and not isinstance(item, bool | int | float):
        raise BadJson(f"{type(item).__name__} is not a JSON value", code="json_bad_type")


def dumps(value: Json) -> bytes:
    """Compact JSON; raises BadJson for what JSON cannot say."""
    try:
        return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise BadJson(f"cannot be written as JSON: {error}", code="json_bad_type") from None


def dump_text(value: Json, *, pretty: bool = False) -> str:
    """The same as text; `pretty` indents by two for people."""
    option = orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if pretty else 0)
    try:
        return orjson.dumps(value, option=option).decode()
    except TypeError as error:
        raise BadJson(f"cannot be written as JSON: {error}", code="json_bad_type") from None
