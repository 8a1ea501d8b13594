"""From an address to a database that is ours and in the form this program knows; Unusable says what to do otherwise.

Unreachable, a kind of Unusable, says that the same may work later: nobody listens, there is no primary, the disk is
full.
"""

from __future__ import annotations

import asyncio
import re
from time import monotonic
from typing import Any, Final
from urllib.parse import urlsplit

import pymongo
from pymongo import IndexModel
from pymongo.errors import (
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
)
from pymongo.uri_parser import parse_uri

from engine.errors import Unavailable, Unreachable, Unusable
from engine.stores.mongo import driver, faults
from engine.stores.mongo.driver import Client, Database, Doc
from engine.stores.mongo.schema import COLLECTIONS, FORM, INDEXES, JOURNAL, META, VALIDATORS

USUAL_NAME: Final = "flowdesk"
OLDEST: Final = (4, 4)
_EXAMPLE: Final = "set MONGO_URL to something like mongodb://user:password@host:27017/flowdesk"
_EXISTS: Final = 48
_CONFLICTS: Final = (85, 86)
_NO_RIGHT, _NO_LOGIN = 13, 18
_KNOCK_S: Final = 1.0
_NAMES_S: Final = 2.0
"""How long each of the two questions to the name server may take that mongodb+srv:// asks."""
STEP_S: Final = 2.0
_INDEX_S: Final = 10.0


class Opening:
    """One attempt to open `url`; afterwards `name` and `where` are known. One step may take `step_s`."""

    def __init__(self, url: str, *, patience_s: float, step_s: float = STEP_S) -> None:
        self._url = url
        self._step_s = step_s
        self._patience_s = patience_s
        self._client: Client | None = None
        self.name = USUAL_NAME
        self.where = "?"
        self.version = "?"

    @property
    def client(self) -> Client:
        """The client; `run` makes it."""
        if self._client is None:
            raise Unavailable("the store is closed")
        return self._client

    async def discard(self) -> None:
        """Let go of what a `run` that failed has made."""
        if self._client is not None:
            await driver.close(self._client)

    def _is_unresolved(self, error: Exception) -> bool:
        """Whether a name server did not know the name, or did not answer; the driver hides its error behind one."""
        by_name = self._url.startswith("mongodb+srv://")
        return by_name and isinstance(error, ConfigurationError) and error.__cause__ is not None

    async def _connect(self) -> None:
        try:
            # With mongodb+srv:// this asks a name server, and waits for it.
            self.where = urlsplit(self._url).hostname or "?"
            parsed = await asyncio.to_thread(parse_uri, self._url, connect_timeout=_NAMES_S)
            self.name = parsed["database"] or USUAL_NAME
            self.where = ", ".join(f"{host}:{port}" for host, port in parsed["nodelist"])
            self._client = driver.connect(self._url)
        except (PyMongoError, ValueError, TypeError) as error:
            if self._is_unresolved(error):
                raise self._away(error) from None
            raise Unusable(f"MONGO_URL is no address of MongoDB: {self._masked(str(error))}", hint=_EXAMPLE) from None

    def _away(self, error: Exception) -> Unreachable:
        """What to tell of a server that may come."""
        return Unreachable(
            f"MongoDB at {self.where} cannot be reached: {faults.reason(error)}",
            hint="start it, or correct MONGO_URL; without MONGO_URL FlowDesk keeps everything in SQLite",
        )

    def _masked(self, text: str) -> str:
        """The text without anything that stands before the @ of the address."""
        found = re.search(r"//([^/@]*)@", self._url)
        for secret in re.split("[:]", found[1]) if found else ():
            text = text.replace(secret, "***") if secret else text
        return text

    async def run(self) -> None:
        """Wait for the server, check it, and bring the database to the form we know."""
        await self._connect()
        try:
            await self._reach()
            database = driver.database(self.client, self.name)
            await _recognise(database, self.name, self._step_s)
            await _prepare(database, self._step_s)
            await _make_collections(database, self._step_s)
            await _make_indexes(database)
        except PyMongoError as error:
            raise self._refused(error) from error

    async def _reach(self) -> None:
        until = monotonic() + self._patience_s
        while True:
            try:
                with pymongo.timeout(_KNOCK_S):
                    info: Doc = await self.client.admin.command("buildInfo")
                    break
            except ConfigurationError as error:
                if self._is_unresolved(error):
                    raise self._away(error) from None
                raise Unusable(f"{faults.reason(error)}", hint="upgrade MongoDB to 4.4 or newer") from None
            except (ConnectionFailure, ExecutionTimeout) as error:
                if monotonic() >= until:
                    raise self._away(error) from None
                await asyncio.sleep(0.1)
        self.version = str(info.get("version", "?"))
        if tuple(info.get("versionArray", OLDEST))[:2] < OLDEST:
            raise Unusable(
                f"MongoDB at {self.where} is version {self.version}; FlowDesk needs 4.4 or newer",
                hint="upgrade MongoDB",
            )

    def _refused(self, error: PyMongoError) -> Unusable:
        """What to tell; Unreachable for what the store waits for once it is open."""
        code = error.code if isinstance(error, OperationFailure) else None
        text = error.details.get("errmsg") if isinstance(error, OperationFailure) and error.details else None
        text = text or faults.reason(error)
        if code == _NO_LOGIN:
            hint = "correct user and password in MONGO_URL; a user of another database needs ?authSource=<database>"
            return Unusable(f"MongoDB at {self.where} refuses the login of MONGO_URL: {text}", hint=hint)
        if code == _NO_RIGHT:
            hint = f"grant it the role readWrite on {self.name}, or name another database in MONGO_URL"
            return Unusable(f"the user of MONGO_URL may not use the database {self.name}: {text}", hint=hint)
        known = faults.translated(error, self.where)
        if isinstance(known, Unavailable):
            return Unreachable(known.message, hint=known.hint)
        return Unusable(f"MongoDB at {self.where} cannot be used: {text}")


