"""`http.respond`: answer the caller that waits for the run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from engine.sdk import Context, Params, StepResult, Stop
from plugins.http.headers import Headers, headers_problem

_WITHOUT_BODY = (204, 205, 304)


class RespondParams(Params):
    """What to answer."""

    status: int = Field(default=200, ge=200, le=599, examples=[200, 201, 404])
    """The HTTP status."""
    headers: Headers = Field(default_factory=dict, examples=[{"Content-Type": "text/plain"}])
    """Headers of the answer; null leaves one out."""
    body: Any = Field(default=None, examples=[{"message": "Hello {{name}}"}])
    """The body: a text is sent as it is, anything else as JSON, null as nothing. 204, 205 and 304 have none."""


async def respond(ctx: Context, params: RespondParams) -> StepResult:
    """Answer the webhook call that started the run.

    The run goes on after it. Without a caller that waits (`respond: result` at the webhook trigger) the answer is kept
    in the journal and goes nowhere.
    """
    problem = headers_problem(params.headers)
    if problem:
        raise Stop(problem, code="http_bad_response")
    headers = {name: value for name, value in params.headers.items() if value is not None}
    body = None if params.status in _WITHOUT_BODY else params.body
    return StepResult.success({"status": params.status, "headers": headers, "body": body})
