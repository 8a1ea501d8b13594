"""The one layer around every request: its id, its log line, and a problem document for whatever goes wrong inside.

It stands outside of the router, so it also sees unknown addresses and wrong methods, and there is no other layer: a
webhook pays for this one only.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from server.logs import new_request_id, set_request_id
from server.metrics.meters import Requests
from server.problems import answer
from server.proxies import Proxies
from server.rates.limiter import RATES

Inner = Callable[[web.Request], Awaitable[web.StreamResponse]]

HEADER: Final = "X-Request-Id"
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("flowdesk.http")


class Shell:
    """Calls the application and makes an answer of everything it raises."""

    def __init__(self, inner: Inner, requests: Requests | None = None, proxies: Proxies | None = None) -> None:
        """Answers are counted by `requests`; `proxies` tell whom they were for."""
        self._inner = inner
        self.requests = requests
        self.proxies = proxies or Proxies()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """The answer to one request."""
        request_id = _id_of(request)
        set_request_id(request_id)
        start = time.perf_counter()
        try:
            response = await self._inner(request)
        except Exception as error:
            response = _answer(request, error)
            if self.requests is not None:
                self.requests.refuse(error)
        if not response.prepared:
            response.headers[HEADER] = request_id
            response.headers["Server"] = "FlowDesk"  # and not which versions of what it is made of
            for name, value in request.get(RATES, ()):
                response.headers[name] = value
        seconds = time.perf_counter() - start
        if self.requests is not None:
            self.requests.answer(request, response, seconds)
        status = response.status
        if status >= 400 or log.isEnabledFor(logging.DEBUG):
            _log_access(request, status, seconds, self.proxies.client(request))
        return response


def _id_of(request: web.Request) -> str:
    """The caller's own id when it is harmless, else a new one."""
    given = request.headers.get(HEADER)
    return given if given is not None and _SAFE_ID.fullmatch(given) else new_request_id()


def _answer(request: web.Request, error: Exception) -> web.StreamResponse:
    if isinstance(error, ConnectionError) or (isinstance(error, web.HTTPException) and error.status < 400):
        raise error
    response = answer(error)
    if request.writer.output_size > 0:
        raise ConnectionError("the answer had begun already") from error
    return response


def _log_access(request: web.Request, status: int, seconds: float, client: str) -> None:
    level = logging.DEBUG if status < 400 else logging.INFO if status < 500 else logging.WARNING
    resource = request.match_info.route.resource
    fields = {
        "method": request.method,
        "route": resource.canonical if resource is not None else "(none)",
        "status": status,
        "ms": round(seconds * 1000, 1),
        "remote": client,
    }
    log.log(level, "%s %s %s", request.method, fields["route"], status, extra={"fields": fields})
