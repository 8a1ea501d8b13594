"""Keys that make a repeated request the same request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from engine.errors import Invalid, Problem
from server.api_models import MAX_KEY

KEY_HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?\Z")


def key_of(request: web.Request, *headers: str) -> str | None:
    """The key the request carries in the first of these headers it has; Invalid when it is no key."""
    return key_in(request.headers, *headers)


def key_in(headers: Mapping[str, str], *names: str) -> str | None:
    """The same of headers alone."""
    for name in names:
        value = headers.get(name)
        if value is not None:
            if not is_key(value):
                message = f"must be 1 to {MAX_KEY} printable ASCII characters"
                raise Invalid(problems=[Problem("bad_key", message, field=name)], code="bad_idempotency_key")
            return value
    return None


def is_key(text: str) -> bool:
    """Whether a text can be a key."""
    return len(text) <= MAX_KEY and _KEY.match(text) is not None


def once(space: str, key: str | None, raw: bytes) -> tuple[str | None, str | None]:
    """The engine's key and payload hash for this request; each kind of request has keys of its own."""
    return (None, None) if key is None else (f"{space}:{key}", hashlib.sha256(raw).hexdigest())
