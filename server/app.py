"""The web application: routes from one table, put together but not running; serve it with `server.deadlines.Runner`."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import web

from engine.errors import Refused
from engine.models.run import Role, User
from server.auth import Authenticator
from server.compose import Parts
from server.fleet import report
from server.keys import ACCOUNTS, BUS, ENGINE, QUEUE, REGISTRY, SETTINGS, STORE, TOKENS, USER
from server.routing import Handler, Route

MODULES: Final = (
    "auth",
    "docs",
    "events",
    "execute",
    "health",
    "hooks",
    "jobs",
    "me",
    "runs",
    "schedules",
    "steps",
    "users",
    "validate",
    "versions",
    "workers",
    "workflows",
)
"""The modules of server/routes, by name: one of them describes all of them."""

Authenticate = Callable[[web.Request], Awaitable[User]]


def create_app(parts: Parts) -> web.Application:
    """The application over these parts; starting and stopping it starts and stops them."""
    app = web.Application()
    app[SETTINGS] = parts.settings
    app[STORE] = parts.store
    app[REGISTRY] = parts.registry
    app[BUS] = parts.bus
    app[ENGINE] = parts.engine
    app[QUEUE] = parts.queue
    app[ACCOUNTS] = parts.accounts
    app[TOKENS] = parts.tokens
    add_routes(app, all_routes(), Authenticator(parts.tokens, parts.accounts))
    lifetime = Lifetime(parts)
    app.cleanup_ctx.append(lifetime)
    app.on_shutdown.append(lifetime.drain)
    return app


class Lifetime:
    """Opens and closes the parts with the application.

    Work ends before the connections do, so that whoever waits for a run still gets an answer.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._working = AsyncExitStack()

    async def __call__(self, app: web.Application) -> AsyncIterator[None]:
        """Around the life of the application."""
        parts = self._parts
        async with AsyncExitStack() as resources:
            resources.callback(parts.passwords.close)
            if parts.settings.redis_url is not None:
                from server.redis_client import check

                await check(parts.settings.redis_url)
            await parts.store.open()
            resources.push_async_callback(parts.store.close)
            if parts.queue is not None:
                resources.push_async_callback(parts.queue.close)
            parts.bus.start()
            resources.push_async_callback(parts.bus.stop)
            resources.push_async_callback(self._working.aclose)
            self._working.callback(parts.bus.close)
            await parts.engine.start()
            await report(parts.engine, parts.store)
            self._working.push_async_callback(parts.engine.stop, parts.settings.grace_s)
            if parts.scheduler is not None:
                await parts.scheduler.start()
                self._working.push_async_callback(parts.scheduler.stop)
            yield

    async def drain(self, app: web.Application) -> None:
        """Start nothing more, let running steps end, and tell listeners that there is nothing more to hear."""
        await self._working.aclose()


def all_routes() -> list[Route]:
    """Every endpoint."""
    return [route for name in MODULES for route in importlib.import_module(f"server.routes.{name}").routes]


def guarded(route: Route, authenticate: Authenticate) -> Handler:
    """The route's handler behind its lock; a public one is handed back as it is."""
    if route.public:
        return route.handler
    handler = route.handler
    admin = route.admin

    async def locked(request: web.Request) -> web.StreamResponse:
        user = await authenticate(request)
        if admin and user.role is not Role.ADMIN:
            raise Refused("this needs an administrator", code="admin_only")
        request[USER] = user
        return await handler(request)

    return locked


def add_routes(app: web.Application, routes: list[Route], authenticate: Authenticate) -> None:
    """Register every endpoint behind its lock."""
    for route in routes:
        app.router.add_route(route.method, route.path, guarded(route, authenticate))
