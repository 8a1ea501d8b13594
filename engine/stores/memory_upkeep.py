"""Upkeep of the memory store."""

from __future__ import annotations

from collections.abc import Sequence

from engine.errors import Fenced
from engine.models.run import JobRow, Message, RunRow
from engine.store import ProcessRow
from engine.stores.memory_data import Data, copy


class MemoryUpkeep:
    """Implements engine.store.Upkeep."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def mark(self, name: str) -> int | None:
        """A number somebody put down."""
        return self._data.marks.get(name)

    async def set_mark(self, name: str, value: int | None) -> None:
        """Put a number down or take it away."""
        if value is None:
            self._data.marks.pop(name, None)
        else:
            self._data.marks[name] = value

    async def processes(self) -> list[ProcessRow]:
        """All processes with a heartbeat."""
        return sorted(self._data.owners.values(), key=lambda process: process.owner)

    async def clock(self) -> int | None:
        """There is no other machine."""
        return None

    async def messages(self, run_id: str) -> list[Message]:
        """What waits in a run's inbox."""
        return list(self._data.messages.get(run_id, {}).values())

    async def mend(self, before: RunRow, after: RunRow, jobs: Sequence[JobRow]) -> None:
        """Replace a summary and some jobs."""
        current = self._data.runs.get(before.id)
        if current is None or _fence(current) != _fence(before):
            raise Fenced
        self._data.runs[before.id] = copy(after)
        self._data.jobs.update((job.id, copy(job)) for job in jobs)


def _fence(row: RunRow) -> tuple[object, ...]:
    return row.seq, row.owner, row.status, row.cancel_requested
