"""The connection: one client, every call bounded in time, every error translated."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import pymongo
from bson.errors import BSONError
from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from engine.errors import Unavailable
from engine.stores.lender import Lender
from engine.stores.mongo import driver, faults
from engine.stores.mongo.driver import Client, Collection, Database, Doc
from engine.stores.mongo.gate import Gate

T = TypeVar("T")
Sort = Sequence[tuple[str, int]]
Change = Doc | list[Doc]

CALL_S: Final = 1.5
"""How long one call may take unless the store was told otherwise: whoever asked is answered within two seconds."""
BULK_S: Final = 10.0
"""The same for work in the background that nobody waits for."""
_PROBE_S: Final = 1.0
_GUARD_S: Final = 0.2
_LEND_S: Final = 0.001
"""A call takes one of motor's threads several turns: with a busy event loop and nobody who lends, seconds."""
_BATCH: Final = 1000
"""Documents of one round trip; MongoDB's own default is 101."""


class Link:
    """Owns the client between `attach` and `close`. One call may take `call_s`."""

    def __init__(self, *, call_s: float = CALL_S) -> None:
        self.call_s = call_s
        self._client: Client | None = None
        self._database: Database | None = None
        self._gate = Gate(self._probe)
        self._lender = Lender(every_s=_LEND_S)
        self.where = "?"

    def attach(self, client: Client, name: str, where: str) -> None:
        """Take over a client that was found to work."""
        self._client = client
        self._database = driver.database(client, name)
        self.where = where

    async def close(self) -> None:
        """Let go of the server. Twice is fine."""
        await self._gate.close()
        self._lender.close()
        client, self._client, self._database = self._client, None, None
        if client is not None:
            await driver.close(client)

    @property
    def database(self) -> Database:
        """The database; Unavailable when the store is closed."""
        if self._database is None:
            raise Unavailable("the store is closed")
        return self._database

    @property
    def answers(self) -> bool:
        """Whether the server answered last time."""
        return self._gate.is_open

    def __getitem__(self, name: str) -> Collection:
        return self.database[name]

    async def call(self, operation: Callable[[], Awaitable[T]], *, seconds: float | None = None) -> T:
        """Do something with the server, within this time or that of one call."""
        seconds = self.call_s if seconds is None else seconds
        await self._gate.enter()
        self._lender.asked(asyncio.get_running_loop())
        try:
            with pymongo.timeout(seconds):
                # The driver minds the time, but not that of a call still waiting for one of its threads.
                async with asyncio.timeout(seconds + _GUARD_S):
                    return await operation()
        except (PyMongoError, BSONError, TimeoutError, OverflowError, UnicodeEncodeError) as error:
            known = faults.translated(error, self.where)
            if known is error:
                raise
            if faults.is_away(error) and isinstance(known, Unavailable):
                self._gate.shut(known)
            raise known from error
        finally:
            self._lender.answered()

    async def one(
        self,
        collection: str,
        where: Mapping[str, Any],
        shown: Mapping[str, Any] | None = None,
        *,
        sort: Sort | None = None,
    ) -> Doc | None:
        """The first document found."""
        found: Doc | None = await self.call(lambda: self[collection].find_one(where, shown, sort=sort))
        return found

    async def known(
        self, collection: str, where: Mapping[str, Any], shown: Mapping[str, Any] | None = None
    ) -> Doc | None:
        """A single document that somebody was told of: that it is not there is said only when a majority agrees.

        For a moment a primary that was just elected may not show what the one before it acknowledged.
        """
        found = await self.one(collection, where, shown)
        if found is not None or self._client is None or not driver.elects(self._client):
            return found
        agreed: Doc | None = await self.call(lambda: driver.asking_a_majority(self[collection]).find_one(where, shown))
        return agreed

    async def many(
        self,
        collection: str,
        where: Mapping[str, Any],
        shown: Mapping[str, Any] | None = None,
        *,
        sort: Sort | None = None,
        limit: int = 0,
        hint: str | None = None,
        seconds: float | None = None,
    ) -> list[Doc]:
        """All documents found."""

        async def read() -> list[Doc]:
            cursor = self[collection].find(where, shown, sort=sort, limit=limit, hint=hint, batch_size=limit or _BATCH)
            return await cursor.to_list(None)

        return await self.call(read, seconds=seconds)

    async def insert_one(self, collection: str, doc: Doc) -> None:
        """Add a document."""
        await self.call(lambda: self[collection].insert_one(doc))

    async def update_one(self, collection: str, where: Doc, change: Change, *, upsert: bool = False) -> int:
        """Change a document; how many were found."""
        done = await self.call(lambda: self[collection].update_one(where, change, upsert=upsert))
        return int(done.matched_count)

    async def changed(
        self, collection: str, where: Doc, change: Change, *, after: bool = True, flushed: bool = True
    ) -> Doc | None:
        """Change a document and return it as it is `after` that, or as it was before."""

        def change_it() -> Awaitable[Doc | None]:
            there = self[collection] if flushed else driver.unflushed(self[collection])
            which = ReturnDocument.AFTER if after else ReturnDocument.BEFORE
            return there.find_one_and_update(where, change, return_document=which)

        return await self.call(change_it)

    async def update_many(self, collection: str, where: Doc, change: Change, *, seconds: float | None = None) -> None:
        """Change all documents found."""
        await self.call(lambda: self[collection].update_many(where, change), seconds=seconds)

    async def delete(self, collection: str, where: Doc, *, seconds: float | None = None) -> int:
        """Remove all documents found; how many."""
        done = await self.call(lambda: self[collection].delete_many(where), seconds=seconds)
        return int(done.deleted_count)

    async def _probe(self) -> None:
        try:
            with pymongo.timeout(_PROBE_S):
                async with asyncio.timeout(_PROBE_S + _GUARD_S):
                    await self.database.client.admin.command("ping")
        except (PyMongoError, TimeoutError) as error:
            raise Unavailable(faults.reason(error)) from None
