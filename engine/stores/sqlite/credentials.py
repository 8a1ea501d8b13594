"""API keys, sessions and invitations in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Final

import orjson

from engine.errors import Conflict
from engine.jsonio import dump_text
from engine.stores.sqlite.faults import is_taken
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.writer import Writer
from engine.tenancy import Credential, CredentialKind

COLUMNS: Final = tuple(field.name for field in fields(Credential))
_ALL: Final = ", ".join(COLUMNS)
_INSERT: Final = f"INSERT INTO credentials ({_ALL}) VALUES ({', '.join('?' * len(COLUMNS))})"
_REPLACE: Final = "UPDATE credentials SET digest = ?, expires_at = ?, about = ? WHERE id = ? AND digest = ?"
_USED: Final = "UPDATE credentials SET used_at = ?1 WHERE id = ?2 AND coalesce(used_at, 0) < ?1"
_PRUNE: Final = """
DELETE FROM credentials WHERE id IN (SELECT id FROM credentials WHERE expires_at < ? LIMIT ?)
"""
_EVERYTHING: Final = packed(COLUMNS, "SELECT * FROM credentials WHERE id > ? ORDER BY id LIMIT ?")


class SqliteCredentials:
    """Implements engine.tenancy.Credentials."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def create(self, credential: Credential) -> None:
        """Add a credential."""
        values = [getattr(credential, name) for name in COLUMNS]
        values[COLUMNS.index("kind")] = credential.kind.value
        values[COLUMNS.index("about")] = dump_text(credential.about)

        def create(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(_INSERT, values)
            except sqlite3.IntegrityError as error:
                if is_taken(error):
                    raise Conflict("this credential exists already", code="id_taken") from None
                raise

        await self._writer.act(create, single=True)

    async def get(self, credential_id: str) -> Credential | None:
        """The one with this id."""
        return await self._one("id", credential_id)

    async def by_digest(self, digest: str) -> Credential | None:
        """The one with this digest."""
        return await self._one("digest", digest)

    async def some(
        self, kind: CredentialKind, *, limit: int, user_id: str | None = None, workspace_id: str | None = None
    ) -> list[Credential]:
        """Newest first."""
        where, values = _whose(kind, user_id, workspace_id)
        query = packed(COLUMNS, f"SELECT * FROM credentials WHERE {where} ORDER BY id DESC LIMIT ?")
        return [_row(found) for found in await self._readers.rows(query, (*values, limit))]

    async def replace(self, credential: Credential, *, digest: str) -> bool:
        """Compare and set."""
        about = dump_text(credential.about)
        return bool(await self._write(_REPLACE, credential.digest, credential.expires_at, about, credential.id, digest))

    async def used(self, credential_id: str, at: int) -> None:
        """Note a use."""
        await self._write(_USED, at, credential_id)

    async def delete(self, credential_id: str) -> bool:
        """Remove one."""
        return bool(await self._write("DELETE FROM credentials WHERE id = ?", credential_id))

    async def delete_some(
        self, kind: CredentialKind, *, user_id: str | None = None, workspace_id: str | None = None
    ) -> int:
        """Remove several."""
        where, values = _whose(kind, user_id, workspace_id)
        return await self._write(f"DELETE FROM credentials WHERE {where}", *values)

    async def prune(self, *, expired_before: int, limit: int) -> int:
        """Remove what has expired."""
        return await self._write(_PRUNE, expired_before, limit)

    async def everything(self, *, limit: int, after: str | None = None) -> list[Credential]:
        """All of them by id."""
        return [_row(values) for values in await self._readers.rows(_EVERYTHING, (after or "", limit))]

    async def _one(self, column: str, value: str) -> Credential | None:
        values = await self._readers.one(f"SELECT {_ALL} FROM credentials WHERE {column} = ?", (value,))
        return None if values is None else _row(values)

    async def _write(self, statement: str, *values: Any) -> int:
        changed: int = await self._writer.act(
            lambda connection: connection.execute(statement, values).rowcount, single=True
        )
        return changed


def _whose(kind: CredentialKind, user_id: str | None, workspace_id: str | None) -> tuple[str, tuple[str, ...]]:
    """A condition of our own columns, and its values."""
    given = {"kind": kind.value, "user_id": user_id, "workspace_id": workspace_id}
    wanted = {column: value for column, value in given.items() if value is not None}
    return " AND ".join(f"{column} = ?" for column in wanted), tuple(wanted.values())


def _row(values: Sequence[Any]) -> Credential:
    held = dict(zip(COLUMNS, values, strict=True))
    return Credential(**{**held, "kind": CredentialKind(held["kind"]), "about": orjson.loads(held["about"])})
