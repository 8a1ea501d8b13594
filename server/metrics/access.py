"""Who may read the metrics without an administrator's token."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from server.settings import Settings

_FORWARDED: Final = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")
"""Headers that say that a proxy stands between; behind one every client seems to be on this machine."""


def lets_in(settings: Settings, request: web.Request) -> bool:
    """Whether the request carries the token of the metrics, or comes from this machine where that is enough."""
    return _has_token(settings.metrics_token, request) or (settings.metrics == "loopback" and _is_local(request))


def _has_token(token: str | None, request: web.Request) -> bool:
    given = request.headers.getall(hdrs.AUTHORIZATION, ())
    if token is None or len(given) != 1:
        return False
    scheme, _, value = given[0].partition(" ")
    sent = value.strip().encode("utf-8", "surrogateescape")
    return scheme.lower() == "bearer" and hmac.compare_digest(sent, token.encode())


def _is_local(request: web.Request) -> bool:
    """From this machine, directly, and by its own name: a page in a browser here may ask by the name of another."""
    if any(name in request.headers for name in _FORWARDED) or not _loopback(request.remote or ""):
        return False
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return False
    return host == "localhost" or _loopback(host)


def _loopback(text: str) -> bool:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
