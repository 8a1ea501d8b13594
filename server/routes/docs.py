"""What this API offers: for machines and for people."""

from __future__ import annotations

from functools import cache
from typing import Any

from aiohttp import web

from engine.jsonio import dumps
from server.description import description
from server.docs_page import POLICY, docs_page
from server.routing import Media, Route


@cache
def _machine_form() -> bytes:
    return dumps(description())


@cache
def _readable_form() -> str:
    return docs_page(description())


async def openapi(request: web.Request) -> web.StreamResponse:
    """The OpenAPI document."""
    return web.Response(body=_machine_form(), content_type="application/json")


async def docs(request: web.Request) -> web.StreamResponse:
    """The readable page."""
    headers = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(text=_readable_form(), content_type="text/html", headers=headers)


_TAGS = ("about",)

routes = [
    Route(
        "GET",
        "/api/openapi.json",
        openapi,
        public=True,
        early=True,
        summary="Read this description as OpenAPI 3.1",
        response=dict[str, Any],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/docs",
        docs,
        public=True,
        early=True,
        summary="Read this description as a page",
        response=Media("text/html"),
        tags=_TAGS,
    ),
]
