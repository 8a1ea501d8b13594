"""Real servers for tests that need them, started once in each test process and only when asked for.

Also the place where all of them, and the tests, keep their data, and what makes a process with thousands of tests fast.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from collections.abc import Iterator

import pytest

from tests import scratch
from tests.servers import mongod, valkey
from tests.servers.mongod import Mongod
from tests.servers.valkey import Valkey

_SCRATCH = pytest.StashKey[scratch.Scratch]()

# PYTHONDONTWRITEBYTECODE would have every test process rewrite and compile all test modules in every run, half of what
# collecting them costs, and every process that tests start compile what only such processes import: 0.6 s for a server.
# What is written lies in __pycache__ beside the modules, which git ignores and `make clean` removes.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_configure(config: pytest.Config) -> None:
    """Have the data in memory if there is room. The processes of pytest-xdist inherit the choice."""
    if not hasattr(config, "workerinput") and scratch.wanted():
        config.stash[_SCRATCH] = scratch.Scratch()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the memory back."""
    if _SCRATCH in config.stash:
        config.stash[_SCRATCH].discard()


def pytest_report_header(config: pytest.Config) -> str:
    """Where the data is, since that decides how a failure may be looked into."""
    place = config.stash[_SCRATCH].path if _SCRATCH in config.stash else tempfile.gettempdir()
    return f"test data: {place} ({scratch.SWITCH}=1 keeps it in the ordinary temporary directory)"


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Spare every garbage collection what stays for good, thousands of tests and all modules, and have fewer of them.

    A screen of the terminal UI is made of so many objects that a tenth of its tests' time went into collections.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def pytest_sessionfinish() -> None:
    """End every server of this process."""
    mongod.SERVERS.discard()
    valkey.SERVERS.discard()


@pytest.fixture
def mongo_url() -> Iterator[str]:
    """The address of a database nobody has used yet, on a standalone server."""
    with mongod.new_database(mongod.SERVERS.standalone) as url:
        yield url


@pytest.fixture
def mongo_set_url() -> Iterator[str]:
    """The same on a replica set."""
    with mongod.new_database(mongod.SERVERS.replica_set) as url:
        yield url


@pytest.fixture
def victim_mongod() -> Iterator[Mongod]:
    """A server to kill, stop and start again, with data of other tests on it in databases of their own."""
    server = mongod.SERVERS.victim
    yield server
    server.revive()


@pytest.fixture
def victim_url(victim_mongod: Mongod) -> str:
    """The address of a database there that nobody has used yet."""
    return mongod.with_database(victim_mongod.url, mongod.new_name())


@pytest.fixture
def own_mongod() -> Iterator[Mongod]:
    """A server with nothing on it, to kill, stop and start again."""
    server = mongod.SERVERS.start()
    yield server
    server.discard()


@pytest.fixture
def redis_url() -> str:
    """The address of a Redis; tests use names of their own in it."""
    return valkey.SERVERS.url


@pytest.fixture
def own_redis() -> Iterator[Valkey]:
    """A server to kill, flush and start again."""
    server = valkey.SERVERS.start()
    yield server
    server.discard()
