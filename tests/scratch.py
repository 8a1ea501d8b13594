"""Where tests keep their data: in memory where the machine has the room, so that no stall of a disk fails a test.

Databases still flush every write; only what lies behind the flush is memory. Everything goes through the temporary
directory of the process, so servers that tests start follow too. FLOWDESK_TEST_DISK=1 keeps the ordinary one.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

if sys.platform != "win32":
    import fcntl

SWITCH: Final = "FLOWDESK_TEST_DISK"
MEMORY: Final = Path("/dev/shm")  # noqa: S108 - only a directory of our own in it, that nobody else may enter
ROOM: Final = 3 << 30
"""Bytes that must be free, as a file system and as memory. Three processes of tests were measured to need 0.3 GB."""
_PREFIX: Final = "flowdesk-tests-"
_FRESH_S: Final = 60.0
"""How young a directory may be whose session has not locked it yet."""


class Scratch:
    """A directory of one session in memory. It is locked while the session lives, and gone afterwards."""

    def __init__(self, memory: Path = MEMORY) -> None:
        _remove_abandoned(memory)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=memory))
        self._lock = os.open(self.path, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._before = os.environ.get("TMPDIR")
        _use(str(self.path))

    def discard(self) -> None:
        """Remove it, and use the temporary directory from before."""
        _use(self._before)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def wanted(environ: Mapping[str, str] = os.environ, memory: Path = MEMORY, room: int = ROOM) -> bool:
    """Whether the machine has this room in memory and nobody chose otherwise."""
    if sys.platform != "linux" or environ.get(SWITCH):
        return False
    if not os.access(memory, os.W_OK | os.X_OK):
        return False
    return min(shutil.disk_usage(memory).free, _available()) >= room


def _available(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes of memory the system can give away."""
    for line in meminfo.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0


def _use(directory: str | None) -> None:
    """Make it the temporary directory of this process and of those it starts."""
    if directory is None:
        os.environ.pop("TMPDIR", None)
    else:
        os.environ["TMPDIR"] = directory
    tempfile.tempdir = None  # asked for again when next needed


def _remove_abandoned(memory: Path) -> None:
    """Remove what killed sessions left behind: memory that nobody else gives back. Living ones hold their lock."""
    for path in memory.glob(f"{_PREFIX}*"):
        about = path.lstat()
        young = time.time() - about.st_ctime < _FRESH_S
        if young or not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid():
            continue
        lock = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            continue
        else:
            shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(lock)
