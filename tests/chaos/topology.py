"""What is set up: which processes, with which settings, over which storage."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.store import Store
from engine.stores.mongo.store import MongoStore
from engine.stores.sqlite.store import SqliteStore
from tests.chaos.child import Child, ServerChild, WorkerChild
from tests.servers.mongod import Mongod
from tests.servers.process import free_port
from tests.servers.valkey import Valkey

LEASE_S: Final = 2
_COMMON: Final = {"FLOWDESK_EGRESS_ALLOW": "127.0.0.1", "FLOWDESK_LOG_LEVEL": "info", "FLOWDESK_GRACE_S": "10"}


@dataclass(slots=True)
class Topology:
    """A FlowDesk of several processes, or of one."""

    servers: list[ServerChild]
    make_store: Callable[[], Store]
    workers: list[WorkerChild] = field(default_factory=list)
    mongod: Mongod | None = None
    valkey: Valkey | None = None

    @property
    def children(self) -> list[Child]:
        """All processes of FlowDesk."""
        return [*self.servers, *self.workers]

    @property
    def token(self) -> str:
        """What the first server tells those on its machine."""
        token = self.servers[0].token
        assert token is not None, "the first server is not up"
        return token

    def start(self) -> None:
        """Start every process; returns when all answer."""
        for child in self.children:
            child.start()
        for child in self.children:
            child.wait_ready()

    def heal(self) -> None:
        """Undo every fault that still lasts."""
        for child in self.children:
            child.resume()
            if not child.is_alive:
                child.start()
        for child in self.children:
            child.wait_ready()

    def discard(self) -> None:
        """End every process, whatever its state."""
        for child in self.children:
            child.kill()


def embedded(directory: Path, **settings: str) -> Topology:
    """One server over SQLite."""
    data = directory / "data"
    server = ServerChild("server", data, free_port(), {**_COMMON, **settings})
    return Topology([server], lambda: SqliteStore(data / "flowdesk.db"))


def scaled(
    directory: Path, mongod: Mongod, valkey: Valkey, *, servers: int = 2, workers: int = 2, **settings: str
) -> Topology:
    """Several servers and workers over MongoDB and Redis."""
    mongo_url = f"{mongod.url}chaos"
    env = {
        **_COMMON,
        "MONGO_URL": mongo_url,
        "REDIS_URL": f"{valkey.url}0",
        "JWT_SECRET": secrets.token_urlsafe(48),
        "FLOWDESK_LEASE_S": str(LEASE_S),
        **settings,
    }
    return Topology(
        [ServerChild(f"server{n}", directory / f"server{n}", free_port(), env) for n in range(servers)],
        lambda: MongoStore(mongo_url),
        [WorkerChild(f"worker{n}", directory / f"worker{n}", env) for n in range(workers)],
        mongod,
        valkey,
    )
