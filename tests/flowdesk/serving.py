"""Small real servers that misbehave in ways the real one does not, for the client to get along with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from flowdesk.client import Client
from flowdesk.client_http import Limits

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN = "t"
RUN = "01k2zs3v9d8r6w1x0e5f7g8h9j"


@asynccontextmanager
async def serving(
    handler: Handler, *, token: str | None = TOKEN, limits: Limits | None = None
) -> AsyncIterator[Client]:
    """A client of a server that answers everything with this handler."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server, Client(str(server.make_url("")), token, limits=limits) as client:
        yield client


def event(seq: int, kind: str = "step.log", run: str = RUN) -> dict[str, Any]:
    """One event document."""
    return {
        "runId": run,
        "workflowId": "w",
        "seq": seq,
        "at": "2026-11-23T09:12:00.123Z",
        "type": kind,
        "stepId": "a",
        "attempt": 1,
        "data": {"message": str(seq)},
    }


def frame(seq: int, run: str = RUN, *, name: bool = True) -> bytes:
    """The event as the server frames it."""
    head = f"id: {seq}\n" if name else ""
    return f"{head}event: step.log\ndata: {json.dumps(event(seq, run=run))}\n\n".encode()


async def stream(request: web.Request, *chunks: bytes) -> web.StreamResponse:
    """An open event stream with these chunks in it."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for chunk in chunks:
        await response.write(chunk)
    return response
