"""Tallies in SQLite."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Final

import orjson

from engine.jsonio import dumps
from engine.store import Tally
from engine.stores.sqlite.readers import Readers
from engine.stores.sqlite.writer import Writer

_GET: Final = "SELECT key, value, tag, expires_at FROM tallies WHERE key = ?"
_INSERT: Final = """
INSERT INTO tallies (key, value, tag, expires_at) VALUES (:key, :value, :tag, :expires_at) ON CONFLICT DO NOTHING
"""
_UPDATE: Final = """
UPDATE tallies SET value = :value, tag = :tag, expires_at = :expires_at WHERE key = :key AND tag = :expected
"""
_PRUNE: Final = """
DELETE FROM tallies WHERE key IN (
    SELECT key FROM tallies INDEXED BY tallies_expired
    WHERE expires_at < :before AND expires_at IS NOT NULL ORDER BY expires_at LIMIT :limit)
"""


class SqliteTallies:
    """Implements engine.store.Tallies."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def get(self, key: str) -> Tally | None:
        """What is there."""
        row = await self._readers.one(_GET, (key,))
        return None if row is None else Tally(row[0], orjson.loads(row[1]), row[2], row[3])

    async def put(self, tally: Tally, *, expected: str | None) -> bool:
        """Compare and set."""
        values = {
            "key": tally.key,
            "value": dumps(tally.value).decode(),
            "tag": secrets.token_hex(8),
            "expires_at": tally.expires_at,
            "expected": expected,
        }
        return await self._write(_INSERT if expected is None else _UPDATE, values) == 1

    async def prune(self, *, before: int, limit: int) -> int:
        """Forget what has expired."""
        return await self._write(_PRUNE, {"before": before, "limit": limit})

    async def _write(self, sql: str, values: dict[str, str | int | None]) -> int:
        def write(connection: sqlite3.Connection) -> int:
            return connection.execute(sql, values).rowcount

        done: int = await self._writer.act(write, single=True)
        return done
