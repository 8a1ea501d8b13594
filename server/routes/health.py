"""Is it alive, and is it ready for work? For people, load balancers and service managers."""

from __future__ import annotations

from typing import Any, Literal

from aiohttp import web
from pydantic import ConfigDict

from engine.models.base import Document
from server.keys import ENGINE, STORE
from server.requests import json_response
from server.routing import Route


class Alive(Document):
    """The process answers."""

    status: Literal["ok"]
    """Always `ok`."""


class StoreState(Document):
    """How the store is."""

    ok: bool
    """Whether it can be read and written."""
    backend: str
    """Which kind of store it is."""


class Ready(Document):
    """Whether new work is taken."""

    model_config = ConfigDict(extra="allow")

    status: Literal["ok", "unavailable"]
    """`ok` with 200, `unavailable` with 503."""
    store: StoreState
    """How the store is."""
    engine: dict[str, Any]
    """Figures: runs executing and waiting."""


async def alive(request: web.Request) -> web.StreamResponse:
    """The process answers; nothing else is looked at."""
    return json_response({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """Whether new work is taken: the store can be written and the server is not stopping."""
    health = await request.app[STORE].health()
    document = {
        "status": "ok" if health.ok else "unavailable",
        "store": {"ok": health.ok, "backend": health.backend},
        "engine": request.app[ENGINE].stats(),
    }
    return json_response(document, 200 if health.ok else 503)


routes = [
    Route("GET", "/healthz", alive, public=True, summary="The process answers", response=Alive, tags=("health",)),
    Route(
        "GET",
        "/readyz",
        ready,
        public=True,
        summary="New work is taken",
        response=Ready,
        also={503: Ready},
        tags=("health",),
    ),
]
