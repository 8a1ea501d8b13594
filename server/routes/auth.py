"""Coming in: registration and login."""

from __future__ import annotations

from aiohttp import web

from engine.errors import Refused
from server.account_documents import Credentials, Session, session_json
from server.keys import ACCOUNTS, SETTINGS, TOKENS
from server.requests import body, json_response
from server.routing import Route

MAX_BYTES = 10_000


async def register(request: web.Request) -> web.StreamResponse:
    """Make an account and log in to it."""
    if request.app[SETTINGS].registration == "closed":
        raise Refused("registration is closed", code="registration_closed", hint="ask an administrator for an account")
    given = await body(request, Credentials, MAX_BYTES)
    user = await request.app[ACCOUNTS].create(given.email, given.password)
    return json_response(session_json(request.app[TOKENS].issue(user), user), status=201)


async def login(request: web.Request) -> web.StreamResponse:
    """Exchange e-mail address and password for a token."""
    given = await body(request, Credentials, MAX_BYTES)
    user = await request.app[ACCOUNTS].log_in(given.email, given.password, request.remote or "")
    return json_response(session_json(request.app[TOKENS].issue(user), user))


routes = [
    Route(
        "POST",
        "/api/auth/register",
        register,
        public=True,
        summary="Make an account",
        body=Credentials,
        response=Session,
        status=201,
        tags=("accounts",),
    ),
    Route(
        "POST",
        "/api/auth/login",
        login,
        public=True,
        summary="Log in",
        body=Credentials,
        response=Session,
        tags=("accounts",),
    ),
]
