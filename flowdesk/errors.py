"""Everything that can go wrong between this program and a server.

FlowDeskError (engine.errors)
└── ClientError
    ├── Unreachable          nothing answered, or no server could be started
    ├── TimedOut             the caller's patience ended first; the run goes on
    ├── NoTerminal           the terminal UI has nothing to draw on
    ├── BadContext           the contexts file or the chosen context is unusable
    ├── BadFile              a workflow file cannot be read; carries its problems with line and column
    ├── BadReply             what answered is not a FlowDesk server
    └── ApiError             the server refused, in its own words (problem+json)
        ├── NotAuthorised    401, 403
        ├── Missing          404
        ├── InConflict       409, 412
        ├── Rejected         the other 4xx: the document or value is wrong
        └── ServerTrouble    5xx and 429
            └── TryLater     429, 503, 507: nothing was accepted
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.errors import FlowDeskError, Problem


class ClientError(FlowDeskError):
    """Something went wrong on the way to the server."""

    code = "client_error"


class Unreachable(ClientError):
    """No server answered."""

    code = "unreachable"


class TimedOut(ClientError):
    """It took longer than you were willing to wait."""

    code = "timed_out"


class NoTerminal(ClientError):
    """The terminal UI has nothing to draw on."""

    code = "no_terminal"


class BadContext(ClientError):
    """The contexts file cannot be used."""

    code = "bad_context"


class BadReply(ClientError):
    """What answered is not a FlowDesk server."""

    code = "bad_reply"


class BadFile(ClientError):
    """The file is not a readable workflow file."""

    code = "bad_file"

    def __init__(self, message: str, problems: list[Problem] | None = None, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems or []


@dataclass(slots=True, frozen=True)
class ProblemReply:
    """What a problem+json body says; absent members are filled in from the HTTP status."""

    status: int
    code: str
    detail: str
    hint: str | None = None
    request_id: str | None = None
    retry_after_s: float | None = None
    problems: list[Problem] = field(default_factory=list)


class ApiError(ClientError):
    """The server refused."""

    code = "api_error"

    def __init__(self, reply: ProblemReply) -> None:
        super().__init__(reply.detail, code=reply.code, hint=reply.hint)
        self.status = reply.status
        self.request_id = reply.request_id
        self.retry_after_s = reply.retry_after_s
        self.problems = reply.problems


class NotAuthorised(ApiError):
    """The server does not know who you are, or you may not do this."""


class Missing(ApiError):
    """The server knows no such thing, or it is not yours."""


class InConflict(ApiError):
    """The thing is not in a state that allows this."""


class Rejected(ApiError):
    """The server does not accept this document or value."""


class ServerTrouble(ApiError):
    """The server failed."""


class TryLater(ServerTrouble):
    """The server cannot take this right now; nothing was accepted."""


def api_error(reply: ProblemReply) -> ApiError:
    """The error that fits the reply's status."""
    return _class_for(reply.status)(reply)


def _class_for(status: int) -> type[ApiError]:
    if status in (401, 403):
        return NotAuthorised
    if status == 404:
        return Missing
    if status in (409, 412):
        return InConflict
    if status in (429, 503, 507):
        return TryLater
    return Rejected if status < 500 else ServerTrouble


def problem_reply(status: int, body: Any, *, request_id: str | None, retry_after: str | None) -> ProblemReply:
    """Read a problem+json body; anything else (a proxy's page, nothing at all) still gives a usable reply."""
    found = body if isinstance(body, dict) else {}
    listed = found.get("problems")
    return ProblemReply(
        status=status,
        code=_text(found.get("code")) or f"http_{status}",
        detail=_text(found.get("detail")) or _text(found.get("title")) or f"the server answered {status}",
        hint=_text(found.get("hint")),
        request_id=_text(found.get("requestId")) or request_id,
        retry_after_s=float(retry_after) if retry_after and retry_after.isdecimal() else None,
        problems=[problem_from(item) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else [],
    )


def problem_from(item: dict[str, Any]) -> Problem:
    """One entry of `problems` as the server sends it."""
    return Problem(
        code=_text(item.get("code")) or "invalid",
        message=_text(item.get("message")) or "is not acceptable",
        step_id=_text(item.get("stepId")),
        field=_text(item.get("field")),
        hint=_text(item.get("hint")),
        line=_whole(item.get("line")),
        column=_whole(item.get("column")),
    )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
