"""A whole, consistent copy of the database, also while a server writes to it; and the way back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from engine.errors import Conflict, Unusable
from engine.stores.sqlite.examine import examine
from engine.stores.sqlite.files import beside
from engine.stores.sqlite.lock import FileLock

WAIT_S: Final = 10.0
"""How long to wait for a moment in which the database can be read."""


@dataclass(slots=True, frozen=True)
class Restored:
    """The size of the new database, and where the one before is kept."""

    size: int
    kept: Path | None


def backup(database: Path, target: Path) -> int:
    """Copy the database to `target`, which appears whole and checked or not at all; the copy's size in bytes.

    Raises Conflict when `target` exists, Unusable when the database cannot be read or the copy not be written.
    """
    if target.exists():
        raise Conflict(f"{target} exists already", hint="a backup never replaces a file; choose another name")
    if not database.exists():
        raise Unusable(f"there is no database at {database}", hint="FLOWDESK_DATA_DIR or --data-dir says where it is")
    aside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        _copy(database, aside)
        _verify(aside, f"the copy of {database}", thorough=False)
        os.link(aside, target)
        return target.stat().st_size
    except FileExistsError:
        raise Conflict(f"{target} exists already", hint="choose another name") from None
    except OSError as error:
        raise Unusable(f"cannot write {target}: {error.strerror}", hint="choose another place") from None
    except sqlite3.Error as error:
        raise Unusable(f"cannot copy {database}: {error}", hint="is it damaged, or the disk full?") from None
    finally:
        aside.unlink(missing_ok=True)


def restore(source: Path, database: Path, *, force: bool) -> Restored:
    """Put a copy of the backup `source` in the place of `database`, whose directory must exist.

    The database that is there is replaced only with `force`, in one step, and kept beside the new one. Raises Conflict
    when it is there, Unusable when a server has it or the backup is not whole.
    """
    lock = FileLock(database)
    lock.acquire()
    aside = database.with_name(f".{database.name}.{os.getpid()}.part")
    try:
        if not force and (database.exists() or _size(beside(database)[0])):
            raise Conflict(
                f"there is a database at {database} already",
                hint="--force replaces it, and keeps it beside the new one",
            )
        _require_database(source)
        _copy(source, aside)
        _verify(aside, f"the backup {source}", thorough=True)
        kept = _set_aside(database) if force else None
        aside.replace(database)
        _flush(database.parent)
        return Restored(database.stat().st_size, kept)
    except OSError as error:
        raise Unusable(
            f"cannot write {database}: {error.strerror}", hint="check the disk and the permissions"
        ) from None
    except sqlite3.Error as error:
        raise Unusable(f"cannot read the backup {source}: {error}", hint="use another backup") from None
    finally:
        aside.unlink(missing_ok=True)
        lock.release()


def _require_database(source: Path) -> None:
    if not source.is_file():
        raise Unusable(f"there is no backup at {source}")
    with source.open("rb") as file:
        if not file.read(16).startswith(b"SQLite format 3\x00"):
            raise Unusable(f"{source} is not a SQLite database", hint="flowdesk backup FILE makes a backup")


def _copy(database: Path, aside: Path) -> None:
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    source = sqlite3.connect(f"file:{quote(str(database.absolute()))}?mode=ro", uri=True, timeout=WAIT_S)
    with closing(source), closing(sqlite3.connect(aside)) as copy:
        # In one step, under one read transaction: what the server commits meanwhile is not in the copy.
        source.backup(copy)
        # The copy is one file; a server that opens it chooses its own journal mode again.
        copy.execute("PRAGMA journal_mode = DELETE")
    _flush(aside)


def _verify(path: Path, what: str, *, thorough: bool) -> None:
    problems = examine(path, thorough=thorough).problems
    if problems:
        raise Unusable(f"{what} is damaged: {problems[0]}", code="store_damaged", hint="use another backup")


def _set_aside(database: Path) -> Path | None:
    """Keep what is there under a name of its own. It is whole there: its log is written into it, or goes with it."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{quote(str(database))}?mode=rw", uri=True)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    kept = database.with_name(f"{database.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    log, index = beside(database)
    exists = database.exists()
    if exists:
        os.link(database, kept)
    if _size(log):
        log.replace(beside(kept)[0])
    log.unlink(missing_ok=True)
    index.unlink(missing_ok=True)
    return kept if exists else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _flush(path: Path) -> None:
    """Make a file, or the names in a directory, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
