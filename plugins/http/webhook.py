"""The trigger `http.webhook`: an HTTP request starts a run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.sdk import Params

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class RateLimit(Params):
    """How many deliveries are taken in such a time."""

    limit: int = Field(ge=1, le=1_000_000)
    """Deliveries within the window; they may come at once."""
    window_ms: int = Field(default=60_000, ge=1000, le=86_400_000)
    """The length of the window, in milliseconds."""


class WebhookParams(Params):
    """How the server answers the caller."""

    respond: Literal["accepted", "result"] = "accepted"
    """`accepted`: 202 with the run's id as soon as the run is on disk. `result`: wait for the run and answer with its
    result, or with what an `http.respond` step says."""
    timeout_ms: int = Field(default=30_000, ge=1, le=30_000)
    """How long a caller waits with `respond: result`, in milliseconds; then it gets 202 and the run goes on."""
    methods: list[Method] = Field(default=["POST"], min_length=1, max_length=5)
    """The HTTP methods that start a run; calls with any other do not."""
    rate_limit: RateLimit | None = None
    """How many deliveries are taken, beside what the server allows; one too many is answered with 429 and when to send
    it again. A workflow's own `rate` counts runs instead, and can delay them."""
