"""An open MongoDB store, and looks behind its back."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

from pymongo import MongoClient
from pymongo.database import Database

from engine.errors import Unavailable
from engine.stores.mongo.entries import Entry
from engine.stores.mongo.store import MongoStore
from tests.servers.mongod import Mongod
from tests.servers.patient import PATIENT_S

LIMIT_S: Final = 2.0
"""How soon a caller must be told that MongoDB does not answer."""
_BUSY_S: Final = 1.0
"""How much later a machine full of other tests may tell it."""
_ROOT: Final = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def opened(url: str, *, patience_s: float = PATIENT_S, call_s: float = PATIENT_S) -> AsyncIterator[MongoStore]:
    """An open store that repairs whenever it is asked to. Tests about a server that is away pass CALL_S."""
    store = MongoStore(url, patience_s=patience_s, repair_every_s=0, call_s=call_s)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def behind(url: str) -> Database[dict[str, Any]]:
    """The database itself; close its client in the end."""
    return MongoClient[dict[str, Any]](url).get_default_database()


async def refused_in_time(call: Awaitable[object]) -> Unavailable:
    """The error of a call that must be refused within the limit."""
    begun = time.monotonic()
    try:
        async with asyncio.timeout(LIMIT_S + _BUSY_S + 1):
            await call
    except Unavailable as error:
        assert time.monotonic() - begun < LIMIT_S + _BUSY_S
        return error
    raise AssertionError("it was not refused")


@contextmanager
def paused_at_the_insert(store: MongoStore, server: Mongod) -> Iterator[None]:
    """Stop the server just before an entry is sent to it: the entry lies in its socket, and nobody answers."""
    journal = store._journal
    really = journal._try

    async def pause_first(entries: list[Entry], empty: list[int]) -> list[Entry]:
        server.pause()
        return await really(entries, empty)

    journal._try = pause_first  # type: ignore[method-assign]
    yield
    journal._try = really  # type: ignore[method-assign]
    server.resume()


async def settled(store: MongoStore) -> None:
    """Until the store knows the fate of everything it was in doubt about."""
    async with asyncio.timeout(10):
        while store._mending._tasks:
            await asyncio.wait(store._mending._tasks)


def run_and_die(script: str, url: str) -> None:
    """Run code in a process of its own that kills itself at the point it says (`die()`)."""
    prelude = f"""
import asyncio, os, signal
from dataclasses import replace
from engine.models.run import *
from engine.store import *
from engine.stores.mongo.journal import Journal
from engine.stores.mongo.projections import Projections
from engine.stores.mongo.store import MongoStore
from tests.contract.make import *
store = MongoStore({url!r})
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", prelude + script], cwd=_ROOT, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
