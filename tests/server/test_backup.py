"""Backup and restore with real servers: while webhooks arrive, elsewhere, over what is there, and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from engine.errors import Conflict, Unusable
from engine.models.run import FINISHED, RunStatus
from engine.store import ANYONE, RunFilter
from engine.stores.sqlite.store import SqliteStore
from server.backup import backup, restore
from tests.contract.make import make_run, make_user, put
from tests.server.hooking import Hooks, until_all_ended
from tests.server.process import run, running, stop


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def statuses(data: Path) -> dict[str, RunStatus]:
    store = SqliteStore(data / "flowdesk.db")
    await store.open()
    try:
        page = await store.runs.page(RunFilter(ANYONE), limit=100_000)
        return {row.id: row.status for row in page.items}
    finally:
        await store.close()


async def test_a_backup_made_while_webhooks_arrive_goes_on_elsewhere(data: Path, tmp_path: Path) -> None:
    """R1, R2: what was acknowledged before the backup is in it, and every run in it reaches its end there."""
    other = tmp_path / "other"
    async with running(data) as server:
        hooks = Hooks(server)
        async with hooks.calling():
            before = list(hooks.accepted)
            done = await run(data, "backup", str(tmp_path / "copy.db"), "--json")
            assert done.code == 0, done.err
            assert len(hooks.accepted) > len(before)  # it worked meanwhile
        server.process.send_signal(signal.SIGKILL)
        await server.ended()
    restored = await run(other, "restore", str(tmp_path / "copy.db"), "--json")
    assert restored.code == 0, restored.err
    assert json.loads(restored.out)["kept"] is None
    copied = await statuses(other)
    assert set(before) <= set(copied)
    assert any(status not in FINISHED for status in copied.values())
    async with running(other) as server:
        await until_all_ended(server)
        stop(server.process)
        assert (await server.ended()).code == 0
    ended = await statuses(other)
    assert ended.keys() == copied.keys()
    assert set(ended.values()) == {RunStatus.SUCCESS}
    assert {path.name for path in other.iterdir()} <= {"flowdesk.db", "flowdesk.db.lock", "jwt.key"}


async def test_a_living_server_is_never_replaced(data: Path, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    async with running(data) as server:
        assert (await run(data, "backup", copy)).code == 0
        for more in ([], ["--force"]):
            refused = await run(data, "restore", copy, *more)
            assert refused.code == 4
            assert f"in use by process {server.process.pid}" in refused.err
        async with aiohttp.ClientSession() as client, client.get(f"{server.url}/readyz") as response:
            assert response.status == 200


def make(path: Path, *, email: str = "me@example.com") -> Path:
    """A database with one account."""
    asyncio.run(_make(path, email))
    return path


async def _make(path: Path, email: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    store = SqliteStore(path)
    await store.open()
    await store.users.create(make_user(email=email))
    await put(store, make_run(), 5)
    await store.close()


def emails(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [row[0] for row in connection.execute("SELECT email FROM users")]


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()} - {"flowdesk.db-shm", "flowdesk.db-wal"}


def test_what_is_there_is_replaced_only_by_force_and_kept(data: Path, tmp_path: Path) -> None:
    database = make(data / "flowdesk.db", email="old@example.com")
    backup(make(tmp_path / "a" / "flowdesk.db", email="new@example.com"), tmp_path / "copy.db")
    with pytest.raises(Conflict, match="already"):
        restore(tmp_path / "copy.db", database, force=False)
    assert emails(database) == ["old@example.com"]
    done = restore(tmp_path / "copy.db", database, force=True)
    assert done.kept is not None
    assert (emails(database), emails(done.kept)) == (["new@example.com"], ["old@example.com"])
    assert database.stat().st_mode & 0o077 == done.kept.stat().st_mode & 0o077 == 0
    assert names(data) == {"flowdesk.db", "flowdesk.db.lock", done.kept.name}
    again = restore(tmp_path / "copy.db", database, force=True)
    assert again.kept not in (None, done.kept)


def test_what_a_killed_server_left_in_its_log_is_kept_too(data: Path, tmp_path: Path) -> None:
    """The newest accounts are only in the write-ahead log, which must not be applied to the new file either."""
    database = make(data / "flowdesk.db", email="old@example.com")
    backup(make(tmp_path / "a" / "flowdesk.db", email="new@example.com"), tmp_path / "copy.db")
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("UPDATE users SET email = 'late@example.com'")
        connection.commit()
        log = (data / "flowdesk.db-wal").read_bytes()
        main = database.read_bytes()
    database.write_bytes(main)
    (data / "flowdesk.db-wal").write_bytes(log)
    assert log
    done = restore(tmp_path / "copy.db", database, force=True)
    assert done.kept is not None
    assert emails(done.kept) == ["late@example.com"]
    assert emails(database) == ["new@example.com"]


def test_a_damaged_database_can_be_replaced_and_is_kept_as_it_was(data: Path, tmp_path: Path) -> None:
    """Row 10."""
    copy = tmp_path / "copy.db"
    database = make(data / "flowdesk.db")
    backup(database, copy)
    junk = b"SQLite format 3\x00" + os.urandom(9000)
    database.write_bytes(junk)
    done = restore(copy, database, force=True)
    assert done.kept is not None
    assert done.kept.read_bytes() == junk
    assert emails(database) == ["me@example.com"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5000])


def _overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(os.urandom(30_000))


def _spoil_index(path: Path) -> None:
    """Each page is fine by itself, but an index does not name the rows of its table."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, '(owner_id, id)', '(id, owner_id)')")
        connection.execute("UPDATE sqlite_master SET rootpage = 2 WHERE name = 'runs_due'")


def _make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")


def _make_foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA application_id = 7")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_cut, "damaged|malformed"),
        (_overwrite, "damaged|malformed"),
        (_spoil_index, "damaged|malformed"),
        (_make_newer, "newer FlowDesk"),
        (_make_foreign, "another program"),
        (lambda path: path.write_bytes(b"notes" * 500), "not a SQLite database"),
        (lambda path: path.write_bytes(b""), "not a SQLite database"),
        (Path.unlink, "no backup at"),
    ],
)
def test_a_bad_backup_changes_nothing(data: Path, tmp_path: Path, spoil: Any, said: str) -> None:
    """Rows 10 and 11: looked at before anything is touched."""
    copy = tmp_path / "copy.db"
    database = make(data / "flowdesk.db")
    backup(database, copy)
    spoil(copy)
    before = database.read_bytes()
    with pytest.raises(Unusable, match=said):
        restore(copy, database, force=True)
    assert database.read_bytes() == before
    assert names(data) == {"flowdesk.db", "flowdesk.db.lock"}
    with pytest.raises(Unusable, match=said):
        restore(copy, data.parent / "copy2.db", force=False)
    assert not (data.parent / "copy2.db").exists()


def test_a_damaged_database_is_not_taken_for_a_backup(data: Path, tmp_path: Path) -> None:
    database = make(data / "flowdesk.db")
    _overwrite(database)
    with pytest.raises(Unusable):
        backup(database, tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == [data]


async def test_mongodb_has_tools_of_its_own(data: Path) -> None:
    more = {"MONGO_URL": "mongodb://127.0.0.1:1/x", "JWT_SECRET": "Zk3vQ9xP7mT2rW8sL4nB6hJ1cF5gD0aE"}
    for command in ("backup", "restore"):
        ended = await run(data, command, "copy.db", **more)
        assert ended.code == 2
        assert "mongodump" in ended.err
