"""Looking at a database file that nobody has to be serving: what it is, and whether it is whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import Unusable
from engine.stores.sqlite.connection import open_reader
from engine.stores.sqlite.faults import DAMAGED, code_of, unusable
from engine.stores.sqlite.migrations import check_tables, recognise
from engine.stores.sqlite.schema import MIGRATIONS

_BUSY_MS: Final = 10_000
_MOST: Final = 20


@dataclass(slots=True, frozen=True)
class Facts:
    """The form of a file, the newest form this program knows, and what is wrong with the pages."""

    form: int
    known: int
    problems: list[str]


def examine(path: Path, *, thorough: bool) -> Facts:
    """Read the whole file; `thorough` also compares every index with its table, which takes several times as long.

    Raises Unusable for a file that is missing, no database, another program's, newer than this program, or too damaged
    to be read at all.
    """
    if not path.is_file():
        raise Unusable(f"there is no file {path}")
    try:
        with closing(open_reader(path, busy_ms=_BUSY_MS)) as connection:
            form = recognise(connection, path)
            if form == 0:
                raise Unusable(f"{path} is empty")
            if form == len(MIGRATIONS):
                check_tables(connection)
            return Facts(form, len(MIGRATIONS), _check(connection, "integrity_check" if thorough else "quick_check"))
    except sqlite3.Error as error:
        raise unusable(error, path) from error


def _check(connection: sqlite3.Connection, pragma: str) -> list[str]:
    try:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA {pragma}({_MOST})").fetchall()]
    except sqlite3.DatabaseError as error:
        if code_of(error) not in DAMAGED:
            raise
        return [str(error)]
    return [] if found == ["ok"] else found
