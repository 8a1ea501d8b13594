"""Cursors of lists: the sort key of the last item shown, in a form nobody is tempted to build by hand."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from engine.errors import BadJson, Invalid
from engine.jsonio import dumps, parse_json


def encode(*key: int | str) -> str:
    """The cursor for going on after the item with this sort key."""
    return base64.urlsafe_b64encode(dumps(key)).rstrip(b"=").decode()


def decode(cursor: str, *kinds: type) -> list[Any]:
    """The sort key a cursor stands for, one value of each of these types; Invalid when it is not one of ours."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        key = parse_json(raw)
    except (ValueError, binascii.Error, BadJson):
        raise _unknown() from None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds):
        raise _unknown()
    return key


def decode_place(cursor: str) -> int:
    """The place in the feed a cursor stands for; Invalid when it is not a number of ours."""
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 18):
        raise _unknown()
    return int(cursor)


def _unknown() -> Invalid:
    return Invalid("this cursor is not one of ours", code="bad_cursor", hint="use a cursor exactly as it was given")
