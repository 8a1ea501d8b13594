"""What SQLite's errors mean to FlowDesk.

    FULL                               StoreFull
    BUSY, LOCKED, PROTOCOL             StoreBusy
    IOERR, CANTOPEN, READONLY, ...     Unavailable
    CORRUPT, NOTADB                    Unavailable, with a hint at the backup

Other errors are mistakes in our own statements and stay what they are.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

from engine.errors import Invalid, StoreBusy, StoreFull, TooLarge, Unavailable, Unusable

DAMAGED_HINT: Final = "stop the server, keep a copy of the file, and restore a backup; see docs/storage.md"

_BUSY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_AWAY: Final = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT,
}
DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def code_of(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors of the Python module itself."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def storage_fault(error: sqlite3.Error) -> Unavailable | None:
    """What to tell callers when the storage failed, as opposed to one statement; nothing was accepted then."""
    code = code_of(error)
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(hint="free some space on the disk of the data directory")
    if code in _BUSY:
        return StoreBusy(hint="another program holds the database file locked")
    if code in _AWAY:
        return Unavailable(f"the database file cannot be used right now: {error}")
    if code in DAMAGED:
        return Unavailable(f"the database file is damaged: {error}", hint=DAMAGED_HINT)
    return None


def is_taken(error: BaseException) -> bool:
    """Whether a unique key was taken, or a fence in one of our triggers said no."""
    return isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorcode in (
        sqlite3.SQLITE_CONSTRAINT_UNIQUE,
        sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY,
        sqlite3.SQLITE_CONSTRAINT_TRIGGER,
    )


def translated(error: Exception) -> Exception:
    """The error callers know; the same one when it is a mistake of ours."""
    if isinstance(error, UnicodeEncodeError):
        return Invalid("a text holds a lone surrogate", code="bad_text")
    if isinstance(error, OverflowError):
        return Invalid("a number does not fit 64 bits", code="big_integer")
    if isinstance(error, sqlite3.DataError):
        return TooLarge("a value is larger than the database can hold")
    return (storage_fault(error) if isinstance(error, sqlite3.Error) else None) or error


def unusable(error: sqlite3.Error, path: Path) -> Unusable:
    """Why the file cannot be opened, and what to do."""
    fault = storage_fault(error)
    if fault is None or code_of(error) in DAMAGED:
        return Unusable(f"{path} is damaged: {error}", code="store_damaged", hint=DAMAGED_HINT)
    hint = fault.hint or "check the disk and the permissions, or set FLOWDESK_DATA_DIR to another directory"
    return Unusable(f"{path} cannot be opened: {error}", hint=hint)
