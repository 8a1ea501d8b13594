"""Who am I, and where am I logged in."""

from __future__ import annotations

from aiohttp import web

from server.account_documents import PasswordChange, Session, SessionItem, UserDocument, session_item, user_json
from server.audit_trail import changed
from server.coming_in import begin
from server.keys import ACCOUNTS, CREDENTIAL, SESSIONS, USER, address_of
from server.permissions import Standing
from server.requests import body, json_response, no_content
from server.routing import Route

MAX_BYTES = 10_000


async def me(request: web.Request) -> web.StreamResponse:
    """The account the token belongs to."""
    return json_response(user_json(request[USER]))


async def change_password(request: web.Request) -> web.StreamResponse:
    """Take another password; every other session and token ends."""
    given = await body(request, PasswordChange, MAX_BYTES)
    user = await request.app[ACCOUNTS].change_password(request[USER], given.current, given.new, address_of(request))
    await request.app[SESSIONS].end_all(user.id)
    document = await begin(request, user)
    changed(request, user.id)
    return json_response(document)


async def sessions(request: web.Request) -> web.StreamResponse:
    """Where this account is logged in, newest first."""
    found = await request.app[SESSIONS].of_user(request[USER].id)
    return json_response([session_item(one, current=request.get(CREDENTIAL)) for one in found])


async def end_session(request: web.Request) -> web.StreamResponse:
    """Log out elsewhere."""
    session_id = request.match_info["id"]
    await request.app[SESSIONS].end_one_of(request[USER].id, session_id)
    changed(request, session_id)
    return no_content()


_TAGS = ("accounts",)

routes = [
    Route(
        "GET",
        "/api/me",
        me,
        needs=Standing.ANYBODY,
        summary="Whose token this is",
        response=UserDocument,
        tags=_TAGS,
    ),
    Route(
        "POST",
        "/api/me/password",
        change_password,
        needs=Standing.PERSON,
        audit="user.password",
        summary="Take another password",
        description="Ends every session and token of the account; the answer brings a new one. API keys stay.",
        body=PasswordChange,
        response=Session,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/me/sessions",
        sessions,
        needs=Standing.PERSON,
        summary="List where this account is logged in, newest first",
        response=list[SessionItem],
        tags=_TAGS,
    ),
    Route(
        "DELETE",
        "/api/me/sessions/{id}",
        end_session,
        needs=Standing.PERSON,
        audit="session.end",
        summary="Log out elsewhere",
        status=204,
        tags=_TAGS,
    ),
]
