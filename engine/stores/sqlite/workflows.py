"""Workflows, their versions and schedules in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from engine.errors import Conflict, NotFound, VersionConflict
from engine.jsonio import dumps
from engine.models.workflow import Workflow
from engine.schedules.rows import carried
from engine.store import Owner, Page, ScheduleRow, VersionInfo
from engine.stores import cursor as cursors
from engine.stores.sqlite.faults import is_taken
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.rows import SCHEDULE_COLUMNS, schedule_row, schedule_values
from engine.stores.sqlite.users import LAST_ID
from engine.stores.sqlite.writer import Writer

_MINE: Final = "(:owner IS NULL OR owner_id = :owner)"
_GET: Final = f"SELECT doc FROM workflows WHERE id = :id AND {_MINE}"
_CURRENT: Final = f"SELECT version FROM workflows WHERE id = :id AND {_MINE}"
_INSERT: Final = """
INSERT INTO workflows (id, owner_id, version, enabled, name_folded, tags, doc)
VALUES (:id, :owner_id, :version, :enabled, :name_folded, :tags, :doc)
"""
_UPDATE: Final = f"""
UPDATE workflows SET version = :version, enabled = :enabled, name_folded = :name_folded, tags = :tags, doc = :doc
WHERE id = :id AND version = :expected AND {_MINE}
"""
_INSERT_VERSION: Final = """
INSERT INTO workflow_versions (workflow_id, version, saved_at, saved_by, name, steps, doc)
VALUES (:id, :version, :saved_at, :saved_by, :name, :steps, :doc)
"""
_INSERT_SCHEDULE: Final = f"""
INSERT INTO schedules ({", ".join(SCHEDULE_COLUMNS)}) VALUES ({", ".join("?" * len(SCHEDULE_COLUMNS))})
"""
_SCHEDULES: Final = f"SELECT {', '.join(SCHEDULE_COLUMNS)} FROM schedules WHERE workflow_id = :id"
_VERSION: Final = """
SELECT doc FROM workflow_versions WHERE workflow_id = :id AND version = :version
    AND (:owner IS NULL OR EXISTS (SELECT 1 FROM workflows WHERE id = :id AND owner_id = :owner))
