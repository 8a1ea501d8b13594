"""Removing old runs with all that belongs to them, and giving the space back to the disk.

Both go in small portions through the writer's queue, so that commits in between hardly notice.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from engine.jsonio import dumps
from engine.models.run import FINISHED, TriggerKind
from engine.stores.sqlite.writer import Writer

_RUNS_AT_ONCE: Final = 50
_PAGES_AT_ONCE: Final = 500
_CHECKPOINT_WAIT_MS: Final = 100

_BELONGING: Final = (
    "DELETE FROM journal WHERE run_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM jobs WHERE run_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM blobs WHERE run_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM messages WHERE run_id IN (SELECT value FROM json_each(?))",
    "DELETE FROM runs WHERE id IN (SELECT value FROM json_each(?))",
)
_ROUND: Final = TriggerKind.ROUND.value
_UNNEEDED: Final = "NOT EXISTS (SELECT 1 FROM runs AS caller WHERE caller.id = runs.caller_run_id AND "
"""What a run has called stays as long as it may ask for it."""
_RAISE_FLOOR: Final = """
UPDATE marks SET value = max(value, coalesce((
    SELECT max(pos) FROM journal WHERE run_id IN (SELECT value FROM json_each(?))), 0))
WHERE name = 'floor'
"""
_FORGOTTEN: Final = """
SELECT workflow_id FROM deleted_workflows
WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.workflow_id = deleted_workflows.workflow_id)
"""


@dataclass(slots=True, frozen=True)
class Choice:
    """A query for the ids of runs to remove, with `:limit` among its parameters."""

    sql: str
    values: Mapping[str, Any]


def finished_before(at: int) -> Choice:
    """Runs finished before then, those accepted first first."""
    unneeded = _UNNEEDED + "(caller.finished_at IS NULL OR caller.finished_at >= :at))"
    ranges = " UNION ALL ".join(
        "SELECT * FROM (SELECT id, created_at FROM runs INDEXED BY runs_status "
        f"WHERE status = {status.value!r} AND created_at < :at AND finished_at < :at AND {unneeded} "
        "ORDER BY created_at LIMIT :limit)"
        for status in sorted(FINISHED)
    )
    return Choice(f"SELECT id FROM ({ranges}) ORDER BY created_at LIMIT :limit", {"at": at})


def of_workflow(workflow_id: str) -> Choice:
    """Finished runs of one workflow."""
    statuses = ", ".join(repr(status.value) for status in sorted(FINISHED))
    sql = (
        "SELECT id FROM runs INDEXED BY runs_workflow "
        f"WHERE workflow_id = :workflow AND status IN ({statuses}) "
        f"AND {_UNNEEDED} caller.finished_at IS NULL) LIMIT :limit"
    )
    return Choice(sql, {"workflow": workflow_id})


def of_owner(owner_id: str) -> Choice:
    """Finished runs of one workspace, those accepted first first, with the rounds of their loops."""
    ranges = " UNION ALL ".join(
        "SELECT * FROM (SELECT id, created_at FROM runs INDEXED BY runs_user "
        f"WHERE user_id = :owner AND status = {status.value!r} AND trigger <> {_ROUND!r} "
        f"AND {_UNNEEDED} caller.finished_at IS NULL) ORDER BY created_at LIMIT :limit)"
        for status in sorted(FINISHED)
    )
    sql = (
        f"WITH RECURSIVE gone (id) AS (SELECT id FROM (SELECT id FROM ({ranges}) ORDER BY created_at LIMIT :limit) "
        f"UNION SELECT runs.id FROM gone JOIN runs ON runs.caller_run_id = gone.id WHERE runs.trigger = {_ROUND!r}) "
        "SELECT id FROM gone"
    )
    return Choice(sql, {"owner": owner_id})


async def remove(writer: Writer, choice: Choice, limit: int) -> int:
    """Remove up to `limit` of the chosen runs, each portion with all that belongs to it; how many there were."""
    removed = 0
    while True:
        wanted = min(_RUNS_AT_ONCE, limit - removed)
        found: int = await writer.act(partial(_remove, choice, wanted))
        removed += found
        if found < wanted or removed >= limit:
            await writer.act(_forget_workflows)
            return removed


def _remove(choice: Choice, limit: int, connection: sqlite3.Connection) -> int:
    ids = [row[0] for row in connection.execute(choice.sql, {**choice.values, "limit": limit}).fetchall()]
    if ids:
        text = dumps(ids).decode()
        connection.execute(_RAISE_FLOOR, (text,))
        for sql in _BELONGING:
            connection.execute(sql, (text,))
    return len(ids)


def _forget_workflows(connection: sqlite3.Connection) -> None:
    """Versions of deleted workflows go when no run refers to the workflow any more."""
    gone = connection.execute(_FORGOTTEN).fetchall()
    connection.executemany("DELETE FROM workflow_versions WHERE workflow_id = ?", gone)
    connection.executemany("DELETE FROM deleted_workflows WHERE workflow_id = ?", gone)


async def give_back(writer: Writer) -> int:
    """Shrink the file by its free pages and empty the write-ahead log; the bytes the file became smaller by."""
    pages = 0
    freed: int
    size: int
    while True:
        freed, size = await writer.maintain(_vacuum)
        pages += freed
        if freed < _PAGES_AT_ONCE:
            break
    if pages:
        await writer.maintain(_checkpoint)
    return pages * size


def _vacuum(connection: sqlite3.Connection) -> tuple[int, int]:
    before = _pragma(connection, "page_count")
    if _pragma(connection, "freelist_count"):
        # It frees one page per step and returns no columns; only `executescript` steps such a statement to its end.
        connection.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")
    return before - _pragma(connection, "page_count"), _pragma(connection, "page_size")


def _checkpoint(connection: sqlite3.Connection) -> None:
    """A reader of another program may hold an old state; it is not waited for, the next checkpoint does the rest."""
    usual = _pragma(connection, "busy_timeout")
    connection.execute(f"PRAGMA busy_timeout = {min(usual, _CHECKPOINT_WAIT_MS)}").fetchall()
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {usual}").fetchall()


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
