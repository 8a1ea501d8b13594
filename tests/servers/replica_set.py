"""A MongoDB replica set of three members on this machine, for tests of what happens while one is elected."""

from __future__ import annotations

import time
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from tests.servers.mongod import Mongod

NAME: Final = "flowdesk"
_ELECTION_MS: Final = 1000
"""How long a member waits for the primary before it stands for election; MongoDB's own default is ten times as long."""
_PRIMARY_S: Final = 30.0


class Member(Mongod):
    """One of several; who is primary is theirs to find out."""

    def __init__(self) -> None:
        super().__init__(replicas=True)

    def answers(self) -> bool:
        """Whether it can be spoken to."""
        return self.hello() is not None

    def hello(self) -> dict[str, Any] | None:
        """What it says about itself; None when it does not."""
        with self.client(direct=True) as client:
            try:
                return dict(client.admin.command("hello"))
            except PyMongoError:
                return None


class ReplicaSet:
    """Three members, one of them primary. `discard` ends them."""

    def __init__(self) -> None:
        self.members = [Member() for _ in range(3)]
        for member in self.members:
            member.start()
        self._begin()

    @property
    def address(self) -> str:
        """All members; without scheme, database and options."""
        return ",".join(f"127.0.0.1:{member.port}" for member in self.members)

    def url(self, database: str) -> str:
        """The address of one database."""
        return f"mongodb://{self.address}/{database}?replicaSet={NAME}"

    def primary(self) -> Member:
        """Whoever takes writes, as soon as somebody does."""
        until = time.monotonic() + _PRIMARY_S
        while time.monotonic() < until:
            for member in self.members:
                said = member.hello() if member.alive else None
                if said is not None and said.get("isWritablePrimary"):
                    return member
            time.sleep(0.02)
        raise AssertionError("no member became primary")

    def discard(self) -> None:
        """End all of them and remove their data."""
        for member in self.members:
            member.discard()

    def _begin(self) -> None:
        members = [{"_id": i, "host": f"127.0.0.1:{member.port}"} for i, member in enumerate(self.members)]
        settings = {"electionTimeoutMillis": _ELECTION_MS, "heartbeatIntervalMillis": 200}
        with MongoClient[dict[str, Any]](self.members[0].url, directConnection=True) as client:
            client.admin.command("replSetInitiate", {"_id": NAME, "members": members, "settings": settings})
        self.primary()
