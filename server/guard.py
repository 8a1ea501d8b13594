"""The lock before every route: who asks, in which workspace, whether they may, and what the audit log is told."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

from engine.errors import Refused
from engine.models.run import Role
from engine.tenancy import MemberRole
from server.audit_trail import Trail
from server.auth import Authenticator, Identity
from server.keys import CREDENTIAL, PLACE, STILL, USER, Still
from server.permissions import ADMIN_SCOPE, STRICTEST, Permission, Standing
from server.problems import Unauthenticated
from server.rates.limiter import Limiter
from server.routing import Handler, Route
from server.tenants import Place, Tenants

HEADER: Final = "X-FlowDesk-Workspace"


@dataclass(slots=True, frozen=True)
class Guard:
    """Locks routes."""

    authenticate: Authenticator
    tenants: Tenants
    trail: Trail
    limiter: Limiter

    def locked(self, route: Route) -> Handler:
        """The route's handler behind its lock; a public one that the audit log ignores is handed back as it is."""
        action = route.action
        if route.public:
            handler = route.handler if action is None else self._recorded(route.handler, action)
            return self._rated(handler) if route.rated and not route.early else handler
        handler = route.handler if action is None else self._recorded(route.handler, action)

        async def locked(request: web.Request) -> web.StreamResponse:
            await self._let_in(request, route)
            still: Still = partial(self._still, request, route)
            request[STILL] = still
            return await handler(request)

        return locked

    async def _still(self, request: web.Request, route: Route) -> None:
        """Row 62: raises what the request would be refused with if it came now, for answers that take long."""
        identity = await self.authenticate(request)
        if route.admin:
            _demand_admin(identity)
        place, before = await self._place(request, route, identity), request[PLACE]
        if (place.workspace_id, place.everybody) != (before.workspace_id, before.everybody):
            raise Refused("what you may see has changed", code="role_changed", hint="ask again")

    async def _let_in(self, request: web.Request, route: Route) -> None:
        try:
            identity = await self.authenticate(request)
        except Unauthenticated:
            await self.limiter.stranger(request)
            raise
        request[USER] = identity.user
        if identity.credential_id is not None:
            request[CREDENTIAL] = identity.credential_id
        if route.admin:
            _demand_admin(identity)
        place = request[PLACE] = await self._place(request, route, identity)
        await self.limiter.member(
            request, identity.user.id if identity.key is None else identity.key.id, place.workspace_id
        )

    def _rated(self, handler: Handler) -> Handler:
        async def rated(request: web.Request) -> web.StreamResponse:
            await self.limiter.stranger(request)
            return await handler(request)

        return rated

    async def _place(self, request: web.Request, route: Route, identity: Identity) -> Place:
        needs = route.needs or (Standing.ANYBODY if route.admin else STRICTEST)
        if needs is Standing.PERSON and identity.key is not None:
            raise Refused("this needs a login; an API key does not do", code="login_needed", hint="log in")
        if needs is Standing.ANYBODY:
            return _at_home(identity)
        wanted = request.headers.get(HEADER) if route.within is None else request.match_info[route.within]
        place = await self.tenants.place(identity.user, wanted or None, identity.key)
        if isinstance(needs, Permission):
            place.demand(needs)
        return place

    def _recorded(self, handler: Handler, action: str) -> Handler:
        async def recorded(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            if response.status < 400:
                await self.trail.record(request, action)
            return response

        return recorded


def _at_home(identity: Identity) -> Place:
    """Where those routes act that concern no workspace."""
    if identity.key is not None:
        scopes = frozenset(identity.key.about["scopes"])
        return Place(identity.key.workspace_id or "", MemberRole.VIEWER, scopes)
    return Place(identity.user.id, MemberRole.OWNER, everybody=identity.user.role is Role.ADMIN)


def _demand_admin(identity: Identity) -> None:
    if identity.user.role is not Role.ADMIN:
        raise Refused("this needs an administrator", code="admin_only")
    if identity.key is not None and ADMIN_SCOPE not in identity.key.about["scopes"]:
        raise Refused(f"this API key lacks the scope {ADMIN_SCOPE}", code="scope_missing", hint="make another key")
