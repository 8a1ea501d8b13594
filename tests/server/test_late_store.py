"""MongoDB comes after the processes that need it: they wait, work as soon as it is there, and end when told to."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import pytest

from engine.stores.mongo.schema import FORM
from tests.server.fleet import new_prefix, shared, until, until_async, workers
from tests.server.live import live, sleep
from tests.server.process import spawn, stop
from tests.server.test_worker import environ
from tests.servers.mongod import Mongod
from tests.servers.process import free_port

WAITING = "waiting, and trying again until it works: MongoDB at 127.0.0.1"
LIMIT_S = 5.0
"""How soon a process that waits must end when it is told to."""


@pytest.fixture
def settings(own_mongod: Mongod, redis_url: str) -> dict[str, Any]:
    """A store that is away, and a queue that is there."""
    own_mongod.kill()
    own_mongod_url = f"mongodb://127.0.0.1:{own_mongod.port}/late"
    return shared(own_mongod_url, redis_url, redis_prefix=new_prefix(), workers="all")


def of_a_newer_flowdesk(server: Mongod) -> None:
    """Put down a mark nobody can read yet, and take the server away."""
    server.start()
    with server.client() as client:
        client["late"]["meta"].insert_one({"_id": "schema", "form": FORM + 1})
    server.stop()


async def test_a_worker_waits_for_mongodb_and_then_works(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Row 5: it says once what it waits for; the manager starts nothing again."""
    async with workers(tmp_path / "workers", environ(settings), processes=2, ready=False) as crew:
        before = crew.children()
        await until(lambda: crew.said().count(WAITING) == 2, 30)
        own_mongod.start()
        await until(lambda: crew.said().count("a worker is ready") == 2, 30)
        async with live(tmp_path / "server", **settings) as server:
            ali = await server.person("ali")
            assert (await ali.run(await ali.save(sleep("s", 1))))["status"] == "SUCCESS"
        assert set(before) <= set(crew.children())
        assert crew.said().count(WAITING) == 2
        assert "Traceback" not in crew.said()


