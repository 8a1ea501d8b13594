"""Connections: one that writes, some that only read."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final, Literal

Synchronous = Literal["FULL", "NORMAL"]

_CHECKPOINT_PAGES: Final = 4000
_WAL_BYTES: Final = 32 << 20


def open_writer(path: Path, *, busy_ms: int) -> sqlite3.Connection:
    """The one connection that writes; the file must exist. Transactions are begun and ended by hand."""
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=rw",
        uri=True,
        timeout=busy_ms / 1000,
        isolation_level=None,
        cached_statements=256,
    )


def configure_writer(connection: sqlite3.Connection, synchronous: Synchronous, *, new: bool) -> None:
    """Set what a new file keeps for good, and how this connection works. Only for a file known to be ours."""
    for pragma in (
        *(("auto_vacuum = INCREMENTAL",) if new else ()),  # only takes effect before the first table is made
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "fullfsync = ON",  # macOS: an ordinary fsync there does not reach the disk
        "checkpoint_fullfsync = ON",
        f"wal_autocheckpoint = {_CHECKPOINT_PAGES}",
        f"journal_size_limit = {_WAL_BYTES}",
        "cache_size = -16000",
        "temp_store = MEMORY",
        "foreign_keys = ON",
        "trusted_schema = OFF",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def open_reader(path: Path, *, busy_ms: int) -> sqlite3.Connection:
    """A connection that cannot write; used by one thread at a time, though not always by the same."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro",
        uri=True,
        timeout=busy_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    for pragma in ("query_only = ON", "cache_size = -8000", "temp_store = MEMORY", "trusted_schema = OFF"):
        connection.execute(f"PRAGMA {pragma}").close()
    return connection
