"""The one module that imports motor.

The store uses only what motor shares with PyMongo's own asynchronous client, so leaving motor means changing the import
below to PyMongo's AsyncMongoClient and its two companions. See docs/why/motor.md.
"""

from __future__ import annotations

import inspect
from typing import Any

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection, AsyncIOMotorDatabase
from pymongo import ReadPreference, WriteConcern
from pymongo.read_concern import ReadConcern

Doc = dict[str, Any]
Client = AsyncIOMotorClient[Doc]
Collection = AsyncIOMotorCollection[Doc]
Database = AsyncIOMotorDatabase[Doc]

_ELECTING = {"ReplicaSetWithPrimary", "ReplicaSetNoPrimary", "Sharded"}
SELECTION_MS = 1000
"""How long an operation looks for a server that can take it."""


def connect(url: str) -> Client:
    """A client for this address; nothing is connected yet. Options that bear on waiting are ours, not the URL's."""
    return Client(
        url,
        appname="flowdesk",
        serverSelectionTimeoutMS=SELECTION_MS,
        connectTimeoutMS=2000,
        heartbeatFrequencyMS=2000,
        maxPoolSize=32,
        maxIdleTimeMS=300_000,
    )


def database(client: Client, name: str) -> Database:
    """A database whose writes are answered when a majority has them in its journal, whatever the URL says."""
    return client.get_database(
        name,
        write_concern=WriteConcern("majority", j=True),
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
    )


def asking_a_majority(collection: Collection) -> Collection:
    """The same collection, where a single document is read only once a majority agrees that it is the newest."""
    return collection.with_options(read_concern=ReadConcern("linearizable"))


def elects(client: Client) -> bool:
    """Whether other servers may become the primary; a standalone server knows no linearizable reads."""
    seen: Any = client.topology_description
    return seen.topology_type_name in _ELECTING


def unflushed(collection: Collection) -> Collection:
    """The same collection, answering before the disk has the write; for values that need not outlive a crash."""
    return collection.with_options(write_concern=WriteConcern(w=1))


async def close(client: Client) -> None:
    """Let go of all connections; motor's client closes at once, PyMongo's is waited for."""
    closing: Any = client.close()  # type: ignore[func-returns-value]
    if inspect.isawaitable(closing):
        await closing
