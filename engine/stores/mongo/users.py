"""Accounts in MongoDB."""

from __future__ import annotations

from pymongo.errors import DuplicateKeyError

from engine.errors import Conflict, NotFound
from engine.models.run import Role, User
from engine.store import Page
from engine.stores import cursor as cursors
from engine.stores.mongo import lists
from engine.stores.mongo.documents import user_doc, user_row
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.link import Link
from engine.stores.mongo.schema import USERS


class MongoUsers:
    """Implements engine.store.Users."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(self, user: User) -> None:
        """Add an account."""
        try:
            await self._link.insert_one(USERS, user_doc(user))
        except DuplicateKeyError:
            raise Conflict("this e-mail address has an account already", code="email_taken") from None

    async def by_email(self, email: str) -> User | None:
        """The account with this address."""
        return await self._find({"email": email.lower()})

    async def by_id(self, user_id: str) -> User | None:
        """The account with this id."""
        doc = await self._link.known(USERS, {"_id": user_id})
        return None if doc is None else user_row(doc)

    async def update(
        self,
        user_id: str,
        *,
        role: Role | None = None,
        password_hash: str | None = None,
        token_version: int | None = None,
    ) -> None:
        """Change what is given."""
        given = lists.equal(
            role=None if role is None else role.value, passwordHash=password_hash, tokenVersion=token_version
        )
        known = bool(given) and await self._link.update_one(USERS, {"_id": user_id}, {"$set": given}) > 0
        if not known and (given or await self.by_id(user_id) is None):
            raise NotFound

    async def page(self, *, limit: int, cursor: str | None = None) -> Page[User]:
        """Newest first."""
        where: Doc = {} if cursor is None else {"_id": {"$lt": cursors.decode(cursor, str)[0]}}
        docs = await self._link.many(USERS, where, sort=[("_id", -1)], limit=limit + 1, hint="_id_")
        users = [user_row(doc) for doc in docs[:limit]]
        return Page(users, cursors.encode(users[-1].id) if len(docs) > limit and users else None)

    async def _find(self, where: Doc) -> User | None:
        doc = await self._link.one(USERS, where)
        return None if doc is None else user_row(doc)
