"""Upkeep of the SQLite store."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

import orjson

from engine.errors import Fenced
from engine.models.run import JobRow, Message, RunRow
from engine.store import ProcessRow
from engine.stores.sqlite.commits import Written, insert_rest
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.rows import MESSAGE_COLUMNS, RUN_COLUMNS, job_values, message_row, run_values
from engine.stores.sqlite.writer import Writer

_PREFIX: Final = "tool:"
"""Keeps the marks of tools apart from the store's own."""

_MARK: Final = "SELECT max(value) FROM marks WHERE name = ?"
_SET_MARK: Final = "INSERT INTO marks VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_PROCESSES: Final = packed(("owner", "until", "info"), "SELECT * FROM owners ORDER BY owner")
_MESSAGES: Final = packed(MESSAGE_COLUMNS, "SELECT * FROM messages WHERE run_id = ? ORDER BY n")
_MEND: Final = f"""
UPDATE runs SET {", ".join(f"{column} = ?" for column in RUN_COLUMNS)}
WHERE id = ? AND seq = ? AND owner IS ? AND status = ? AND cancel_requested = ?
"""


class SqliteUpkeep:
    """Implements engine.store.Upkeep."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def mark(self, name: str) -> int | None:
        """A number somebody put down."""
        value: int | None = (await self._readers.one(_MARK, (_PREFIX + name,)))[0]
        return value

    async def set_mark(self, name: str, value: int | None) -> None:
        """Put a number down or take it away."""
        if value is None:
            await self._write("DELETE FROM marks WHERE name = ?", _PREFIX + name)
        else:
            await self._write(_SET_MARK, _PREFIX + name, value)

    async def processes(self) -> list[ProcessRow]:
        """All processes with a heartbeat."""
        rows = await self._readers.rows(_PROCESSES)
        return [ProcessRow(owner, until, orjson.loads(info) if info else None) for owner, until, info in rows]

    async def clock(self) -> int | None:
        """There is no other machine."""
        return None

    async def messages(self, run_id: str) -> list[Message]:
        """What waits in a run's inbox."""
        return [message_row(values) for values in await self._readers.rows(_MESSAGES, (run_id,))]

    async def mend(self, before: RunRow, after: RunRow, jobs: Sequence[JobRow]) -> None:
        """Replace a summary and some jobs."""
        expected = (before.id, before.seq, before.owner, before.status.value, int(before.cancel_requested))
        values = (*run_values(after), *expected)
        rest = Written((), [job_values(job) for job in jobs], [])

        def mend(connection: sqlite3.Connection) -> None:
            if connection.execute(_MEND, values).rowcount == 0:
                raise Fenced
            insert_rest(connection, [rest])

        await self._writer.act(mend)

    async def _write(self, sql: str, *values: str | int) -> None:
        await self._writer.act(lambda connection: connection.execute(sql, values).rowcount, single=True)
