"""What is kept for trying workflows out, in the memory store."""

from __future__ import annotations

import copy

from engine.errors import Conflict, NotFound
from engine.practice_rows import MOST, Kind, PracticeRow, too_many
from engine.stores.memory_data import Data


class MemoryPractice:
    """Implements engine.practice_rows.Practice."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def put(self, row: PracticeRow) -> None:
        """Keep a value."""
        key = (row.workflow_id, row.kind, row.name)
        if key not in self._data.practice and len(await self.all(row.workflow_id, row.kind)) >= MOST:
            raise Conflict(too_many(row.kind), code="too_many_kept", hint="delete one first")
        self._data.practice[key] = copy.deepcopy(row)

    async def get(self, workflow_id: str, kind: Kind, name: str) -> PracticeRow:
        """One value."""
        row = self._data.practice.get((workflow_id, kind, name))
        if row is None:
            raise NotFound
        return copy.deepcopy(row)

    async def all(self, workflow_id: str, kind: Kind) -> list[PracticeRow]:
        """All of a kind."""
        return [
            copy.deepcopy(row) for key, row in sorted(self._data.practice.items()) if key[:2] == (workflow_id, kind)
        ]

    async def delete(self, workflow_id: str, kind: Kind, name: str) -> None:
        """Forget a value."""
        if self._data.practice.pop((workflow_id, kind, name), None) is None:
            raise NotFound

    async def delete_all(self, workflow_id: str) -> None:
        """Forget everything of a workflow."""
        for key in [key for key in self._data.practice if key[0] == workflow_id]:
            del self._data.practice[key]

    async def everything(self, *, limit: int, after: tuple[str, str, str] | None = None) -> list[PracticeRow]:
        """Values of all workflows."""
        rows = sorted(self._data.practice.items())
        return [copy.deepcopy(row) for key, row in rows if after is None or key > after][:limit]
