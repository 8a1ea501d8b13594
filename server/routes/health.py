"""Is it alive, and is it ready for work? For people, load balancers and service managers."""

from __future__ import annotations

from typing import Literal

from aiohttp import web

from engine.models.base import Document
from server.keys import ENGINE, SETTINGS, STORE
from server.requests import json_response
from server.routing import Route


class Alive(Document):
    """The process answers."""

    status: Literal["ok"]
    """Always `ok`."""


class StoreState(Document):
    """How the store is."""

    ok: bool
    """Whether what is written now is durable."""
    backend: str
    """Which kind of store it is."""
    error: str | None = None
    """What is wrong with it."""


class EngineState(Document):
    """How much work there is."""

    running: int
    """Runs that execute now."""
    queued: int
    """Runs that wait for room."""
    sweeper: Literal["ok", "failing"]
    """Whether due retries and abandoned runs are taken up."""


class Ready(Document):
    """Whether new work is taken."""

    status: Literal["ok", "unavailable"]
    """`ok` with 200, `unavailable` with 503."""
    store: StoreState
    """How the store is."""
    engine: EngineState
    """How much work there is."""
    scheduler: Literal["on", "off"]
    """Whether this server starts the runs of schedules."""


async def alive(request: web.Request) -> web.StreamResponse:
    """The process answers; nothing else is looked at."""
    return json_response({"status": "ok"})


async def ready(request: web.Request) -> web.StreamResponse:
    """Whether new work is taken: the store can be written and the server is not stopping."""
    health = await request.app[STORE].health()
    stats = request.app[ENGINE].stats()
    document = {
        "status": "ok" if health.ok else "unavailable",
        "store": {"ok": health.ok, "backend": health.backend, "error": health.detail.get("error")},
        "engine": {
            "running": stats["running"],
            "queued": stats["queued"],
            "sweeper": "ok" if stats["sweeper"] == "ok" else "failing",
        },
        "scheduler": "on" if request.app[SETTINGS].start_scheduler else "off",
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
