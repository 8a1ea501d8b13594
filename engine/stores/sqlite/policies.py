"""Policies of workspaces in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from engine.errors import VersionConflict
from engine.jsonio import dump_text
from engine.policy_rows import PolicyRow, too_late
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.writer import Writer

_COLUMNS: Final = ("workspace_id", "revision", "value")
_INSERT: Final = "INSERT OR IGNORE INTO policies (value, workspace_id, revision) VALUES (?, ?, ?)"
_UPDATE: Final = "UPDATE policies SET value = ?, revision = revision + 1 WHERE workspace_id = ? AND revision = ? - 1"
_GET: Final = packed(_COLUMNS, "SELECT * FROM policies WHERE workspace_id = ?")
_EVERYTHING: Final = packed(_COLUMNS, "SELECT * FROM policies WHERE workspace_id > ? ORDER BY workspace_id LIMIT ?")


class SqlitePolicies:
    """Implements engine.policy_rows.Policies."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def get(self, workspace_id: str) -> PolicyRow | None:
        """The one of this workspace."""
        rows = await self._readers.rows(_GET, (workspace_id,))
        return _row(rows[0]) if rows else None

    async def put(self, row: PolicyRow) -> None:
        """Compare and set."""
        values = (dump_text(row.value), row.workspace_id, row.revision)

        def put(connection: sqlite3.Connection) -> None:
            if connection.execute(_INSERT if row.revision == 1 else _UPDATE, values).rowcount == 0:
                raise VersionConflict(too_late(), hint="do it again")

        await self._writer.act(put)

    async def delete(self, workspace_id: str) -> None:
        """Remove it."""
        sql = "DELETE FROM policies WHERE workspace_id = ?"
        await self._writer.act(lambda connection: connection.execute(sql, (workspace_id,)).rowcount, single=True)

    async def everything(self, *, limit: int, after: str | None = None) -> list[PolicyRow]:
        """All of them by workspace."""
        return [_row(values) for values in await self._readers.rows(_EVERYTHING, (after or "", limit))]


def _row(values: Sequence[Any]) -> PolicyRow:
    workspace_id, revision, value = values
    return PolicyRow(workspace_id, revision, orjson.loads(value))
