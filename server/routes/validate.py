"""Checking a workflow document without keeping it."""

from __future__ import annotations

from aiohttp import web

from server.api_documents import Validation
from server.checking import problems_in
from server.keys import tenant_of
from server.permissions import Standing
from server.problems import problem_json
from server.requests import json_body, json_response
from server.routing import Route
from server.saving import without_server_fields


async def validate(request: web.Request) -> web.StreamResponse:
    """Every problem of the document."""
    document, _ = without_server_fields(await json_body(request))
    draft, problems = await problems_in(document, request.app, tenant_of(request))
    valid = draft is not None and not problems
    return json_response({"valid": valid, "problems": [problem_json(problem) for problem in problems]})


routes = [
    Route(
        "POST",
        "/api/workflows/validate",
        validate,
        needs=Standing.PRESENT,
        audit="",
        summary="Check a workflow without keeping it",
        description="Takes any JSON document and answers 200 with every problem.",
        response=Validation,
        tags=("workflows",),
    )
]
