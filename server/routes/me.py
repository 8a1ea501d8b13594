"""Who am I."""

from __future__ import annotations

from aiohttp import web

from server.account_documents import UserDocument, user_json
from server.keys import USER
from server.requests import json_response
from server.routing import Route


async def me(request: web.Request) -> web.StreamResponse:
    """The account the token belongs to."""
    return json_response(user_json(request[USER]))


routes = [Route("GET", "/api/me", me, summary="Whose token this is", response=UserDocument, tags=("accounts",))]