"""
_VERSIONS: Final = packed(
    ("version", "saved_at", "saved_by", "name", "steps"),
    """
    SELECT version, saved_at, saved_by, name, steps FROM workflow_versions
    WHERE workflow_id = ? AND version < ? ORDER BY version DESC LIMIT ?
    """,
)
_ANY_VERSION: Final = 1 << 62


def _whose(owner: Owner) -> str | None:
    return owner if isinstance(owner, str) else None


class SqliteWorkflows:
    """Implements engine.store.Workflows."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def create(self, workflow: Workflow, schedules: Sequence[ScheduleRow], *, saved_by: str) -> None:
        """Add a workflow."""
        values = _values(workflow, saved_by)

        def create(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(_INSERT, values)
                connection.execute(_INSERT_VERSION, values)
            except sqlite3.IntegrityError as error:
                if is_taken(error):
                    raise Conflict("a workflow with this id exists already", code="id_taken") from None
                raise
            _insert_schedules(connection, schedules)

        await self._writer.act(create)

    async def save(
        self,
        workflow: Workflow,
        schedules: Sequence[ScheduleRow],
        *,
        expected_version: int,
        saved_by: str,
        owner: Owner,
    ) -> None:
        """Make a new version the current one."""
        values = {**_values(workflow, saved_by), "expected": expected_version, "owner": _whose(owner)}

        def save(connection: sqlite3.Connection) -> None:
            if connection.execute(_UPDATE, values).rowcount == 0:
                current = connection.execute(_CURRENT, values).fetchone()
                if current is None:
                    raise NotFound
                raise VersionConflict(
                    f"version {current[0]} was saved in the meantime; this was made from version {expected_version}",
                    hint="fetch the workflow again and repeat the change",
                )
            connection.execute(_INSERT_VERSION, values)
            before = [schedule_row(found) for found in connection.execute(_SCHEDULES, values)]
            connection.execute("DELETE FROM schedules WHERE workflow_id = :id", values)
            _insert_schedules(connection, carried(before, schedules))

        await self._writer.act(save)

    async def get(self, workflow_id: str, *, owner: Owner) -> Workflow:
        """The current version."""
        return _document(await self._readers.one(_GET, {"id": workflow_id, "owner": _whose(owner)}))

    async def current_version(self, workflow_id: str) -> int | None:
        """The number of the newest version."""
        found = await self._readers.one(_CURRENT, {"id": workflow_id, "owner": None})
        return None if found is None else int(found[0])

    async def page(
        self,
        *,
        owner: Owner,
        limit: int,
        cursor: str | None = None,
        text: str | None = None,
        tag: str | None = None,
        enabled: bool | None = None,
    ) -> Page[Workflow]:
        """Newest first."""
        conditions = ["id < :before"]
        before = LAST_ID if cursor is None else cursors.decode(cursor, str)[0]
        values: dict[str, Any] = {"before": before, "limit": limit + 1}
        for condition, name, value in (
            ("owner_id = :owner", "owner", _whose(owner)),
            ("instr(name_folded, :text)", "text", text.casefold() if text else None),
            ("EXISTS (SELECT 1 FROM json_each(tags) WHERE json_each.value = :tag)", "tag", tag),
            ("enabled = :enabled", "enabled", enabled),
        ):
            if value is not None:
                conditions.append(condition)
                values[name] = value
        inner = f"SELECT doc FROM workflows WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT :limit"
        found = [_document(row) for row in await self._readers.rows(packed(("doc",), inner), values)]
        shown = found[:limit]
        return Page(shown, cursors.encode(shown[-1].id) if shown and len(found) > limit else None)

    async def delete(self, workflow_id: str, *, owner: Owner) -> None:
        """Remove the document and, with it, its schedules."""
        values = {"id": workflow_id, "owner": _whose(owner)}

        def delete(connection: sqlite3.Connection) -> None:
            if connection.execute(f"DELETE FROM workflows WHERE id = :id AND {_MINE}", values).rowcount == 0:
                raise NotFound
            connection.execute("INSERT OR IGNORE INTO deleted_workflows VALUES (:id)", values)

        await self._writer.act(delete)

    async def version(self, workflow_id: str, version: int, *, owner: Owner) -> Workflow:
        """One version."""
        values = {"id": workflow_id, "version": version, "owner": _whose(owner)}
        return _document(await self._readers.one(_VERSION, values))

    async def versions(
        self, workflow_id: str, *, owner: Owner, limit: int, cursor: str | None = None
    ) -> Page[VersionInfo]:
        """Newest first."""
        below = _ANY_VERSION if cursor is None else cursors.decode(cursor, int)[0]
        if await self._readers.one(_CURRENT, {"id": workflow_id, "owner": _whose(owner)}) is None:
            raise NotFound
        rows = await self._readers.rows(_VERSIONS, (workflow_id, below, limit + 1))
        found = [VersionInfo(*values) for values in rows[:limit]]
        return Page(found, cursors.encode(found[-1].version) if found and len(rows) > limit else None)


def _values(workflow: Workflow, saved_by: str) -> dict[str, Any]:
    return {
        "id": workflow.id,
        "owner_id": workflow.owner_id,
        "version": workflow.version,
        "enabled": int(workflow.enabled),
        "name_folded": workflow.name.casefold(),
        "tags": dumps(workflow.tags).decode(),
        "doc": dumps(workflow.model_dump(mode="json")).decode(),
        "saved_at": workflow.updated_at,
        "saved_by": saved_by,
        "name": workflow.name,
        "steps": len(workflow.steps),
    }


def _insert_schedules(connection: sqlite3.Connection, schedules: Sequence[ScheduleRow]) -> None:
    connection.executemany(_INSERT_SCHEDULE, [schedule_values(row) for row in schedules])


def _document(values: Sequence[Any] | None) -> Workflow:
    if values is None:
        raise NotFound
    return Workflow.model_validate_json(values[0])
