"""The database file before SQLite sees it: there, ours alone, and really a database."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import Final

from engine.errors import Unusable
from engine.stores.sqlite.faults import DAMAGED_HINT

_MAGIC: Final = b"SQLite format 3\x00"
_ELSEWHERE: Final = "set FLOWDESK_DATA_DIR to a directory this user may write to"

log = logging.getLogger("flowdesk.store")


def prepare(path: Path) -> None:
    """Make directory and file where they are missing; raises Unusable for anything that is not to be touched."""
    _make_directory(path.parent)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Unusable(f"the data directory {path.parent} is not writable", hint=_ELSEWHERE)
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unusable(f"the database {path} cannot be opened: {error.strerror}", hint=_ELSEWHERE) from None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise Unusable(f"{path} is not a regular file", hint=_ELSEWHERE)
        _check_header(path, os.pread(fd, 100, 0))
    finally:
        os.close(fd)
    for private in (path, *beside(path)):
        _close_to_others(private)


def beside(path: Path) -> tuple[Path, Path]:
    """The files SQLite keeps beside a database while it is open, and after a crash."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"the data directory {directory} cannot be made: {error.strerror}", hint=_ELSEWHERE) from None


def _check_header(path: Path, header: bytes) -> None:
    if not header:
        journal = beside(path)[0]
        if journal.exists() and journal.stat().st_size:
            raise Unusable(f"{path} is empty, but the journal beside it is not", hint=DAMAGED_HINT)
    elif not header.startswith(_MAGIC) or len(header) < 100:
        raise Unusable(
            f"{path} is not a SQLite database",
            hint="move it away, or restore a backup in its place; FlowDesk never overwrites a file it does not know",
        )


def _close_to_others(path: Path) -> None:
    """Password hashes and journals are nobody else's business, whatever umask an earlier copy was made with."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            path.chmod(0o600)
            log.warning("%s was readable by other users (%o); it is now 600", path, mode)
    except FileNotFoundError:
        return
    except OSError as error:
        log.warning("%s is readable by other users and cannot be changed: %s", path, error.strerror)
