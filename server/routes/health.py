"""Is it alive, and is it ready for work? For people, load balancers and service managers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from aiohttp import web

from engine.engine import Engine
from engine.errors import FlowDeskError, Unavailable
from engine.events import LocalBus
from engine.models.base import Document
from engine.store import Health, Store
from server.fleet import living
from server.keys import ARRIVAL, BUS, ENGINE, QUEUE, SETTINGS, STORE
from server.requests import json_response
from server.routing import Route
from server.settings import Settings

if TYPE_CHECKING:
    from server.queues.taskiq_queue import TaskiqQueue


class Alive(Document):
    """The process answers."""

    status: Literal["ok"]
    """Always `ok`."""
    version: str
    """Its FlowDesk."""


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


class QueueState(Document):
    """How workers are told about runs."""

    state: Literal["off", "ok", "degraded"]
    """`off` where no worker is told anything; `degraded` when Redis does not answer: workers look for themselves."""
    error: str | None = None
    """What is wrong with it."""


class BusState(Document):
    """How live events come from other processes."""

    state: Literal["off", "ok", "degraded"]
    """`off` without Redis; `degraded` when it does not answer: streams look into the store once a second."""
    error: str | None = None
    """What is wrong with it."""


class Ready(Document):
    """Whether new work is taken."""

    status: Literal["ok", "unavailable"]
    """`ok` with 200, `unavailable` with 503."""
    version: str
    """The server's FlowDesk."""
    store: StoreState
    """How the store is."""
    engine: EngineState
    """How much work there is."""
    scheduler: Literal["on", "off"]
    """Whether this server starts the runs of schedules."""
    queue: QueueState
    """How workers are told about runs."""
    bus: BusState
    """How live events come from other processes."""
    workers: int | None
    """How many worker processes live; null when the store cannot say."""


async def alive(request: web.Request) -> web.StreamResponse:
    """The process answers; nothing else is looked at."""
    return json_response({"status": "ok", "version": request.app[ENGINE].info["version"]})


async def ready(request: web.Request) -> web.StreamResponse:
    """Whether new work is taken: the store can be written and the server is not stopping."""
    queue, bus = request.app[QUEUE], request.app[BUS]
    health, _ = await asyncio.gather(request.app[STORE].health(), _look(queue, bus))
    trouble = request.app[ARRIVAL].trouble
    if trouble is not None:
        health = Health(False, health.backend, {"error": trouble.message})
    stats = request.app[ENGINE].stats()
    document = {
        "status": "ok" if health.ok else "unavailable",
        "version": request.app[ENGINE].info["version"],
        "store": {"ok": health.ok, "backend": health.backend, "error": health.detail.get("error")},
        "engine": {
            "running": stats["running"],
            "queued": stats["queued"],
            "sweeper": "ok" if stats["sweeper"] == "ok" else "failing",
        },
        "scheduler": "on" if request.app[SETTINGS].start_scheduler else "off",
        "queue": queue_state(queue),
        "bus": bus_state(request.app[SETTINGS], bus),
        "workers": await workers(request.app[STORE], request.app[ENGINE]) if health.ok else None,
    }
    if health.ok:
        return json_response(document)
    return json_response(document, 503, {"Retry-After": str(Unavailable.retry_after_s)})


async def _look(queue: TaskiqQueue | None, bus: LocalBus) -> None:
    """Find out how Redis is; who has sent nothing for a while does not know."""
    await bus.look()
    if queue is not None:
        await queue.look()


def queue_state(queue: TaskiqQueue | None) -> dict[str, Any]:
    """How the queue is."""
    if queue is None:
        return {"state": "off", "error": None}
    stats = queue.stats()
    return {"state": "degraded" if stats["degraded"] else "ok", "error": stats["error"]}


def bus_state(settings: Settings, bus: LocalBus) -> dict[str, Any]:
    """How the bus is."""
    if settings.redis_url is None:
        return {"state": "off", "error": None}
    stats = bus.stats()
    return {"state": "degraded" if stats["degraded"] else "ok", "error": stats["error"]}


async def workers(store: Store, engine: Engine) -> int | None:
    """How many worker processes live; None when the store cannot say."""
    if store.exclusive:
        return 0
    try:
        processes = await store.upkeep.processes()
    except FlowDeskError:
        return None
    return len([member for member in living(processes, engine.clock()) if member.says("role") == "worker"])


routes = [
    Route(
        "GET",
        "/healthz",
        alive,
        public=True,
        early=True,
        summary="The process answers",
        response=Alive,
        tags=("health",),
    ),
    Route(
        "GET",
        "/readyz",
        ready,
        public=True,
        early=True,
        summary="New work is taken",
        response=Ready,
        also={503: Ready},
        tags=("health",),
    ),
]