async def _recognise(database: Database, name: str, step_s: float) -> None:
    """Refuse a database of another program or of a newer FlowDesk."""
    with pymongo.timeout(step_s):
        known, stranger = await database[META].find_one({"_id": "schema"}), None
        if known is None:
            stranger = await _stranger(database)
            # Once more: another server that starts right now writes this mark before anything else.
            known = await database[META].find_one({"_id": "schema"})
    if known is None and stranger is not None:
        raise Unusable(
            f"the database {name} belongs to another program: it has a collection {stranger} and no mark of ours",
            hint="name another database at the end of MONGO_URL, such as mongodb://host:27017/flowdesk",
        )
    form = 0 if known is None else known.get("form")
    if not isinstance(form, int) or form > FORM:
        raise Unusable(
            f"the database {name} was written by a newer FlowDesk (form {form}; this one knows {FORM})",
            code="store_too_new",
            hint="upgrade FlowDesk, or name another database in MONGO_URL",
        )


async def _stranger(database: Database) -> str | None:
    """A collection named like one of ours that is not empty: ours, or that of somebody else."""
    for collection in COLLECTIONS:
        if await database[collection].find_one({}, {"_id": 1}) is not None:
            return collection
    return None


async def _make_collections(database: Database, step_s: float) -> None:
    for collection, validator in VALIDATORS.items():
        with pymongo.timeout(step_s):
            try:
                await database.command("create", collection, validator=validator)
            except OperationFailure as error:
                if error.code != _EXISTS:
                    raise
                await database.command("collMod", collection, validator=validator)


async def _make_indexes(database: Database) -> None:
    await asyncio.gather(*(_make_indexes_of(database, collection, indexes) for collection, indexes in INDEXES.items()))


async def _make_indexes_of(database: Database, collection: str, indexes: list[IndexModel]) -> None:
    """Make what is missing. On a large database that takes a while; it goes on in the server while we ask again."""
    while True:
        try:
            with pymongo.timeout(_INDEX_S):
                await database[collection].create_indexes(indexes)
                return
        except ExecutionTimeout:
            continue
        except OperationFailure as error:
            if error.code in _CONFLICTS:
                raise Unusable(
                    f"an index of {collection} is not ours: {(error.details or {}).get('errmsg')}",
                    hint="drop that index and start again",
                ) from None
            raise


async def _prepare(database: Database, step_s: float) -> None:
    """The single documents. The counter of the feed is never behind the journal, whatever was restored by hand."""
    meta = database[META]
    with pymongo.timeout(step_s):
        await meta.update_one({"_id": "schema"}, {"$max": {"form": FORM}}, upsert=True)
        newest = await database[JOURNAL].find_one({}, {"_id": 1}, sort=[("_id", -1)])
        places: dict[str, Any] = {"$setOnInsert": {"floor": 0}, "$max": {"last": newest["_id"] if newest else 0}}
        await meta.update_one({"_id": "places"}, places, upsert=True)
        await meta.update_one({"_id": "repair"}, {"$setOnInsert": {"upTo": 0}}, upsert=True)
