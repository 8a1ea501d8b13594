"""Bringing a database file to the form this program knows, or refusing it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from engine.errors import Unusable
from engine.stores.sqlite.faults import DAMAGED_HINT
from engine.stores.sqlite.schema import MIGRATIONS

APPLICATION_ID: Final = 0x464C4F57  # "FLOW", bytes 68 to 71 of the file
OLDEST_SQLITE: Final = (3, 31, 0)
TABLES: Final = (
    "runs",
    "journal",
    "blobs",
    "jobs",
    "owners",
    "marks",
    "users",
    "workflows",
    "workflow_versions",
    "deleted_workflows",
    "schedules",
    "messages",
    "tallies",
    "practice",
    "secrets",
    "workspaces",
    "workspace_members",
    "credentials",
    "audit",
    "policies",
)


def recognise(connection: sqlite3.Connection, path: Path, known: int = len(MIGRATIONS)) -> int:
    """How many of the `known` scripts this file has seen; changes nothing. Raises Unusable for a foreign file."""
    _check_sqlite(connection)
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (application or version or tables):
        raise Unusable(
            f"{path} is a database of another program", hint="set FLOWDESK_DATA_DIR to a directory of its own"
        )
    if version > known:
        raise Unusable(
            f"{path} was written by a newer FlowDesk (form {version}; this one knows {known})",
            code="store_too_new",
            hint="upgrade FlowDesk, or restore a backup made before the upgrade",
        )
    if application == APPLICATION_ID and not (version and tables):
        raise Unusable(f"{path} says it is FlowDesk's but holds no tables", hint=DAMAGED_HINT)
    return version


def _check_sqlite(connection: sqlite3.Connection) -> None:
    hint = "use a Python from python.org, your distribution's current release, or uv"
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise Unusable(
            f"this Python comes with SQLite {sqlite3.sqlite_version}; FlowDesk needs 3.31 or newer", hint=hint
        )
    try:
        connection.execute("SELECT json_group_array(json_quote(value)) FROM json_each('[1]')").fetchone()
    except sqlite3.OperationalError:
        raise Unusable("the SQLite of this Python was built without JSON functions", hint=hint) from None


def migrate(connection: sqlite3.Connection, version: int, scripts: Sequence[str] = MIGRATIONS) -> None:
    """Run the scripts after the first `version`, each in a transaction of its own."""
    for number, script in enumerate(scripts[version:], version + 1):
        begin = f"BEGIN IMMEDIATE; PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number};"
        try:
            connection.executescript(f"{begin}\n{script}\n;COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def check_tables(connection: sqlite3.Connection) -> None:
    """Read the first page of every table: cheap at any size, and enough to notice a file that was cut or overwritten.

    The thorough check is `SqliteStore.check`.
    """
    for table in TABLES:
        connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone()
