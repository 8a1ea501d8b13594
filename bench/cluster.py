"""FlowDesk over MongoDB and Redis: one server, some workers, and the two services, all started and ended here."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.api import Api
from bench.processes import flowdesk
from tests.servers import mongod, valkey
from tests.servers.mongod import Mongod
from tests.servers.valkey import Valkey

START_S: Final = 60.0
STOP_S: Final = 20.0


@dataclass(slots=True)
class Services:
    """A MongoDB and a Redis of our own, which may be used by one set-up after the other."""

    mongod: Mongod
    valkey: Valkey

    def settings(self, workers: str) -> dict[str, str]:
        """A database nobody has used yet, and who executes what."""
        name = secrets.token_hex(5)
        return {
            "MONGO_URL": f"{self.mongod.url}bench_{name}",
            "REDIS_URL": f"{self.valkey.url}0",
            "FLOWDESK_REDIS_PREFIX": f"bench-{name}",
            "FLOWDESK_WORKERS": workers,
            "JWT_SECRET": secrets.token_urlsafe(48),
        }


@contextmanager
def services() -> Iterator[Services]:
    """Start both; gone at the end."""
    try:
        yield Services(mongod.SERVERS.start(), valkey.SERVERS.start())
    finally:
        valkey.SERVERS.discard()
        mongod.SERVERS.discard()


@contextmanager
def cluster(directory: Path, used: Services, *, workers: int, execute: str) -> Iterator[Api]:
    """One server and so many worker processes, once all of them have said that they live."""
    settings = used.settings(execute)
    with ExitStack() as stack:
        server = stack.enter_context(flowdesk(directory / "server", **settings))
        for number in range(workers):
            stack.enter_context(_worker(directory / f"worker{number}", settings))
        api = Api(server.url, server.hello["token"])
        stack.callback(api.close)
        _wait_for_workers(api, workers)
        yield api


@contextmanager
def _worker(directory: Path, settings: dict[str, str]) -> Iterator[None]:
    """A `taskiq worker` with one process below its manager, in a process group of its own."""
    directory.mkdir(parents=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FLOWDESK_")}
    chosen = {
        "FLOWDESK_DATA_DIR": str(directory),
        "FLOWDESK_EGRESS_ALLOW": "127.0.0.1",
        "FLOWDESK_LOG_LEVEL": "warning",
        **settings,
    }
    command = [sys.executable, "-P", "-m", "taskiq", "worker", "server.worker:broker", "--workers", "1"]
    with (directory / "output").open("wb") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=kept | chosen,
            start_new_session=True,
        )
    try:
        yield
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGTERM)
        child.wait(STOP_S)
    except ProcessLookupError:
        child.wait(STOP_S)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait(STOP_S)


def _wait_for_workers(api: Api, workers: int) -> None:
    until = time.monotonic() + START_S
    while sum(process["role"] == "worker" for process in api.call("GET", "/api/workers")) < workers:
        if time.monotonic() > until:
            raise RuntimeError(f"{workers} workers did not start within {START_S:.0f} s")
        time.sleep(0.05)
