"""Numbered scripts bring a file up to date, each as a whole or not at all."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import Unusable
from engine.stores.sqlite.migrations import APPLICATION_ID, TABLES, check_tables, migrate, recognise
from engine.stores.sqlite.schema import MIGRATIONS

RELEASED = [
    "6bd9b470d142",
    "661d42eb92de",
    "0ad546f0bbd5",
    "7d2a878f59b3",
    "e7838772b187",
    "40f5e1187b74",
    "99292440ac23",
    "3cea692f017a",
    "08d98801ada8",
    "b3bdb1f87c3a",
]

SCRIPTS = ("CREATE TABLE a (x); INSERT INTO a VALUES (1);", "ALTER TABLE a ADD COLUMN y; UPDATE a SET y = x + 1;")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to an empty file."""
    found = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    yield found
    found.close()


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_a_new_file_gets_every_script(connection: sqlite3.Connection) -> None:
    assert recognise(connection, Path("x.db")) == 0
    migrate(connection, 0)
    check_tables(connection)
    assert recognise(connection, Path("x.db")) == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID


def test_an_old_file_gets_what_it_has_not_seen(connection: sqlite3.Connection) -> None:
    migrate(connection, 0, SCRIPTS[:1])
    connection.execute("INSERT INTO a VALUES (5)")
    assert recognise(connection, Path("x.db"), 2) == 1
    migrate(connection, 1, SCRIPTS)
    assert connection.execute("SELECT x, y FROM a ORDER BY x").fetchall() == [(1, 2), (5, 6)]
    assert _version(connection) == 2


def test_a_script_that_fails_changes_nothing(connection: sqlite3.Connection) -> None:
    broken = (SCRIPTS[0], "CREATE TABLE b (x); INSERT INTO nowhere VALUES (1);")
    with pytest.raises(sqlite3.Error):
        migrate(connection, 0, broken)
    assert _version(connection) == 1
    assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["a"]
    migrate(connection, 1, SCRIPTS)
    assert _version(connection) == 2


def test_a_newer_file_is_refused(connection: sqlite3.Connection) -> None:
    """Row 11."""
    migrate(connection, 0, SCRIPTS)
    with pytest.raises(Unusable, match="newer FlowDesk"):
        recognise(connection, Path("x.db"), 1)


def test_every_table_is_checked_at_open(connection: sqlite3.Connection) -> None:
    migrate(connection, 0)
    found = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert found == set(TABLES)


def test_released_scripts_do_not_change() -> None:
    """Who changes the form of the data adds a script: files that have seen the old one never see a change of it."""
    spelt = [re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", script)).strip() for script in MIGRATIONS]
    assert [hashlib.sha256(script.encode()).hexdigest()[:12] for script in spelt] == RELEASED


def test_the_database_itself_keeps_the_audit_log(tmp_path: Path) -> None:
    """Not even a statement of our own could change or remove an entry."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        migrate(connection, 0)
        connection.execute("INSERT INTO audit VALUES ('e', 1, 'w', 'u', 'a', 't', NULL, NULL, NULL, '', '')")
        for statement in ("UPDATE audit SET at = 2", "DELETE FROM audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                connection.execute(statement)
        assert connection.execute("SELECT at FROM audit").fetchall() == [(1,)]
