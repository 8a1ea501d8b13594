"""MongoDB comes after the processes that need it: they wait, work as soon as it is there, and end when told to.

Starting a process takes longer than anything it does here, so each test looks at several at the same time.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest

from engine.stores.mongo.schema import FORM
from tests.server.fleet import WITHIN_S, new_prefix, shared, until, until_async, workers
from tests.server.live import sleep
from tests.server.process import Ended, spawn, stop
from tests.server.test_worker import environ
from tests.servers.mongod import Mongod
from tests.servers.process import free_port

WAITING = "waiting, and trying again until it works: MongoDB at 127.0.0.1"
LIMIT_S = 5.0
"""How soon a process that waits must end when it is told to."""


@pytest.fixture
def settings(own_mongod: Mongod, redis_url: str) -> dict[str, Any]:
    """A store that is away and will want a login, and a queue that is there."""
    with own_mongod.client() as client:
        client["late"].command("createUser", "me", pwd="hunter2", roles=[{"role": "readWrite", "db": "late"}])
    own_mongod.stop()
    url = f"mongodb://me:hunter2@127.0.0.1:{own_mongod.port}/late?authSource=late"
    return shared(url, redis_url, redis_prefix=new_prefix(), workers="all")


@dataclass(slots=True)
class Server:
    """`flowdesk-server`, which may not be ready for a long time."""

    process: asyncio.subprocess.Process
    url: str
    data: Path

    async def ask(self, method: str, path: str) -> tuple[int, str | None, dict[str, Any]]:
        """Status, Retry-After and document; nobody there counts as 0."""
        try:
            async with aiohttp.ClientSession() as client, client.request(method, self.url + path, json={}) as response:
                return response.status, response.headers.get("Retry-After"), await response.json()
        except aiohttp.ClientConnectionError:
            return 0, None, {}

    async def until_ready(self, status: int) -> None:
        """Until it says so."""

        async def says_so() -> bool:
            return (await self.ask("GET", "/readyz"))[0] == status

        await until_async(says_so)

    async def ended(self) -> Ended:
        """Wait for its end."""
        async with asyncio.timeout(WITHIN_S):
            out, err = await self.process.communicate()
        return Ended(self.process.returncode or 0, out.decode(), err.decode())


@asynccontextmanager
async def a_server(data: Path, settings: dict[str, Any], *arguments: str) -> AsyncIterator[Server]:
    """One that was started, and is killed at the end if it still runs."""
    port = free_port()
    process = await spawn(data, "--port", str(port), *arguments, **environ(settings))
    try:
        yield Server(process, f"http://127.0.0.1:{port}", data)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_all_of_them_wait_for_mongodb_and_then_work(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Rows 2 and 7: each says once what it waits for, without a secret; nothing has to be started again.

    Also a worker process that died while MongoDB is away comes back and waits, where it once ended all of them.
    """
    async with (
        workers(tmp_path / "workers", environ(settings), processes=2, ready=False) as crew,
        a_server(tmp_path / "data", settings) as server,
    ):
        await server.until_ready(503)

        async def says_why() -> bool:
            return "cannot be reached" in ((await server.ask("GET", "/readyz"))[2]["store"]["error"] or "")

        await until_async(says_why)
        assert (await server.ask("GET", "/healthz"))[0] == 200
        assert (await server.ask("GET", "/readyz"))[:2] == (503, "2")
        for method, path in (("POST", "/api/hooks/unknown"), ("POST", "/api/auth/login"), ("GET", "/api/runs")):
            status, again, problem = await server.ask(method, path)
            assert (status, again, problem["code"]) == (503, "2", "unavailable")
        assert (await server.ask("GET", "/api/openapi.json"))[0] == 200
        assert not (server.data / "server.json").exists()
        await until(lambda: crew.said().count(WAITING) == 2)
        before = set(crew.children())

        own_mongod.start()
        await server.until_ready(200)
        await until(lambda: crew.said().count("a worker is ready") == 2)
        assert before <= set(crew.children())
        assert (await server.ask("POST", "/api/hooks/unknown"))[0] == 404
        token = json.loads((server.data / "server.json").read_text())["token"]
        async with aiohttp.ClientSession(server.url, headers={"Authorization": f"Bearer {token}"}) as local:
            made = await (await local.post("/api/workflows", json={"name": "w", "steps": [sleep("s", 1)]})).json()
            execute = f"/api/workflows/{made['id']}/execute?wait=true"
            run = await (await local.post(execute, json={"data": {}})).json()
            assert run["status"] == "SUCCESS"

        own_mongod.kill()
        os.kill(min(before), signal.SIGKILL)
        await until(lambda: crew.said().count(WAITING) == 3)
        own_mongod.start()
        await until(lambda: crew.said().count("a worker is ready") == 3)
        await server.until_ready(200)
        stop(server.process)
        ended = await server.ended()
        assert ended.code == 0
        assert ended.err.count(WAITING) == 1
        for said in (ended.err, crew.said()):
            assert "hunter2" not in said
            assert "Traceback" not in said


async def test_whoever_waits_ends_in_good_order(settings: dict[str, Any], tmp_path: Path) -> None:
    """Row 4: asked by the manager, by the whole group, by Ctrl+C, with uvloop and without."""
    environment = environ(settings)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(a_server(tmp_path / "data", settings))
        group, plain, manager = [
            await stack.enter_async_context(workers(tmp_path / name, environment, processes=n, ready=False, uvloop=uv))
            for name, n, uv in (("group", 2, True), ("plain", 1, False), ("manager", 1, True))
        ]
        await server.until_ready(503)
        for crew, count in ((group, 2), (plain, 1), (manager, 1)):
            await until(lambda crew=crew, count=count: crew.said().count(WAITING) == count)  # type: ignore[misc]
        began = monotonic()
        stop(server.process)
        group.signal_group(signal.SIGTERM)
        plain.signal_group(signal.SIGINT)
        os.kill(manager.pid, signal.SIGTERM)
        ended = await asyncio.gather(*(each.ended() for each in (server, group, plain, manager)))
        assert monotonic() - began < LIMIT_S
    for each, count in zip(ended, (1, 2, 1, 1), strict=True):
        assert each.code == 0, each.err
        assert each.err.count('"stopped"') == count, each.err
        assert "Traceback" not in each.err
        assert "never retrieved" not in each.err


async def test_a_database_that_turns_out_to_be_too_new_ends_them(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Row 11: once MongoDB is there waiting is of no use any more; one line of each says so."""
    own_mongod.start()
    with own_mongod.client() as client:
        client["late"]["meta"].insert_one({"_id": "schema", "form": FORM + 1})
    own_mongod.stop()
    async with (
        workers(tmp_path / "workers", environ(settings), processes=2, ready=False) as crew,
        a_server(tmp_path / "data", settings) as server,
    ):
        await server.until_ready(503)
        await until(lambda: crew.said().count(WAITING) == 2)
        own_mongod.start()
        of_server, of_workers = await asyncio.gather(server.ended(), crew.ended())
    for ended, code in ((of_server, 4), (of_workers, -signal.SIGUSR1)):
        lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, ended.err
        assert "was written by a newer FlowDesk" in lines[0]
        assert ended.code == code
        assert "Traceback" not in ended.err


async def test_a_child_of_another_program_does_not_wait(settings: dict[str, Any], tmp_path: Path) -> None:
    """Somebody sits in front of it, and wants to know."""
    async with a_server(tmp_path / "data", settings, "--embedded") as server:
        ended = await server.ended()
    assert ended.code == 4
    assert json.loads(ended.err.splitlines()[-1])["code"] == "unreachable"
