"""One SQLite file has one writing process: whoever holds `<file>.lock`.

The kernel gives the lock back when the process ends, however it ends. The file stays where it is: removing it would
let two processes lock two different files of the same name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from engine.errors import Unusable


class FileLock:
    """Held from `acquire` to `release`."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._path = database.with_name(database.name + ".lock")
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock, or raise Unusable naming the process that has it."""
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unusable(
                f"the lock file {self._path} cannot be opened: {error.strerror}",
                hint="make the data directory writable, or set FLOWDESK_DATA_DIR to one that is",
            ) from None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(fd, 20, 0).decode("ascii", "replace").strip()
            os.close(fd)
            raise Unusable(
                f"{self._database} is in use by {f'process {holder}' if holder else 'another process'}",
                code="store_in_use",
                hint="stop that server first, or set FLOWDESK_DATA_DIR to another directory",
            ) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give the lock back; without effect when it is not held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
