"""`flowdesk-server db copy` as a process: there and back again, killed on the way, refused where it must be."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from engine.models.run import RunStatus
from engine.store import ANYONE, RunFilter, Store
from engine.stores.sqlite.store import SqliteStore
from tests.contract.make import NOW, make_run, make_user, make_workflow, put
from tests.engine.transfer.full import fill
from tests.server.hooking import Hooks, until_all_ended
from tests.server.process import Ended, run, running, spawn
from tests.servers.patient import patient_store

MANY = 1600
STRONG = "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"


@asynccontextmanager
async def database(directory: Path) -> AsyncIterator[Store]:
    directory.mkdir(mode=0o700, exist_ok=True)
    store = SqliteStore(directory / "flowdesk.db")
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data directory with one of everything."""
    async with database(tmp_path / "data") as store:
        await fill(store)
    return tmp_path / "data"


def hashes(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    document = json.loads(ended.out)
    assert document["equal"] is True
    assert all(kind["equal"] and kind["source"] == kind["copy"] for kind in document["kinds"])
    return {kind["kind"]: (kind["copy"], kind["hash"]) for kind in document["kinds"]}


async def test_there_and_back_again_is_the_same(data: Path, mongo_url: str, tmp_path: Path) -> None:
    """SQLite to MongoDB to SQLite: every kind keeps its hash."""
    there = await run(data, "db", "copy", str(data), mongo_url, "--json")
    back = await run(data, "db", "copy", mongo_url, str(tmp_path / "back"), "--json")
    again = await run(data, "db", "copy", f"sqlite://{tmp_path}/back/flowdesk.db", str(tmp_path / "x.db"), "--json")
    assert hashes(there) == hashes(back) == hashes(again)
    assert hashes(there)["runs"][0] == 11
    for path in (tmp_path / "back" / "flowdesk.db", tmp_path / "x.db"):
        assert path.stat().st_mode & 0o077 == 0


async def test_people_get_a_table(data: Path, tmp_path: Path) -> None:
    ended = await run(data, "db", "copy", str(data), str(tmp_path / "copy"))
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0].split() == ["kind", "source", "copy", "hash"]
    assert [line.split()[:4] for line in lines if line.startswith("runs")] == [["runs", "11", "11", "equal"]]
    assert "FLOWDESK_DATA_DIR" in lines[-1]
    refused = await run(data, "db", "copy", str(data), str(tmp_path / "copy"))
    assert (refused.code, "not empty" in refused.err) == (5, True)


async def test_a_copy_killed_on_its_way_goes_on(tmp_path: Path) -> None:
    """Row 1: kill -9 in the middle; no server starts on the half; the same command finishes it."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    async with database(data) as store:
        workflow = make_workflow()
        await store.workflows.create(workflow, [], saved_by="me")
        for first in range(0, MANY, 200):
            runs = [make_run(workflow_id=workflow.id, created_at=NOW + first + n) for n in range(200)]
            await asyncio.gather(*(put(store, each, 3) for each in runs))
    process = await spawn(data, "db", "copy", str(data), str(copy))
    while _copied(copy) < MANY // 10:
        assert process.returncode is None, (await process.communicate())[1]
        await asyncio.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    await process.communicate()
    assert _copied(copy) < MANY
    refused = await run(copy, "--port", "0")
    assert (refused.code, "unfinished copy" in refused.err) == (4, True)
    other = await run(data, "db", "copy", str(copy), str(copy))
    assert (other.code, "the same" in other.err) == (5, True)
    done = await run(data, "db", "copy", str(data), str(copy), "--json")
    assert hashes(done)["runs"][0] == MANY
    assert json.loads(done.out)["resumed"] is True
    async with running(copy) as server:  # and a server goes on with it
        assert server.url


def _copied(copy: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{copy}/flowdesk.db?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.Error:
        return 0


async def test_a_killed_embedded_server_goes_on_with_mongodb(tmp_path: Path, mongo_url: str) -> None:
    """R2, R3: grown without losing a run; what was under way is finished by whoever opens the copy."""
    data, home = tmp_path / "data", tmp_path / "home"
    async with running(data) as server:
        hooks = Hooks(server)
        async with hooks.calling():
            server.process.send_signal(signal.SIGKILL)
            await server.ended()
    copied = await run(data, "db", "copy", str(data), mongo_url, "--json")
    assert hashes(copied)["runs"][0] >= len(hooks.accepted)
    async with running(home, MONGO_URL=mongo_url, JWT_SECRET=STRONG) as server:
        await until_all_ended(server)
    store = patient_store(mongo_url)
    await store.open()
    rows = {row.id: row.status for row in (await store.runs.page(RunFilter(ANYONE), limit=10_000)).items}
    await store.close()
    assert set(hooks.accepted) <= set(rows)
    assert set(rows.values()) == {RunStatus.SUCCESS}


async def test_a_source_in_use_is_refused(data: Path, tmp_path: Path) -> None:
    async with database(data) as store:  # a server would ask for the key of the secrets in it
        for row in await store.secrets.everything(limit=10):
            await store.secrets.delete(row.owner_id, row.name)
    async with running(data) as server:
        ended = await run(data, "db", "copy", str(data), str(tmp_path / "copy"))
        assert ended.code == 4
        assert f"in use by process {server.process.pid}" in ended.err
    assert not (tmp_path / "copy").exists()


async def test_what_makes_no_sense_is_refused(data: Path, tmp_path: Path) -> None:
    missing = await run(data, "db", "copy", str(tmp_path / "nowhere"), str(tmp_path / "copy"), "--json")
    assert missing.code == 4
    assert json.loads(missing.err)["error"]["message"] == f"there is no database at {tmp_path}/nowhere/flowdesk.db"
    assert not (tmp_path / "nowhere").exists()
    strange = await run(data, "db", "copy", str(data), "redis://127.0.0.1/0")
    assert (strange.code, "keeps nothing at" in strange.err) == (2, True)
    async with database(tmp_path / "full") as store:
        await store.users.create(make_user())
    full = await run(data, "db", "copy", str(data), str(tmp_path / "full"))
    assert (full.code, "not empty" in full.err) == (5, True)
    wrong = await run(data, "db", "copy", str(data), "mongodb://me:s3cret@127.0.0.1:port/x")
    assert (wrong.code, "is no address of MongoDB" in wrong.err) == (4, True)
    assert "s3cret" not in wrong.err


async def test_a_difference_ends_with_1_and_keeps_servers_away(data: Path, tmp_path: Path) -> None:
    """Somebody changes the copy between the attempts."""
    async with database(tmp_path / "half") as store:
        await store.upkeep.set_mark("copy.source", 0)
    other = await run(data, "db", "copy", str(data), str(tmp_path / "half"))
    assert (other.code, "another source" in other.err) == (5, True)
    copy = tmp_path / "copy"
    assert (await run(data, "db", "copy", str(data), str(copy))).code == 0
    async with database(copy) as store:
        await store.upkeep.set_mark("copy.done", None)
        await put(store, make_run(), 1)
    ended = await run(data, "db", "copy", str(data), str(copy))
    assert ended.code == 1
    assert "DIFFERENT" in ended.out
    assert "is not the same as" in ended.err
    refused = await run(copy, "--port", "0")
    assert "unfinished copy" in refused.err
