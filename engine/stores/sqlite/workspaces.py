"""Workspaces in SQLite: the document in one row, and a row for each membership to find it by."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import orjson

from engine.errors import Conflict, NotFound, VersionConflict
from engine.jsonio import dump_text
from engine.stores.sqlite.faults import is_taken
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.writer import Writer
from engine.tenancy import Member, MemberRole, Workspace

_COLUMNS: Final = ("id", "name", "created_at", "revision", "members")
_ALL: Final = ", ".join(_COLUMNS)
_INSERT: Final = f"INSERT INTO workspaces ({_ALL}) VALUES (?, ?, ?, ?, ?)"
_SAVE: Final = "UPDATE workspaces SET name = ?, revision = ?, members = ? WHERE id = ? AND revision = ?"
_JOIN: Final = "INSERT INTO workspace_members (user_id, workspace_id) VALUES (?, ?)"
_OF_USER: Final = packed(
    _COLUMNS,
    "SELECT * FROM workspaces WHERE id IN (SELECT workspace_id FROM workspace_members WHERE user_id = ?) ORDER BY id",
)
_EVERYTHING: Final = packed(_COLUMNS, "SELECT * FROM workspaces WHERE id > ? ORDER BY id LIMIT ?")


class SqliteWorkspaces:
    """Implements engine.tenancy.Workspaces."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def create(self, workspace: Workspace) -> None:
        """Add a workspace."""
        values = (workspace.id, workspace.name, workspace.created_at, workspace.revision, _members(workspace))

        def create(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(_INSERT, values)
            except sqlite3.IntegrityError as error:
                if is_taken(error):
                    raise Conflict("a workspace with this id exists already", code="id_taken") from None
                raise
            _join(connection, workspace)

        await self._writer.act(create)

    async def get(self, workspace_id: str) -> Workspace:
        """One workspace."""
        values = await self._readers.one(f"SELECT {_ALL} FROM workspaces WHERE id = ?", (workspace_id,))
        if values is None:
            raise NotFound
        return _row(values)

    async def of_user(self, user_id: str) -> list[Workspace]:
        """Those with this member."""
        return [_row(values) for values in await self._readers.rows(_OF_USER, (user_id,))]

    async def save(self, workspace: Workspace) -> None:
        """Compare and set."""
        before = workspace.revision - 1
        values = (workspace.name, workspace.revision, _members(workspace), workspace.id, before)

        def save(connection: sqlite3.Connection) -> None:
            if connection.execute(_SAVE, values).rowcount == 0:
                if connection.execute("SELECT 1 FROM workspaces WHERE id = ?", (workspace.id,)).fetchone() is None:
                    raise NotFound
                raise VersionConflict("the workspace was changed in the meantime", hint="do it again")
            connection.execute("DELETE FROM workspace_members WHERE workspace_id = ?", (workspace.id,))
            _join(connection, workspace)

        await self._writer.act(save)

    async def delete(self, workspace_id: str) -> None:
        """Remove a workspace."""

        def delete(connection: sqlite3.Connection) -> None:
            if connection.execute("DELETE FROM workspaces WHERE id = ?", (workspace_id,)).rowcount == 0:
                raise NotFound
            connection.execute("DELETE FROM workspace_members WHERE workspace_id = ?", (workspace_id,))

        await self._writer.act(delete)

    async def everything(self, *, limit: int, after: str | None = None) -> list[Workspace]:
        """All of them by id."""
        return [_row(values) for values in await self._readers.rows(_EVERYTHING, (after or "", limit))]


def _join(connection: sqlite3.Connection, workspace: Workspace) -> None:
    connection.executemany(_JOIN, [(member.user_id, workspace.id) for member in workspace.members])


def _members(workspace: Workspace) -> str:
    return dump_text([[member.user_id, member.role.value, member.since] for member in workspace.members])


def _row(values: Sequence[Any]) -> Workspace:
    workspace_id, name, created_at, revision, members = values
    found = tuple(Member(user, MemberRole(role), since) for user, role, since in orjson.loads(members))
    return Workspace(workspace_id, name, created_at, found, revision)
