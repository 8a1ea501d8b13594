"""What is said about quotas and egress lists, going out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.models.base import Document
from engine.models.policy import Policy
from engine.store import Counted
from server.quotas import Limits


class QuotaState(Document):
    """One quota, and how much of it is used."""

    limit: int | None
    """How much there may be; null is no limit."""
    used: int | None
    """How much there is; null where nothing is counted."""
    own: bool
    """Whether it was set for this workspace; otherwise it is the server's."""


class QuotaDocument(Document):
    """The quotas of a workspace."""

    workspace_id: str
    """Whose they are."""
    workflows: QuotaState
    """Workflows there may be: making one more is refused with 403 `quota_exceeded`."""
    runs: QuotaState
    """Runs that are kept: beyond it the oldest finished ones are removed."""
    queued: QuotaState
    """Runs that may wait to begin: one more is refused with 429 `quota_exceeded`."""
    payload_bytes: QuotaState
    """The largest body that starts a run: a larger one is refused with 413 `quota_exceeded`."""


def quota_json(workspace_id: str, policy: Policy, limits: Limits, used: Mapping[Counted, int]) -> dict[str, Any]:
    """Quotas as they go out."""
    own = policy.quotas

    def state(limit: int, count: int | None, mine: int | None) -> dict[str, Any]:
        return {"limit": limit or None, "used": count, "own": mine is not None}

    return {
        "workspaceId": workspace_id,
        "workflows": state(limits.workflows, used["workflows"], own.workflows),
        "runs": state(limits.runs, used["runs"], own.runs),
        "queued": state(limits.queued, used["queued"], own.queued),
        "payloadBytes": state(limits.payload_bytes, None, own.payload_bytes),
    }
