"""Reading beside the writer: a few connections that cannot write, each used by one thread at a time.

Every query answers with one row. Python's sqlite3 gives up the interpreter lock for each row it steps to, and in a busy
process each time may cost a wait; so lists come as one JSON text that SQLite puts together. That is also less work than
making Python objects row by row.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson

from engine.errors import Unavailable
from engine.stores.lender import Lender
from engine.stores.sqlite.connection import open_reader
from engine.stores.sqlite.faults import translated

T = TypeVar("T")
Values = Sequence[Any] | Mapping[str, Any]

THREADS: Final = 3


def packed(columns: Sequence[str], query: str) -> str:
    """A query whose answer is one JSON array with an array of these columns for each row of `query`."""
    return f"SELECT json_group_array(json_array({', '.join(columns)})) FROM ({query})"


class Readers:
    """A bounded pool of threads and connections."""

    def __init__(self, path: Path, lender: Lender, *, busy_ms: int) -> None:
        self._path = path
        self._lender = lender
        self._busy_ms = busy_ms
        self._pool: ThreadPoolExecutor | None = None
        self._idle: list[sqlite3.Connection] = []

    def start(self) -> None:
        """Take queries; connections are opened when first needed."""
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="store-reader")

    async def stop(self) -> None:
        """Finish what is being read and close. Twice is fine."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.shield(asyncio.to_thread(pool.shutdown))
        while self._idle:
            self._idle.pop().close()

    async def one(self, sql: str, values: Values = ()) -> Any:
        """The first row, or None."""
        return await self.run(lambda connection: connection.execute(sql, values).fetchone())

    async def rows(self, packed_sql: str, values: Values = ()) -> list[Any]:
        """The rows of a `packed` query."""
        text = (await self.one(packed_sql, values))[0]
        rows: list[Any] = orjson.loads(text)
        return rows

    async def run(self, reading: Callable[[sqlite3.Connection], T]) -> T:
        """A function of a connection, in one of the threads."""
        if self._pool is None:
            raise Unavailable("the store is closed")
        loop = asyncio.get_running_loop()
        self._lender.asked(loop)
        try:
            return await loop.run_in_executor(self._pool, self._read, reading)
        except (sqlite3.Error, UnicodeEncodeError, OverflowError) as error:
            raise translated(error) from error
        finally:
            self._lender.answered()

    def _read(self, reading: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = open_reader(self._path, busy_ms=self._busy_ms)
        try:
            return reading(connection)
        finally:
            self._idle.append(connection)
