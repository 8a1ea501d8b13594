"""Which kinds of steps there are, and where they come from."""

from __future__ import annotations

from aiohttp import web

from engine.errors import NotFound
from server.api_documents import Plugin, StepKind
from server.keys import REGISTRY
from server.permissions import Standing
from server.requests import json_list, json_response
from server.routing import Route
from server.views import plugin_document, step_kind


async def index(request: web.Request) -> web.StreamResponse:
    """Every kind of step with the schema of its parameters."""
    return json_list(request.app[REGISTRY].all(), step_kind)


async def show(request: web.Request) -> web.StreamResponse:
    """One kind of step."""
    ref = request.match_info["ref"]
    registry = request.app[REGISTRY]
    definition = registry.get(ref)
    if definition is None:
        near = registry.nearest(ref)
        raise NotFound("there is no such step", hint=f"did you mean {near}?" if near else None)
    return json_response(step_kind(definition))


async def plugins(request: web.Request) -> web.StreamResponse:
    """Every source of steps, also those that could not be loaded."""
    return json_list(request.app[REGISTRY].plugins, plugin_document)


_TAGS = ("steps",)

routes = [
    Route(
        "GET",
        "/api/steps",
        index,
        needs=Standing.ANYBODY,
        summary="List the kinds of steps",
        response=list[StepKind],
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/steps/{ref}",
        show,
        needs=Standing.ANYBODY,
        summary="Read one kind of step",
        response=StepKind,
        tags=_TAGS,
    ),
    Route(
        "GET",
        "/api/plugins",
        plugins,
        needs=Standing.ANYBODY,
        summary="List where steps come from",
        response=list[Plugin],
        tags=_TAGS,
    ),
]
