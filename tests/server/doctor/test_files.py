"""The data directory, its files, and the database file as such."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from engine.stores.sqlite.schema import MIGRATIONS
from server.doctor import files
from server.doctor.catalogue import CATALOGUE
from server.doctor.findings import Finding, Level, some
from tests.server.doctor.examined import STRONG, database, examined


class Usage(NamedTuple):
    """What shutil.disk_usage gives."""

    total: int
    used: int
    free: int


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data directory with an empty database."""
    directory = tmp_path / "data"
    async with database(directory):
        pass
    (directory / "jwt.key").write_bytes(os.urandom(32))
    (directory / "jwt.key").chmod(0o600)
    return directory


async def test_nothing_is_wrong_with_a_fresh_database(data: Path) -> None:
    before = {path.name: path.stat().st_mtime_ns for path in data.iterdir()}
    found = await examined(data)
    assert found.bad == []
    assert {finding.code for finding in found if finding.level is Level.NOTE} == {"server"}
    after = {path.name: path.stat().st_mtime_ns for path in data.iterdir()}
    assert {name: after[name] for name in before} == before  # looked at, not touched


async def test_before_the_first_start(tmp_path: Path) -> None:
    found = await examined(tmp_path / "data")
    assert found.bad == []
    assert not (tmp_path / "data").exists()
    assert found.one("data_dir").level is Level.NOTE
    assert found.one("database").level is Level.NOTE


@pytest.mark.parametrize("name", ["flowdesk.db", "jwt.key", "server.json"])
async def test_files_others_can_read(data: Path, name: str) -> None:
    """Row 68."""
    (data / name).touch()
    (data / name).chmod(0o644)
    assert ("WARNING", "files.open") in (await examined(data)).bad
    assert (data / name).stat().st_mode & 0o777 == 0o644
    assert all(finding.fixed for finding in (await examined(data, fix=True)).of("files.open"))
    assert (data / name).stat().st_mode & 0o777 == 0o600
    assert (await examined(data)).of("files.open") == []


async def test_a_directory_others_can_write_to(data: Path) -> None:
    """Row 68."""
    data.chmod(0o777)
    assert (await examined(data)).bad == [("WARNING", "data_dir.open")]
    assert (await examined(data, fix=True)).bad == []
    assert data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("free", "level"), [(1 << 20, Level.PROBLEM), (500 << 20, Level.WARNING), (2 << 30, Level.OK)])
async def test_little_room(data: Path, free: int, level: Level, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(1 << 40, 0, free))
    assert (await examined(data)).one("disk").level is level


async def test_a_slow_disk(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SLOW_S", 0.0)
    assert (await examined(data)).bad == [("WARNING", "disk.slow")]


async def test_keys(data: Path) -> None:
    """Row 40."""
    (data / "jwt.key").write_bytes(b"short")
    found = (await examined(data)).one("key")
    assert (found.level, "5 bytes" in found.message) == (Level.PROBLEM, True)
    (data / "jwt.key").unlink()
    assert (await examined(data)).one("key").level is Level.NOTE
    given = (await examined(data, jwt_secret=STRONG)).one("key")
    assert given.level is Level.OK
    assert STRONG not in json.dumps([finding.document() for finding in await examined(data, jwt_secret=STRONG)])


async def test_a_damaged_file(data: Path) -> None:
    """Row 10: pages in the middle overwritten, as a failing disk does."""
    path = data / "flowdesk.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE filler (x)")
        connection.executemany("INSERT INTO filler VALUES (?)", [("x" * 2000,)] * 300)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(20_000))
    for everything in (False, True):
        found = (await examined(data, everything=everything)).one("database")
        assert found.level is Level.PROBLEM
        assert "restore" in found.remedy


async def test_a_file_that_is_no_database(data: Path) -> None:
    """Row 10."""
    (data / "flowdesk.db").write_bytes(b"these are my notes" * 200)
    found = await examined(data)
    assert found.one("database").level is Level.PROBLEM
    assert found.of("runs.compared") == []


@pytest.mark.parametrize(("form", "level"), [(999, Level.PROBLEM), (0, Level.PROBLEM)])
async def test_another_form(data: Path, form: int, level: Level) -> None:
    """Row 11."""
    with closing(sqlite3.connect(data / "flowdesk.db")) as connection:
        connection.execute(f"PRAGMA user_version = {form}")
    found = await examined(data)
    assert {finding.level for finding in found if finding.code in ("database", "database.form")} == {level}


async def test_an_older_form_is_only_noted(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = (*MIGRATIONS, "CREATE TABLE more (x);")
    for module in ("examine", "looking", "migrations"):
        monkeypatch.setattr(f"engine.stores.sqlite.{module}.MIGRATIONS", newer)
    monkeypatch.setattr("engine.stores.sqlite.migrations.recognise.__defaults__", (len(newer),))
    found = await examined(data)
    assert found.bad == []
    assert found.one("unchecked").level is Level.NOTE
    assert "the next start" in found.one("unchecked").remedy


async def test_a_large_log(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.doctor.database.LARGE_LOG", 0)
    async with database(data) as store:
        await store.upkeep.set_mark("x", 1)
        assert ("WARNING", "database.log") in (await examined(data)).bad


async def test_an_unfinished_copy(data: Path) -> None:
    async with database(data) as store:
        await store.upkeep.set_mark("copy.source", 5)
    assert (await examined(data)).bad == [("PROBLEM", "database.unfinished_copy")]


def test_every_code_is_explained() -> None:
    for code, entry in CATALOGUE.items():
        assert entry.meaning.endswith("."), code
        assert entry.remedy.endswith((".", "it.")), code
    with pytest.raises(ValueError, match="does not explain"):
        Finding(Level.OK, "no.such.code", "x")


def test_long_lists_are_cut() -> None:
    assert some([]) == ""
    assert some(["a", "b"]) == "a, b"
    assert some(map(str, range(9)), 2) == "0, 1 and 7 more"
