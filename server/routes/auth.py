"""Coming in and going out: registration, login, refresh, logout."""

from __future__ import annotations

from aiohttp import web

from engine.errors import Conflict
from server.account_documents import Credentials, Leaving, Registration, Renewal, Session
from server.audit_trail import changed
from server.coming_in import DEVICE_HEADER, answer_with, begin, refuse_closed
from server.coming_in import register as make_account
from server.keys import ACCOUNTS, CREDENTIAL, SESSIONS, TOKENS, USER, address_of
from server.permissions import Standing
from server.problems import Unauthenticated
from server.requests import body, json_response, no_content
from server.routing import Route

MAX_BYTES = 10_000


async def register(request: web.Request) -> web.StreamResponse:
    """Make an account and log in to it."""
    refuse_closed(request)
    given = await body(request, Registration, MAX_BYTES)
    user = await make_account(request, given)
    return json_response(await begin(request, user), status=201)


async def login(request: web.Request) -> web.StreamResponse:
    """Exchange e-mail address and password for a token."""
    given = await body(request, Credentials, MAX_BYTES)
    proof = request.headers.get(DEVICE_HEADER, "")
    tokens = request.app[TOKENS]
    user = await request.app[ACCOUNTS].log_in(
        given.email, given.password, address_of(request), lambda email: tokens.device(proof, email) if proof else None
    )
    return json_response(await begin(request, user))


async def refresh(request: web.Request) -> web.StreamResponse:
    """Exchange a refresh token for the next token and the next refresh token."""
    given = await body(request, Renewal, MAX_BYTES)
    session, following = await request.app[SESSIONS].renew(given.refresh_token)
    user = await request.app[ACCOUNTS].by_id(session.user_id)
    if user is None:
        raise Unauthenticated("the refresh token is not valid", code="invalid_token", hint="log in again")
    return json_response(answer_with(request, user, session.id, following))


async def logout(request: web.Request) -> web.StreamResponse:
    """End this session, or all of them."""
    given = await body(request, Leaving, MAX_BYTES, default={})
    user, session = request[USER], request.get(CREDENTIAL)
    if given.everywhere:
        await request.app[SESSIONS].end_all(user.id)
        await request.app[ACCOUNTS].end_tokens(user)
        changed(request, user.id)
        return no_content()
    if session is None:
        raise Conflict(
            "this token belongs to no session", code="no_session", hint='{"everywhere": true} ends every token'
        )
    await request.app[SESSIONS].end(session)
    changed(request, session)
    return no_content()


_TAGS = ("accounts",)

routes = [
    Route(
        "POST",
        "/api/auth/register",
        register,
        public=True,
        audit="user.register",
        summary="Make an account",
        description=(
            "Where `FLOWDESK_REGISTRATION` is `invite` this needs the code of an invitation for this address; an "
            "address that has an account already is refused in the same words as a wrong code."
        ),
        body=Registration,
        response=Session,
        status=201,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/auth/login",
        login,
        public=True,
        audit="session.begin",
        summary="Log in",
        description="Failures slow down further ones (429); the `deviceToken` of an earlier login keeps clear of that.",
        body=Credentials,
        response=Session,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/auth/refresh",
        refresh,
        public=True,
        audit="session.renew",
        summary="Exchange a refresh token for another token",
        description="A refresh token works once. One that comes back later was copied by somebody: its session ends.",
        body=Renewal,
        response=Session,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/auth/logout",
        logout,
        needs=Standing.PERSON,
        audit="session.end",
        summary="Log out",
        body=Leaving,
        status=204,
        tags=_TAGS,
    ),
]
