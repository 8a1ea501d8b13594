"""Secrets in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any, Final

import orjson

from engine.errors import Conflict, NotFound, VersionConflict
from engine.jsonio import dump_text
from engine.secret_rows import SecretRow
from engine.stores.sqlite.faults import is_taken
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.writer import Writer

COLUMNS: Final = tuple(field.name for field in fields(SecretRow))
_ALL: Final = ", ".join(COLUMNS)
_INSERT: Final = f"INSERT INTO secrets ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))})"
_REPLACE: Final = """
UPDATE secrets SET kind = ?, revision = ?, key_id = ?, sealed = ?, about = ?, updated_at = ?
WHERE owner_id = ? AND name = ? AND revision = ?
"""
_ONE: Final = "owner_id = ? AND name = ?"
_SOME: Final = packed(
    COLUMNS, "SELECT * FROM secrets WHERE owner_id = ? AND name IN (SELECT value FROM json_each(?)) ORDER BY name"
)
_PAGE: Final = packed(COLUMNS, "SELECT * FROM secrets WHERE owner_id = ? AND name > ? ORDER BY name LIMIT ?")
_EVERYTHING: Final = packed(
    COLUMNS, "SELECT * FROM secrets WHERE (owner_id, name) > (?, ?) ORDER BY owner_id, name LIMIT ?"
)
_USED: Final = """
UPDATE secrets SET used_at = ?1
WHERE owner_id = ?2 AND name IN (SELECT value FROM json_each(?3)) AND coalesce(used_at, 0) < ?1
"""
_LEASE: Final = f"""
UPDATE secrets SET lease_holder = ?, lease_until = ? WHERE {_ONE} AND (lease_holder IS ? OR lease_until <= ?)
"""
_UNLEASE: Final = f"UPDATE secrets SET lease_holder = NULL, lease_until = 0 WHERE {_ONE} AND lease_holder = ?"
_KEYS: Final = packed(("key_id",), "SELECT DISTINCT key_id FROM secrets")


class SqliteSecrets:
    """Implements engine.secret_rows.Secrets."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def create(self, row: SecretRow) -> None:
        """Add a secret."""
        values = [getattr(row, name) for name in COLUMNS]
        values[COLUMNS.index("about")] = dump_text(row.about)

        def create(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(_INSERT, values)
            except sqlite3.IntegrityError as error:
                if is_taken(error):
                    raise Conflict(f"there is a secret {row.name} already", code="name_taken") from None
                raise

        await self._writer.act(create, single=True)

    async def get(self, owner: str, name: str) -> SecretRow:
        """One secret."""
        values = await self._readers.one(f"SELECT {_ALL} FROM secrets WHERE {_ONE}", (owner, name))
        if values is None:
            raise NotFound
        return _row(values)

    async def some(self, owner: str, names: Collection[str]) -> list[SecretRow]:
        """Those that are there."""
        return _rows(await self._readers.rows(_SOME, (owner, dump_text(sorted(set(names))))))

    async def page(self, owner: str, *, limit: int, after: str | None = None) -> list[SecretRow]:
        """By name."""
        return _rows(await self._readers.rows(_PAGE, (owner, after or "", limit)))

    async def replace(self, row: SecretRow) -> None:
        """Compare and set."""
        changed = (row.kind, row.revision, row.key_id, row.sealed, dump_text(row.about), row.updated_at)
        values = (*changed, row.owner_id, row.name, row.revision - 1)

        def replace(connection: sqlite3.Connection) -> None:
            if connection.execute(_REPLACE, values).rowcount == 0:
                found = connection.execute(f"SELECT 1 FROM secrets WHERE {_ONE}", (row.owner_id, row.name)).fetchone()
                if found is None:
                    raise NotFound
                raise VersionConflict(f"the secret {row.name} was changed in the meantime", hint="do it again")

        await self._writer.act(replace, single=True)

    async def delete(self, owner: str, name: str) -> None:
        """Remove a secret."""

        def delete(connection: sqlite3.Connection) -> None:
            if connection.execute(f"DELETE FROM secrets WHERE {_ONE}", (owner, name)).rowcount == 0:
                raise NotFound

        await self._writer.act(delete, single=True)

    async def used(self, owner: str, names: Collection[str], at: int) -> None:
        """Note a use."""
        values = (at, owner, dump_text(sorted(set(names))))
        await self._writer.act(lambda connection: connection.execute(_USED, values).rowcount, single=True)

    async def lease(self, owner: str, name: str, *, holder: str, now: int, until: int) -> bool:
        """Take the lease when it is free."""
        values = (holder, until, owner, name, holder, now)
        return bool(await self._writer.act(lambda connection: connection.execute(_LEASE, values).rowcount, single=True))

    async def unlease(self, owner: str, name: str, *, holder: str) -> None:
        """Give the lease back."""
        values = (owner, name, holder)
        await self._writer.act(lambda connection: connection.execute(_UNLEASE, values).rowcount, single=True)

    async def everything(self, *, limit: int, after: tuple[str, str] | None = None) -> list[SecretRow]:
        """Secrets of all tenants."""
        return _rows(await self._readers.rows(_EVERYTHING, (*(after or ("", "")), limit)))

    async def key_ids(self) -> set[str]:
        """The keys in use."""
        return {str(key) for (key,) in await self._readers.rows(_KEYS)}


def _rows(found: Sequence[Sequence[Any]]) -> list[SecretRow]:
    return [_row(values) for values in found]


def _row(values: Sequence[Any]) -> SecretRow:
    held = dict(zip(COLUMNS, values, strict=True))
    return SecretRow(**{**held, "about": orjson.loads(held["about"])})
