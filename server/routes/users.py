"""All accounts, for administrators."""

from __future__ import annotations

from aiohttp import web

from server.account_documents import NewUser, UserDocument, user_json
from server.api_models import PageQuery
from server.audit_trail import changed
from server.keys import ACCOUNTS
from server.requests import body, json_response, page_response, query
from server.routing import Route

MAX_BYTES = 10_000


async def list_users(request: web.Request) -> web.StreamResponse:
    """All accounts, newest first."""
    wanted = query(request, PageQuery)
    page = await request.app[ACCOUNTS].page(limit=wanted.limit, cursor=wanted.cursor)
    return page_response(page, user_json, request)


async def add_user(request: web.Request) -> web.StreamResponse:
    """Make an account for somebody, also while registration is closed."""
    given = await body(request, NewUser, MAX_BYTES)
    user = await request.app[ACCOUNTS].create(given.email, given.password, given.role)
    changed(request, user.id, after=user_json(user))
    return json_response(user_json(user), status=201)


routes = [
    Route(
        "GET",
        "/api/users",
        list_users,
        admin=True,
        summary="List accounts",
        query=PageQuery,
        response=list[UserDocument],
        tags=("accounts",),
    ),
    Route(
        "POST",
        "/api/users",
        add_user,
        audit="user.create",
        admin=True,
        summary="Make an account for somebody",
        body=NewUser,
        response=UserDocument,
        status=201,
        tags=("accounts",),
    ),
]
