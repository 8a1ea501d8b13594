"""Which server this is, for screens that show it."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from engine.models.base import Document
from server.keys import ENGINE, QUEUE, SETTINGS, STORE
from server.permissions import Standing
from server.requests import json_response
from server.routes.health import queue_state
from server.routing import Route


class ServerDocument(Document):
    """The server that answers."""

    version: str
    """Its FlowDesk."""
    label: str
    """What its operator calls it (`FLOWDESK_LABEL`); empty when it has no name."""
    storage: str
    """Which kind of store keeps everything."""
    queue: Literal["off", "ok", "degraded"]
    """How workers are told about runs: `off` where none is told anything, `degraded` when Redis does not answer."""
    url: str
    """Its address as this request came to it; behind a proxy that hides it, the proxy's."""


async def show(request: web.Request) -> web.StreamResponse:
    """This server."""
    app = request.app
    document = {
        "version": app[ENGINE].info["version"],
        "label": app[SETTINGS].label,
        "storage": (await app[STORE].health()).backend,
        "queue": queue_state(app[QUEUE])["state"],
        "url": str(request.url.origin()),
    }
    return json_response(document)


routes = [
    Route(
        "GET",
        "/api/server",
        show,
        needs=Standing.ANYBODY,
        summary="Which server this is",
        response=ServerDocument,
        tags=("about",),
    ),
]
