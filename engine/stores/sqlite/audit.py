"""The audit log in SQLite; triggers of the table refuse whatever is not an addition."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from engine.store import Owner, Page
from engine.stores import cursor as cursors
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.users import LAST_ID
from engine.stores.sqlite.writer import Writer
from engine.tenancy import AuditEntry

COLUMNS: Final = tuple(field.name for field in fields(AuditEntry))
_APPEND: Final = f"INSERT OR IGNORE INTO audit ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


class SqliteAudit:
    """Implements engine.tenancy.Audit."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def append(self, entry: AuditEntry) -> None:
        """Add an entry."""
        values = [getattr(entry, name) for name in COLUMNS]
        await self._writer.act(lambda connection: connection.execute(_APPEND, values).rowcount, single=True)

    async def page(
        self,
        *,
        owner: Owner,
        limit: int,
        cursor: str | None = None,
        action: str | None = None,
        target: str | None = None,
        user_id: str | None = None,
    ) -> Page[AuditEntry]:
        """Newest first."""
        whose = owner if isinstance(owner, str) else None
        given = {"workspace_id": whose, "action": action, "target": target, "user_id": user_id}
        wanted = {column: value for column, value in given.items() if value is not None}
        where = " AND ".join(["id < ?", *(f"{column} = ?" for column in wanted)])
        before = LAST_ID if cursor is None else cursors.decode(cursor, str)[0]
        query = packed(COLUMNS, f"SELECT * FROM audit WHERE {where} ORDER BY id DESC LIMIT ?")
        rows = await self._readers.rows(query, (before, *wanted.values(), limit + 1))
        entries = [AuditEntry(*values) for values in rows[:limit]]
        return Page(entries, cursors.encode(entries[-1].id) if len(rows) > limit and entries else None)