async def test_a_worker_that_died_while_mongodb_is_away_comes_back(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Rows 2 and 5 together: the manager's new process waits, where it once ended all of them."""
    own_mongod.start()
    async with workers(tmp_path / "workers", environ(settings)) as crew:
        (child,) = crew.children()
        own_mongod.kill()
        os.kill(child, signal.SIGKILL)
        await until(lambda: WAITING in crew.said(), 30)
        own_mongod.start()
        await until(lambda: crew.said().count("a worker is ready") == 2, 30)
        assert "Traceback" not in crew.said()


@pytest.mark.parametrize(
    ("whom", "uvloop", "number"),
    [("group", True, signal.SIGTERM), ("group", False, signal.SIGINT), ("manager", True, signal.SIGTERM)],
)
async def test_a_worker_that_waits_ends_in_good_order(
    settings: dict[str, Any], tmp_path: Path, whom: str, uvloop: bool, number: signal.Signals
) -> None:
    """Row 4."""
    async with workers(tmp_path, environ(settings), processes=2, ready=False, uvloop=uvloop) as crew:
        await until(lambda: crew.said().count(WAITING) == 2, 30)
        began = monotonic()
        if whom == "group":
            crew.signal_group(number)
        else:
            os.kill(crew.pid, number)
        ended = await crew.ended()
        assert monotonic() - began < LIMIT_S
    assert ended.code == 0
    assert ended.err.count('"stopped"') == 2
    assert "Traceback" not in ended.err
    assert "never retrieved" not in ended.err


async def test_a_database_that_turns_out_to_be_too_new_ends_the_workers(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Row 11: once MongoDB is there waiting is of no use any more; one line says so."""
    of_a_newer_flowdesk(own_mongod)
    async with workers(tmp_path, environ(settings), processes=2, ready=False) as crew:
        await until(lambda: crew.said().count(WAITING) == 2, 30)
        own_mongod.start()
        ended = await crew.ended()
    lines = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, ended.err
    assert "was written by a newer FlowDesk" in lines[0]
    assert ended.code == -signal.SIGUSR1
    assert "Traceback" not in ended.err


async def asked(method: str, url: str) -> tuple[int, str | None, dict[str, Any]]:
    """Status, Retry-After and document; nobody there counts as 0."""
    try:
        async with aiohttp.ClientSession() as client, client.request(method, url, json={}) as response:
            return response.status, response.headers.get("Retry-After"), await response.json()
    except aiohttp.ClientConnectionError:
        return 0, None, {}


async def test_a_server_says_503_until_mongodb_comes(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Row 5: it listens, says what it waits for without a secret, and recovers without a restart."""
    settings = {**settings, "mongo_url": settings["mongo_url"].replace("//", "//me:hunter2@") + "?authSource=late"}
    own_mongod.start()
    with own_mongod.client() as client:
        client["late"].command("createUser", "me", pwd="hunter2", roles=[{"role": "readWrite", "db": "late"}])
    own_mongod.stop()
    url = f"http://127.0.0.1:{(port := free_port())}"
    process = await spawn(tmp_path / "data", "--port", str(port), **environ(settings))
    try:

        async def listens() -> bool:
            return (await asked("GET", f"{url}/healthz"))[0] == 200

        async def says_why() -> bool:
            return "cannot be reached" in ((await asked("GET", f"{url}/readyz"))[2]["store"]["error"] or "")

        await until_async(listens, 30)
        await until_async(says_why, 30)
        status, again, ready = await asked("GET", f"{url}/readyz")
        assert (status, again, ready["status"]) == (503, "2", "unavailable")
        for method, path in (("POST", "/api/hooks/unknown"), ("POST", "/api/auth/login"), ("GET", "/api/runs")):
            status, again, problem = await asked(method, url + path)
            assert (status, again, problem["code"]) == (503, "2", "unavailable")
        assert (await asked("GET", f"{url}/api/openapi.json"))[0] == 200
        assert not (tmp_path / "data" / "server.json").exists()
        own_mongod.start()

        async def recovered() -> bool:
            return (await asked("GET", f"{url}/readyz"))[0] == 200

        await until_async(recovered, 30)
        assert (await asked("POST", f"{url}/api/hooks/unknown"))[0] == 404
        token = json.loads((tmp_path / "data" / "server.json").read_text())["token"]
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as local:
            assert (await local.get(f"{url}/api/me")).status == 200
        stop(process)
        _, err = await process.communicate()
        assert process.returncode == 0
        assert "hunter2" not in err.decode()
        assert "Traceback" not in err.decode()
        assert err.decode().count(WAITING) == 1
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_server_that_waits_ends_in_good_order(settings: dict[str, Any], tmp_path: Path) -> None:
    """Row 4."""
    port = free_port()
    process = await spawn(tmp_path / "data", "--port", str(port), **environ(settings))

    async def listens() -> bool:
        return (await asked("GET", f"http://127.0.0.1:{port}/readyz"))[0] == 503

    await until_async(listens, 30)
    began = monotonic()
    stop(process)
    _, err = await process.communicate()
    assert monotonic() - began < LIMIT_S
    assert process.returncode == 0, err
    assert b"Traceback" not in err


async def test_a_server_ends_when_the_database_turns_out_to_be_too_new(
    settings: dict[str, Any], own_mongod: Mongod, tmp_path: Path
) -> None:
    """Row 11."""
    of_a_newer_flowdesk(own_mongod)
    port = free_port()
    process = await spawn(tmp_path / "data", "--port", str(port), **environ(settings))

    async def listens() -> bool:
        return (await asked("GET", f"http://127.0.0.1:{port}/readyz"))[0] == 503

    await until_async(listens, 30)
    own_mongod.start()
    _, err = await process.communicate()
    assert process.returncode == 4
    assert "was written by a newer FlowDesk" in err.decode()
    assert "Traceback" not in err.decode()


async def test_a_child_of_another_program_does_not_wait(settings: dict[str, Any], tmp_path: Path) -> None:
    """Somebody sits in front of it, and wants to know."""
    process = await spawn(tmp_path / "data", "--embedded", **environ(settings))
    _, err = await process.communicate()
    assert process.returncode == 4
    assert json.loads(err.decode().splitlines()[-1])["code"] == "unreachable"
