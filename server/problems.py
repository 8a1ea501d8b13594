"""Every error as one `application/problem+json` document (RFC 9457).

    {"type": "urn:flowdesk:problem:not_found", "title": "Not found", "status": 404, "code": "not_found",
     "detail": "there is no such workflow", "hint": "...", "requestId": "...", "problems": [...]}

`code` is stable; `detail` and `hint` are for people and may change.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from engine.errors import (
    BadJson,
    Conflict,
    FlowDeskError,
    Invalid,
    KeyReused,
    Limited,
    NotFound,
    Problem,
    Refused,
    StoreFull,
    TooLarge,
    Unavailable,
)
from engine.jsonio import dumps
from server.invalid import problems_of
from server.logs import request_id

PROBLEM_JSON: Final = "application/problem+json"
TYPE_PREFIX: Final = "urn:flowdesk:problem:"

log = logging.getLogger("flowdesk.server")


class Unauthenticated(FlowDeskError):
    """This needs a valid token. `challenge` says which kind of proof there is."""

    code = "unauthenticated"
    challenge = "Bearer"


class TooManyRequests(Unavailable):
    """Too many requests; slow down."""

    code = "too_many_requests"

    def __init__(self, message: str | None = None, *, retry_after_s: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class TooSlow(FlowDeskError):
    """The request did not arrive in time."""

    code = "request_timeout"


class UnsupportedMedia(FlowDeskError):
    """The body has a type that is not accepted here."""

    code = "unsupported_media_type"


# The first class that fits decides, so subclasses come before their parents.
_STATUS: Final[tuple[tuple[type[FlowDeskError], int], ...]] = (
    (Unauthenticated, 401),
    (TooManyRequests, 429),
    (Limited, 429),
    (TooSlow, 408),
    (UnsupportedMedia, 415),
    (BadJson, 400),
    (Invalid, 422),
    (TooLarge, 413),
    (NotFound, 404),
    (KeyReused, 422),
    (Conflict, 409),
    (Refused, 403),
    (StoreFull, 507),
    (Unavailable, 503),
)

_HTTP_CODES: Final = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    417: "expectation_failed",
}


def status_of(error: FlowDeskError) -> int:
    """The HTTP status that says what kind of thing happened."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem_json(problem: Problem) -> dict[str, Any]:
    """One entry of `problems`, without what is not known."""
    values = {
        "code": problem.code,
        "message": problem.message,
        "stepId": problem.step_id,
        "field": problem.field,
        "hint": problem.hint,
        "line": problem.line,
        "column": problem.column,
    }
    return {name: value for name, value in values.items() if value is not None}


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str | None = None,
    problems: list[Problem] | None = None,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> web.Response:
    """The answer for one error; `extra` members of the document say more about this kind of problem."""
    document: dict[str, Any] = {
        "type": TYPE_PREFIX + code,
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if hint:
        document["hint"] = hint
    document["requestId"] = request_id()
    if problems:
        document["problems"] = [problem_json(problem) for problem in problems]
    if extra:
        document.update(extra)
    return web.Response(
        status=status,
        body=dumps(document),
        headers={"Content-Type": PROBLEM_JSON, "Cache-Control": "no-store", **(headers or {})},
    )


def answer(error: BaseException) -> web.Response:
    """The answer for whatever was raised; what was not foreseen is logged and says nothing of the inside."""
    if isinstance(error, FlowDeskError):
        return _known(error)
    if isinstance(error, ValidationError):
        return _known(Invalid(problems=problems_of(error)))
    if isinstance(error, web.HTTPException):
        return _from_http(error)
    log.error("unexpected error", exc_info=error)
    return problem_response(
        500,
        "internal",
        "something went wrong inside FlowDesk",
        hint="the server's log has the details under this request id",
    )


def _known(error: FlowDeskError) -> web.Response:
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = error.challenge
    if isinstance(error, Unavailable | Limited):
        headers["Retry-After"] = str(error.retry_after_s)
    if status == 500:
        log.error("unexpected error", exc_info=error)
    problems = error.problems if isinstance(error, Invalid) else None
    return problem_response(status, error.code, error.message, hint=error.hint, problems=problems, headers=headers)


def _from_http(error: web.HTTPException) -> web.Response:
    code = _HTTP_CODES.get(error.status, f"http_{error.status}")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return problem_response(
            405, code, f"{error.method} is not possible here; {allowed} is", headers={"Allow": allowed}
        )
    if isinstance(error, web.HTTPNotFound):
        return problem_response(404, code, "there is nothing at this address", hint="GET /api/openapi.json lists all")
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return problem_response(413, code, "the body is larger than allowed")
    return problem_response(error.status, code, error.reason or HTTPStatus(error.status).phrase)
