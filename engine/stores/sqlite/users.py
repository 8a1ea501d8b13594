"""Accounts in SQLite."""

from __future__ import annotations

import sqlite3
from typing import Final

from engine.errors import Conflict, NotFound
from engine.models.run import Role, User
from engine.store import Page
from engine.stores import cursor as cursors
from engine.stores.sqlite.faults import is_taken
from engine.stores.sqlite.readers import Readers, packed
from engine.stores.sqlite.rows import USER_COLUMNS, user_row
from engine.stores.sqlite.writer import Writer

_USER: Final = ", ".join(USER_COLUMNS)
_INSERT: Final = f"INSERT INTO users ({_USER}) VALUES ({', '.join('?' * len(USER_COLUMNS))})"
_UPDATE: Final = """
UPDATE users SET role = coalesce(?, role), password_hash = coalesce(?, password_hash),
    token_version = coalesce(?, token_version)
WHERE id = ?
"""
_PAGE: Final = packed(USER_COLUMNS, "SELECT * FROM users WHERE id < ? ORDER BY id DESC LIMIT ?")

LAST_ID: Final = "~"
"""Sorts behind every id."""


class SqliteUsers:
    """Implements engine.store.Users."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer = writer
        self._readers = readers

    async def create(self, user: User) -> None:
        """Add an account."""
        email = user.email.lower()
        values = (user.id, email, user.password_hash, user.role.value, user.created_at, user.token_version)

        def create(connection: sqlite3.Connection) -> None:
            try:
                connection.execute(_INSERT, values)
            except sqlite3.IntegrityError as error:
                if is_taken(error):
                    raise Conflict("this e-mail address has an account already", code="email_taken") from None
                raise

        await self._writer.act(create, single=True)

    async def by_email(self, email: str) -> User | None:
        """The account with this address."""
        values = await self._readers.one(f"SELECT {_USER} FROM users WHERE email = ?", (email.lower(),))
        return None if values is None else user_row(values)

    async def by_id(self, user_id: str) -> User | None:
        """The account with this id."""
        values = await self._readers.one(f"SELECT {_USER} FROM users WHERE id = ?", (user_id,))
        return None if values is None else user_row(values)

    async def update(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        password_hash: str | None = None,
        token_version: int | None = None,
    ) -> None:
        """Change what is given."""
        values = (None if role is None else role.value, password_hash, token_version, user_id)

        def update(connection: sqlite3.Connection) -> None:
            if connection.execute(_UPDATE, values).rowcount == 0:
                raise NotFound

        await self._writer.act(update, single=True)

    async def page(self, *, limit: int, cursor: str | None = None) -> Page[User]:
        """Newest first."""
        before = LAST_ID if cursor is None else cursors.decode(cursor, str)[0]
        rows = await self._readers.rows(_PAGE, (before, limit + 1))
        users = [user_row(values) for values in rows[:limit]]
        more = len(rows) > limit and bool(users)
        return Page(users, cursors.encode(users[-1].id) if more else None)
