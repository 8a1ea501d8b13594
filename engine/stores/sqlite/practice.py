"""What is kept for trying workflows out, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from engine.errors import Conflict, NotFound
from engine.jsonio import dump_text
from engine.practice_rows import MOST, Kind, PracticeRow, too_many
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.writer import Writer

COLUMNS: Final = ("workflow_id", "kind", "name", "at", "value")
_COUNT_OTHERS: Final = "SELECT count(*) FROM practice WHERE workflow_id = ? AND kind = ? AND name <> ?"
_PUT: Final = f"INSERT OR REPLACE INTO practice ({', '.join(COLUMNS)}) VALUES (?, ?, ?, ?, ?)"
_GET: Final = packed(COLUMNS, "SELECT * FROM practice WHERE workflow_id = ? AND kind = ? AND name = ?")
_LIST: Final = packed(COLUMNS, "SELECT * FROM practice WHERE workflow_id = ? AND kind = ? ORDER BY name")
_DELETE: Final = "DELETE FROM practice WHERE workflow_id = ? AND kind = ? AND name = ?"
_EVERYTHING: Final = packed(
    COLUMNS, "SELECT * FROM practice WHERE (workflow_id, kind, name) > (?, ?, ?) ORDER BY 1, 2, 3 LIMIT ?"
)


class SqlitePractice:
    """Implements engine.practice_rows.Practice."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def put(self, row: PracticeRow) -> None:
        """Keep a value."""
        values = (row.workflow_id, row.kind, row.name, row.at, dump_text(row.value))

        def put(connection: sqlite3.Connection) -> None:
            if connection.execute(_COUNT_OTHERS, values[:3]).fetchone()[0] >= MOST:
                raise Conflict(too_many(row.kind), code="too_many_kept", hint="delete one first")
            connection.execute(_PUT, values)

        await self._writer.act(put)

    async def get(self, workflow_id: str, kind: Kind, name: str) -> PracticeRow:
        """One value."""
        rows = await self._readers.rows(_GET, (workflow_id, kind, name))
        if not rows:
            raise NotFound
        return _row(rows[0])

    async def all(self, workflow_id: str, kind: Kind) -> list[PracticeRow]:
        """All of a kind."""
        return [_row(values) for values in await self._readers.rows(_LIST, (workflow_id, kind))]

    async def delete(self, workflow_id: str, kind: Kind, name: str) -> None:
        """Forget a value."""
        if not await self._write(_DELETE, workflow_id, kind, name):
            raise NotFound

    async def delete_all(self, workflow_id: str) -> None:
        """Forget everything of a workflow."""
        await self._write("DELETE FROM practice WHERE workflow_id = ?", workflow_id)

    async def everything(self, *, limit: int, after: tuple[str, str, str] | None = None) -> list[PracticeRow]:
        """Values of all workflows."""
        place = after or ("", "", "")
        return [_row(values) for values in await self._readers.rows(_EVERYTHING, (*place, limit))]

    async def _write(self, sql: str, *values: str) -> int:
        done: int = await self._writer.act(lambda connection: connection.execute(sql, values).rowcount, single=True)
        return done


def _row(values: Sequence[Any]) -> PracticeRow:
    workflow_id, kind, name, at, value = values
    return PracticeRow(workflow_id, kind, name, at, orjson.loads(value))
