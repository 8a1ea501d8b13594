"""The port to what is laid down for a whole workspace: its quotas, and where its steps may connect to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(slots=True, frozen=True)
class PolicyRow:
    """What holds for one workspace; personal ones, which have no row of their own, can have one here.

    `value` is an `engine.models.policy.Policy` as JSON. `revision` counts its changes, from 1.
    """

    workspace_id: str
    revision: int = 1
    value: dict[str, Any] = field(default_factory=dict)


class Policies(Protocol):
    """Policies; a workspace has one or none. Whether it exists is asked before."""

    async def get(self, workspace_id: str) -> PolicyRow | None: ...

    async def put(self, row: PolicyRow) -> None:
        """Write it in the place of the revision before, 1 where there is none; VersionConflict for any other."""

    async def delete(self, workspace_id: str) -> None:
        """Remove it, if there is one."""

    async def everything(self, *, limit: int, after: str | None = None) -> list[PolicyRow]:
        """All policies by workspace, for whoever moves the whole store."""


def too_late() -> str:
    """What to say of a revision that is not the next one."""
    return "the policy of the workspace was changed in the meantime"
