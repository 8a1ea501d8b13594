"""What pages of other origins are told; pure. Nothing at all unless a webhook names origins, and never with cookies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

MAX_AGE_S: Final = 600
_SENT: Final = ("Content-Type", "Authorization", "Idempotency-Key")
_VARY: Final[Mapping[str, str]] = MappingProxyType({"Vary": "Origin"})
_READ: Final = ("Location", "Retry-After", "X-Request-Id")


def allowed_origin(origins: Collection[str], origin: str | None) -> str | None:
    """What Access-Control-Allow-Origin says; None for a page that may not read the answer."""
    if origin is None:
        return None
    if "*" in origins:
        return "*"
    return origin if origin.lower() in origins else None


def answer_headers(origins: Collection[str], origin: str | None, more: Iterable[str] = ()) -> Mapping[str, str]:
    """For every answer of a webhook that names origins; pages may read `more` headers of it than the usual ones."""
    allowed = None if origin is None else allowed_origin(origins, origin)
    if allowed is None:
        return _VARY
    return {
        **_VARY,
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Expose-Headers": ", ".join((*_READ, *more)),
    }


def preflight_headers(
    origins: Collection[str], origin: str | None, methods: Iterable[str], more: Iterable[str]
) -> Mapping[str, str]:
    """For the question a browser asks before it calls; `more` are headers this webhook reads besides the usual ones."""
    allowed = allowed_origin(origins, origin)
    if allowed is None:
        return _VARY
    return {
        **_VARY,
        "Access-Control-Allow-Origin": allowed,
        "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
        "Access-Control-Allow-Headers": ", ".join(dict.fromkeys((*_SENT, *more))),
        "Access-Control-Max-Age": str(MAX_AGE_S),
    }
