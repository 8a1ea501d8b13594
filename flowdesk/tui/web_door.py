"""Who may come in where the terminal UI is a page: one browser, with the address that was printed, once.

The page gives everything its user may do, so a port of this machine is not enough of a secret: other accounts, and any
web site that the browser shows, can reach it too. Checked for every request, before anything else is looked at:

* the Host header is ours, so a foreign name that was pointed at this machine leads nowhere
* the cookie is the one that the printed address was exchanged for; its token works once
* a WebSocket comes from our own page, by its Origin
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

WEBSOCKET: Final = "/ws"
_ENTERED: Final = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">
<title>FlowDesk</title><p><a href="/">FlowDesk</a></p>
"""


class Door:
    """Lets in who has the token of `address`, and knows them again by a cookie for as long as this process runs."""

    def __init__(self, port: int) -> None:
        self.host = f"127.0.0.1:{port}"
        self.origin = f"http://{self.host}"
        self._cookie = f"flowdesk_{port}"  # a browser sends cookies to every port of a host
        self._session = secrets.token_urlsafe(32)
        self._token: str | None = secrets.token_urlsafe(32)
        self.address = f"{self.origin}/?token={self._token}"
        """What to open; it holds a secret until it was opened."""

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer 403 to everybody else."""
        if request.headers.get("Host") != self.host:
            return _refused(f"this page is {self.origin} and nothing else")
        if _same(request.cookies.get(self._cookie), self._session):
            if request.path == WEBSOCKET and request.headers.get("Origin") != self.origin:
                return _refused("this comes from another page")
            if "token" in request.query:
                raise web.HTTPSeeOther("/")
            return await handler(request)
        if request.path == "/" and request.method == "GET" and _same(request.query.get("token"), self._token):
            return self._enter()
        return _refused("the address works once; flowdesk web prints a new one")

    def _enter(self) -> web.Response:
        # A page and not a redirect: a cookie that is SameSite=Strict would not follow a link from elsewhere.
        self._token = None
        response = web.Response(text=_ENTERED, content_type="text/html")
        response.set_cookie(self._cookie, self._session, path="/", httponly=True, samesite="Strict")
        return response

    async def harden(self, _request: web.Request, response: web.StreamResponse) -> None:
        """For the signal before every answer: nothing from elsewhere is loaded, nothing here is framed or kept."""
        policy = (
            "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
            f"img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws://{self.host}; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
        response.headers["Content-Security-Policy"] = policy
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"


def _same(given: str | None, wanted: str | None) -> bool:
    """Whether both are the same text, told in a time that says nothing about it."""
    if given is None or wanted is None:
        return False
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _refused(why: str) -> web.Response:
    return web.Response(status=403, text=f"{why}\n")
