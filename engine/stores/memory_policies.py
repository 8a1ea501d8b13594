"""Policies of workspaces in the memory store."""

from __future__ import annotations

import copy

from engine.errors import VersionConflict
from engine.policy_rows import PolicyRow, too_late
from engine.stores.memory_data import Data


class MemoryPolicies:
    """Implements engine.policy_rows.Policies."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def get(self, workspace_id: str) -> PolicyRow | None:
        """The one of this workspace."""
        return copy.deepcopy(self._data.policies.get(workspace_id))

    async def put(self, row: PolicyRow) -> None:
        """Compare and set."""
        known = self._data.policies.get(row.workspace_id)
        if (0 if known is None else known.revision) != row.revision - 1:
            raise VersionConflict(too_late(), hint="do it again")
        self._data.policies[row.workspace_id] = copy.deepcopy(row)

    async def delete(self, workspace_id: str) -> None:
        """Remove it."""
        self._data.policies.pop(workspace_id, None)

    async def everything(self, *, limit: int, after: str | None = None) -> list[PolicyRow]:
        """All of them by workspace."""
        ids = sorted(one for one in self._data.policies if after is None or one > after)
        return [copy.deepcopy(self._data.policies[one]) for one in ids[:limit]]
