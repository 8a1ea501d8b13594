"""The web application: routes from one table, put together but not running; serve it with `server.deadlines.Runner`."""

from __future__ import annotations

import importlib
from typing import Final

from aiohttp import web

from server.arrival import Arrival, Step
from server.audit_trail import Trail
from server.auth import Authenticator
from server.captures import Captures
from server.compose import Parts
from server.guard import Guard
from server.hooks.secrets import HookSecrets
from server.keys import (
    ACCOUNTS,
    API_KEYS,
    ARRIVAL,
    BUS,
    CAPTURES,
    CONNECTING,
    ENGINE,
    HOOK_ADDRESSES,
    HOOK_SECRETS,
    INVITATIONS,
    KEEPER,
    LIMITER,
    LINKS,
    METRICS,
    POLICIES,
    PROXIES,
    QUEUE,
    QUOTAS,
    REGISTRY,
    SESSIONS,
    SETTINGS,
    STORE,
    TELEMETRY,
    TENANTS,
    TOKENS,
    USAGES,
)
from server.lifetime import Lifetime
from server.proxies import Proxies
from server.routing import Handler, Opened, Route

MODULES: Final = (
    "about",
    "answers",
    "audit",
    "auth",
    "docs",
    "events",
    "execute",
    "health",
    "hook_addresses",
    "hooks",
    "invitations",
    "jobs",
    "keys",
    "links",
    "me",
    "members",
    "metrics",
    "policies",
    "practice",
    "runs",
    "schedules",
    "secrets",
    "stats",
    "steps",
    "trials",
    "users",
    "validate",
    "versions",
    "workers",
    "workflows",
    "workspaces",
)
"""The modules of server/routes, by name: one of them describes all of them."""


async def _nothing_more() -> None:
    return None


def create_app(parts: Parts, *, patient: bool = False, introduce: Step = _nothing_more) -> web.Application:
    """The application over these parts; starting and stopping it starts and stops them.

    A `patient` one starts without a store that other processes share, too, and says 503 until it has come. `introduce`
    is the last thing it does before it takes requests; it may be called again.
    """
    app = web.Application()
    lifetime = Lifetime(parts, introduce, patient=patient and not parts.store.exclusive)
    app[SETTINGS] = parts.settings
    app[STORE] = parts.store
    app[REGISTRY] = parts.registry
    app[BUS] = parts.bus
    app[ENGINE] = parts.engine
    app[ARRIVAL] = lifetime.arrival
    app[QUEUE] = parts.queue
    app[CAPTURES] = Captures(parts.store)
    app[KEEPER] = parts.keeper
    app[CONNECTING] = parts.connecting
    app[HOOK_ADDRESSES] = parts.hook_addresses
    app[HOOK_SECRETS] = HookSecrets(parts.keeper)
    app[USAGES] = parts.usages
    app[ACCOUNTS] = parts.accounts
    app[TOKENS] = parts.tokens
    app[METRICS] = parts.metrics
    app[TELEMETRY] = parts.telemetry
    app[LINKS] = parts.links
    app[API_KEYS] = parts.api_keys
    app[SESSIONS] = parts.sessions
    app[INVITATIONS] = parts.invitations
    app[TENANTS] = parts.tenants
    app[LIMITER] = parts.limiter
    app[POLICIES] = parts.policies
    app[QUOTAS] = parts.quotas
    app[PROXIES] = Proxies(parts.settings.trusted_proxies, parts.settings.proxy_header)
    authenticator = Authenticator(parts.tokens, parts.accounts, parts.api_keys, parts.sessions)
    add_routes(app, all_routes(), Guard(authenticator, parts.tenants, Trail(parts.store.audit), parts.limiter))
    app.cleanup_ctx.append(lifetime)
    app.on_shutdown.append(lifetime.drain)
    app.on_shutdown.append(_stop_captures)
    return app


async def _stop_captures(app: web.Application) -> None:
    await app[CAPTURES].stop()


def all_routes() -> list[Route]:
    """Every endpoint."""
    return [route for name in MODULES for route in importlib.import_module(f"server.routes.{name}").routes]


def held_back(handler: Handler, arrival: Arrival) -> Handler:
    """The handler, once everything it needs is there."""

    async def later(request: web.Request) -> web.StreamResponse:
        trouble = arrival.trouble
        if trouble is not None:
            raise trouble
        return await handler(request)

    return later


def _opened(handler: Handler, locked: Handler, opened: Opened) -> Handler:
    async def either(request: web.Request) -> web.StreamResponse:
        return await (handler if opened(request) else locked)(request)

    return either


def add_routes(app: web.Application, routes: list[Route], guard: Guard) -> None:
    """Register every endpoint behind its lock, and behind a store that may be late."""
    arrival = app[ARRIVAL]
    for route in routes:
        handler = guard.locked(route)
        if route.opened is not None:
            handler = _opened(route.handler, handler, route.opened)
        if arrival.patient and not route.early:
            handler = held_back(handler, arrival)
        app.router.add_route(route.method, route.path, handler)
