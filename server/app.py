"""The web application: routes from one table, put together but not running."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable

from aiohttp import web

import server.routes
from engine.errors import Refused
from engine.models.run import Role, User
from server.keys import USER
from server.routing import Handler, Route

Authenticate = Callable[[web.Request], Awaitable[User]]


def all_routes() -> list[Route]:
    """Every endpoint, in the order of the modules under server/routes."""
    names = sorted(module.name for module in pkgutil.iter_modules(server.routes.__path__))
    return [route for name in names for route in importlib.import_module(f"server.routes.{name}").routes]


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
