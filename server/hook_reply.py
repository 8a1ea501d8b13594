"""What a caller who waited for a webhook's run gets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from engine.accepting import Outcome
from engine.jsonio import dumps
from engine.models.run import FINISHED, RunRow, RunStatus
from server.problems import problem_response
from server.requests import json_response

RUN_HEADER: Final = "X-Run-Id"
_TOKEN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FRAMING: Final = frozenset(
    {"connection", "content-length", "date", "keep-alive", "server", "te", "trailer", "transfer-encoding", "upgrade"}
)
_WITHOUT_BODY: Final = frozenset({204, 205, 304})
_SANDBOX: Final = "sandbox allow-forms allow-modals allow-popups allow-scripts"
"""What a workflow answers is shown as a page of its own origin, never as one of this server's."""


def accepted_response(run: RunRow, duplicate: bool) -> web.Response:
    """The run is on disk and goes on by itself."""
    document: dict[str, Any] = {"runId": run.id, "status": run.status.value}
    if duplicate:
        document["duplicate"] = True
    return json_response(document, status=202, headers={"Location": f"/api/runs/{run.id}"})


def plain_response(text: str) -> web.Response:
    """A text somebody asked to hear back, of which a browser must make nothing else."""
    guard = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": _SANDBOX}
    return web.Response(text=text, headers=guard)


def outcome_response(outcome: Outcome) -> web.Response:
    """A step's answer, the run's data, why it failed, or that it needs longer."""
    run = outcome.run
    if outcome.reply is not None:
        return reply_response(outcome.reply, run.id)
    if run.status is RunStatus.SUCCESS:
        return json_response(outcome.data, headers={RUN_HEADER: run.id})
    if run.status not in FINISHED:
        return accepted_response(run, outcome.duplicate)
    error = run.error or {"code": "cancelled", "message": "the run was cancelled"}
    return problem_response(
        500,
        "run_failed" if run.status is RunStatus.FAILED else "run_cancelled",
        str(error.get("message")),
        headers={RUN_HEADER: run.id},
        extra={"runId": run.id, "error": error},
    )


def reply_response(reply: Mapping[str, Any], run_id: str) -> web.Response:
    """The answer a step gave; a problem when it is none."""
    status, headers, body = reply.get("status", 200), reply.get("headers") or {}, reply.get("body")
    problem = _status_problem(status) or _headers_problem(headers)
    if problem:
        return problem_response(
            500, "bad_reply", f"the workflow's answer cannot be sent: {problem}", extra={"runId": run_id}
        )
    content, media = _content(body)
    kept = {name: str(value) for name, value in headers.items() if value is not None}
    if media and not any(name.lower() == "content-type" for name in kept):
        kept["Content-Type"] = media
    guard = {RUN_HEADER: run_id, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": _SANDBOX}
    kept = {name: value for name, value in kept.items() if name.title() not in {g.title() for g in guard}}
    return web.Response(status=status, body=None if status in _WITHOUT_BODY else content, headers={**kept, **guard})


def _content(body: Any) -> tuple[bytes | None, str | None]:
    if body is None:
        return None, None
    if isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return dumps(body), "application/json"


def _status_problem(status: Any) -> str | None:
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        return f"{status!r} is no status between 200 and 599"
    return None


def _headers_problem(headers: Any) -> str | None:
    """A step may come from a plugin, so its headers are looked at once more before they are written."""
    if not isinstance(headers, dict):
        return "its headers are not an object"
    for name, value in headers.items():
        if not _TOKEN.match(name) or name.lower() in _FRAMING or name.lower().startswith("proxy-"):
            return f"{name!r} may not be set"
        if isinstance(value, dict | list) or _CONTROL.search(str(value)):
            return f"the value of {name} is not a line of text"
    return None
