"""The trigger `http.webhook`: an HTTP request starts a run."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from engine.sdk import Params

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class WebhookParams(Params):
    """How the server answers the caller."""

    respond: Literal["accepted", "result"] = "accepted"
    """`accepted`: 202 with the run's id as soon as the run is on disk. `result`: wait for the run and answer with its
    result, or with what an `http.respond` step says."""
    timeout_ms: int = Field(default=30_000, ge=1, le=30_000)
    """How long a caller waits with `respond: result`, in milliseconds; then it gets 202 and the run goes on."""
    methods: list[Method] = Field(default=["POST"], min_length=1, max_length=5)
    """The HTTP methods that start a run; calls with any other do not."""
