"""Files the store takes, and files it refuses without touching them."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.errors import Unusable
from engine.models.run import RunStatus
from engine.store import ANYONE, RunFilter
from engine.stores.sqlite.migrations import APPLICATION_ID
from engine.stores.sqlite.store import SqliteStore
from tests.contract.make import NOW, make_run, put
from tests.house.tree import ROOT

UNPRIVILEGED = 65534


# Modules are loaded before privileges are dropped: the interpreter's own files may be closed to others.
OPEN = """
import asyncio, os, pathlib, sys
from engine.stores.sqlite.store import SqliteStore
store = SqliteStore(pathlib.Path(sys.argv[1]))
os.setuid(int(sys.argv[2]))
asyncio.run(store.open())
"""


def _open_elsewhere(path: Path, user: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", OPEN, str(path), str(user)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)


async def _filled(path: Path, runs: int = 200) -> None:
    store = SqliteStore(path)
    await store.open()
    await asyncio.gather(*(put(store, make_run(status=RunStatus.SUCCESS, created_at=NOW + n), 20) for n in range(runs)))
    await store.close()


async def _refused(path: Path) -> Unusable:
    """Why this file cannot be opened. Refusing changes nothing in it."""
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(Unusable) as caught:
        await SqliteStore(path).open()
    assert caught.value.hint
    assert (path.read_bytes() if path.is_file() else None) == before
    return caught.value


async def test_files_and_directory_are_private(path: Path) -> None:
    """Row 68: whatever the umask."""
    previous = os.umask(0)
    try:
        store = SqliteStore(path)
        await store.open()
    finally:
        os.umask(previous)
    await put(store, make_run())
    modes = {found.name: stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()}
    await store.close()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert modes == dict.fromkeys(("flowdesk.db", "flowdesk.db-wal", "flowdesk.db-shm", "flowdesk.db.lock"), 0o600)


async def test_a_file_others_can_read_is_closed_to_them(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Row 68."""
    await _filled(path, 1)
    path.chmod(0o644)
    store = SqliteStore(path)
    await store.open()
    await store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "readable by other users" in caplog.text


@pytest.mark.parametrize("content", [b"hello", b"x" * 8192, b"SQLite format 3", b"\x00" * 4096], ids=len)
async def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    """Row 10."""
    path.parent.mkdir()
    path.write_bytes(content)
    error = await _refused(path)
    assert "not a SQLite database" in str(error)


async def test_a_database_of_another_program_is_refused(path: Path) -> None:
    """Row 10."""
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (text TEXT)")
    connection.close()
    assert "another program" in str(await _refused(path))


async def test_a_file_of_a_newer_flowdesk_is_refused(path: Path) -> None:
    """Row 11."""
    await _filled(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    error = await _refused(path)
    assert "newer FlowDesk" in str(error)
    assert error.code == "store_too_new"


@pytest.mark.parametrize("where", [(100, 4096), (28, 60)], ids=["schema", "header"])
async def test_an_overwritten_file_is_refused(path: Path, where: tuple[int, int]) -> None:
    """Row 10: with a hint at the backup, never recreated."""
    await _filled(path)
    content = bytearray(path.read_bytes())
    content[where[0] : where[1]] = b"\xa5" * (where[1] - where[0])
    path.write_bytes(content)
    error = await _refused(path)
    assert "backup" in str(error.hint)


async def test_a_cut_file_is_refused(path: Path) -> None:
    """Row 10."""
    await _filled(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "damaged" in str(await _refused(path))


async def test_a_file_without_its_tables_is_refused(path: Path) -> None:
    """Row 10."""
    await _filled(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE blobs")
    connection.close()
    assert "no such table: blobs" in str(await _refused(path))


async def test_an_emptied_file_with_a_journal_beside_it_is_refused(path: Path) -> None:
    """Row 10: an empty file is only taken for a new one when nothing says otherwise."""
    path.parent.mkdir()
    path.touch()
    path.with_name("flowdesk.db-wal").write_bytes(b"something")
    assert "the journal beside it is not" in str(await _refused(path))


async def test_an_empty_file_is_a_new_one(path: Path) -> None:
    """What a process leaves that died right after making the file."""
    path.parent.mkdir()
    path.touch()
    store = SqliteStore(path)
    await store.open()
    await put(store, make_run())
    await store.close()
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert connection.execute("PRAGMA auto_vacuum").fetchone()[0] == 2
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


async def test_damage_deep_inside_is_found_by_the_thorough_check(path: Path) -> None:
    """Row 10: opening stays cheap at any size; the check reads everything."""
    await _filled(path)
    store = SqliteStore(path)
    await store.open()
    assert await store.check() == []
    await store.close()
    content = bytearray(path.read_bytes())
    with sqlite3.connect(path) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'runs_user'").fetchone()[0]
    connection.close()
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    path.write_bytes(content)
    await store.open()
    assert await store.check() != []
    await store.close()


async def test_a_second_store_on_the_same_file_is_refused(store: SqliteStore, path: Path) -> None:
    """One SQLite file has one writing process; the message names it."""
    error = await _refused(path)
    assert f"in use by process {os.getpid()}" in str(error)
    assert error.code == "store_in_use"
    await put(store, make_run())


async def test_a_second_process_on_the_same_file_is_refused(store: SqliteStore, path: Path) -> None:
    done = await asyncio.to_thread(_open_elsewhere, path, os.getuid())
    assert done.returncode == 1
    assert f"in use by process {os.getpid()}" in done.stderr
    await put(store, make_run())


async def test_the_lock_is_free_after_closing_and_after_a_refusal(path: Path) -> None:
    for _ in range(2):
        store = SqliteStore(path)
        await store.open()
        await store.close()
    await _filled(path, 1)
    content = path.read_bytes()
    path.write_bytes(content[:4096])
    with pytest.raises(Unusable):
        await store.open()
    path.write_bytes(content)
    await store.open()
    assert len((await store.runs.page(RunFilter(ANYONE), limit=5)).items) == 1
    await store.close()


async def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    error = await _refused(tmp_path / "file" / "below" / "flowdesk.db")
    assert "cannot be made" in str(error)
    assert "FLOWDESK_DATA_DIR" in str(error.hint)


async def test_a_directory_in_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir(parents=True)
    assert "cannot be opened" in str(await _refused(path))


@pytest.mark.parametrize("case", ["directory", "file", "parent"])
async def test_what_may_not_be_written_is_refused(tmp_path: Path, case: str) -> None:
    """In a process without privileges, since for root nothing is read-only."""
    directory = Path("/tmp") / f"flowdesk-{os.getpid()}-{tmp_path.name}"  # noqa: S108 - tmp_path is closed to others
    path = directory / "data" / "flowdesk.db"
    try:
        await _filled(path, 1)
        modes = {"directory": (0o555, 0o666), "file": (0o777, 0o444), "parent": (0o000, 0o666)}[case]
        path.chmod(modes[1])
        path.parent.chmod(modes[0])
        directory.chmod(0o755)
        path.with_name("flowdesk.db.lock").chmod(0o666)
        done = await asyncio.to_thread(_open_elsewhere, path, os.getuid() or UNPRIVILEGED)
        assert done.returncode == 1
        assert "Unusable" in done.stderr
        assert "FLOWDESK_DATA_DIR" in done.stderr
    finally:
        path.parent.chmod(0o700)
        for found in path.parent.iterdir():
            found.unlink()
        path.parent.rmdir()
        directory.rmdir()
