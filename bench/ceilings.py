"""The raw ceilings of this machine: what aiohttp alone can do, and what it can do when every answer is durable.

    python -m bench.ceilings echo             answers the JSON it is sent; keeps nothing
    python -m bench.ceilings durable --dir D  the same, after one row was committed with `synchronous=FULL`

Prints a JSON line with its `url` and leaves when its standard input closes. `echo` is also the partner of workload W2.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import queue
import sqlite3
import sys
import threading
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

_SCHEMA = "CREATE TABLE runs (id INTEGER PRIMARY KEY, body BLOB NOT NULL)"

Row = tuple[bytes, asyncio.Future[None]]


class GroupCommit(threading.Thread):
    """One writer: commits at once when idle, and gathers what arrives while a commit is under way."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="writer", daemon=True)
        self._path = path
        self._loop = loop
        self._rows: queue.SimpleQueue[Row | None] = queue.SimpleQueue()

    def add(self, body: bytes) -> asyncio.Future[None]:
        """A future that is done when the row is on disk."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._rows.put((body, done))
        return done

    def stop(self) -> None:
        """Commit what is left and end."""
        self._rows.put(None)
        self.join(10)

    def run(self) -> None:
        """Commit batches until told to stop."""
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(_SCHEMA)
        while batch := self._gather():
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO runs (body) VALUES (?)", [(body,) for body, _ in batch])
            connection.execute("COMMIT")
            self._loop.call_soon_threadsafe(_resolve, batch)
        connection.close()

    def _gather(self) -> list[Row]:
        batch: list[Row] = []
        item = self._rows.get()
        while item is not None:
            batch.append(item)
            try:
                item = self._rows.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            self._rows.put(None)
        return batch


def _resolve(batch: list[Row]) -> None:
    for _, done in batch:
        if not done.done():
            done.set_result(None)


def echo_app() -> web.Application:
    """Answers the JSON it is sent."""

    async def echo(request: web.Request) -> web.Response:
        value = orjson.loads(await request.read())
        return web.Response(body=orjson.dumps(value), content_type="application/json")

    app = web.Application()
    app.router.add_post("/", echo)
    return app


def durable_app(writer: GroupCommit) -> web.Application:
    """Answers the JSON it is sent once it is on disk."""

    async def keep(request: web.Request) -> web.Response:
        body = orjson.dumps(orjson.loads(await request.read()))
        await writer.add(body)
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post("/", keep)
    return app


async def serve(app: web.Application) -> None:
    """Listen on a free port of the loopback until standard input closes."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    port = runner.addresses[0][1]
    print(json.dumps({"url": f"http://127.0.0.1:{port}/"}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


async def run(mode: str, directory: Path) -> None:
    """Be one of the two ceilings."""
    if mode == "echo":
        await serve(echo_app())
        return
    writer = GroupCommit(directory / "ceiling.db", asyncio.get_running_loop())
    writer.start()
    try:
        await serve(durable_app(writer))
    finally:
        writer.stop()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m bench.ceilings", description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=["echo", "durable"])
    parser.add_argument("--dir", type=Path, default=Path())
    args = parser.parse_args()
    uvloop.run(run(args.mode, args.dir))


if __name__ == "__main__":
    main()
