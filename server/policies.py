"""What is laid down for workspaces, believed for a moment: every request and every connection asks for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from engine.egress import Egress
from engine.errors import VersionConflict
from engine.models.policy import Policy
from engine.policy_rows import Policies as Rows
from engine.policy_rows import PolicyRow
from server.vouchers import Remembered

_ATTEMPTS: Final = 5


class Known:
    """A policy, and its lists ready to be asked."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.egress = Egress(policy.egress.allow, policy.egress.deny)


class Policies:
    """Reads and changes policies. What another process changed is seen within some seconds."""

    def __init__(self, rows: Rows, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rows = rows
        self._known: Remembered[Known] = Remembered(monotonic)

    async def of(self, workspace_id: str) -> Policy:
        """What holds there; an empty policy where nothing was laid down."""
        return (await self._look(workspace_id)).policy

    async def egress(self, workspace_id: str) -> Egress:
        """Its lists: the same object until they change."""
        return (await self._look(workspace_id)).egress

    async def change(self, workspace_id: str, change: Callable[[Policy], Policy]) -> tuple[Policy, Policy]:
        """The policy before and after."""
        for attempt in range(_ATTEMPTS):
            row = await self._rows.get(workspace_id)
            before = Policy() if row is None else Policy.model_validate(row.value)
            after = change(before)
            row = row or PolicyRow(workspace_id, 0)
            value = after.model_dump(mode="json", by_alias=True)
            try:
                await self._rows.put(replace(row, revision=row.revision + 1, value=value))
            except VersionConflict:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                self._known.forget(workspace_id)
                return before, after
        raise AssertionError("unreachable")

    async def forget(self, workspace_id: str) -> None:
        """The workspace is gone, and its policy with it."""
        await self._rows.delete(workspace_id)
        self._known.forget(workspace_id)

    async def _look(self, workspace_id: str) -> Known:
        known = self._known.get(workspace_id)
        if known is not None:
            return known
        row = await self._rows.get(workspace_id)
        policy = Policy() if row is None else Policy.model_validate(row.value)
        last = self._known.stale(workspace_id)
        # Connections are kept for as long as the lists are the same object.
        known = last if last is not None and last.policy == policy else Known(policy)
        return self._known.put(workspace_id, known)
