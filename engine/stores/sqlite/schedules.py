"""Schedules in SQLite."""

from __future__ import annotations

from typing import Final

from engine.jsonio import dumps
from engine.store import Owner, ScheduleRow, ScheduleState
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.rows import SCHEDULE_COLUMNS, schedule_row
from engine.stores.sqlite.writer import Writer

_DUE: Final = packed(SCHEDULE_COLUMNS, "SELECT * FROM schedules WHERE next_at <= ? ORDER BY next_at LIMIT ?")
_OWNED: Final = """
SELECT schedules.* FROM workflows JOIN schedules ON schedules.workflow_id = workflows.id WHERE {}
ORDER BY schedules.workflow_id, schedules.schedule_id
"""
_ADVANCE: Final = """
UPDATE schedules SET next_at = ?, state = ?, rev = rev + 1
WHERE workflow_id = ? AND schedule_id = ? AND rev = ? AND next_at = ?
"""


class SqliteSchedules:
    """Implements engine.store.Schedules."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def due(self, now: int, *, limit: int) -> list[ScheduleRow]:
        """Schedules whose time has come, the most overdue first."""
        return [schedule_row(values) for values in await self._readers.rows(_DUE, (now, limit))]

    async def advance(self, row: ScheduleRow, *, next_at: int, state: ScheduleState) -> bool:
        """Compare and set; a schedule that was edited meanwhile is another one."""
        kept = dumps(state.to_dict()).decode()
        values = (next_at, kept, row.workflow_id, row.schedule_id, row.rev, row.next_at)
        changed = await self._writer.act(lambda connection: connection.execute(_ADVANCE, values).rowcount, single=True)
        return bool(changed)

    async def all(self, *, owner: Owner, workflow_id: str | None = None) -> list[ScheduleRow]:
        """Schedules by workflow."""
        conditions, values = [], {}
        if isinstance(owner, str):
            conditions.append("workflows.owner_id = :owner")
            values["owner"] = owner
        if workflow_id is not None:
            conditions.append("workflows.id = :workflow")
            values["workflow"] = workflow_id
        where = " AND ".join(conditions) or "true"
        columns = SCHEDULE_COLUMNS
        inner = _OWNED.replace("{}", where)
        return [schedule_row(found) for found in await self._readers.rows(packed(columns, inner), values)]
