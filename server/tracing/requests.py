"""Requests as spans: the trace a caller sends goes on, and runs that are asked for belong to it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import hdrs, web

from engine.tracing import TraceContext, parse
from server.tracing.current import CURRENT
from server.tracing.spans import Spans

HEADER: Final = "traceparent"
UNTOLD: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked every few seconds by machines that watch; spans of them would bury the others."""
OTHER: Final = "_OTHER"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def traced(inner: Handler, spans: Spans) -> Handler:
    """The handler of all requests, each of them with a span."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path in UNTOLD:
            return await inner(request)
        own, parent = _place(request, spans)
        began = time.time_ns()
        token = CURRENT.set(own)
        status: int | None = None
        try:
            response = await inner(request)
            status = response.status
            return response
        except web.HTTPException as error:  # a redirect is raised, not returned
            status = error.status
            raise
        finally:
            CURRENT.reset(token)
            resource = request.match_info.route.resource
            method = request.method if request.method in hdrs.METH_ALL else OTHER
            route = resource.canonical if resource is not None else "(none)"
            spans.request(own, parent, (began, time.time_ns()), method, route, status)

    return handle


def _place(request: web.Request, spans: Spans) -> tuple[TraceContext, str | None]:
    """The request's own span, and the one above it, if there is one."""
    given = request.headers.getall(HEADER, ())
    above = parse(given[0].strip()) if len(given) == 1 else None
    return spans.begin("request", above), None if above is None else above.span_id
