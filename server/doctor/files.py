"""The data directory, the files in it, and the disk below."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Final

from engine.stores.sqlite.files import beside
from server.doctor.findings import Finding, note, ok, problem, warning
from server.doctor.house import House
from server.signing_key import MIN_BYTES

LITTLE: Final = 1 << 30
HARDLY_ANY: Final = 100 << 20
SLOW_S: Final = 0.05
_TRIALS: Final = 5


def check_files(house: House) -> Iterator[Finding]:
    """What there is, who may read it, and how much room is left."""
    directory = house.settings.data_dir
    if not directory.is_dir():
        yield note("data_dir", f"there is no {directory} yet", "the first start of a server makes it")
        return
    yield from _directory(house, directory)
    yield from _private(house)
    yield from _key(house)
    yield from _room(directory)
    if house.embedded:
        yield from _speed(directory)


def _directory(house: House, directory: Path) -> Iterator[Finding]:
    if not os.access(directory, os.W_OK | os.X_OK):
        yield problem("data_dir", f"{directory} is not writable for this user")
        return
    if _mode(directory) & (stat.S_IWGRP | stat.S_IWOTH):
        found = warning("data_dir.open", f"other users can write to {directory}")
        yield _closed(house, directory, 0o700, found)
    else:
        yield ok("data_dir", str(directory))


def _private(house: House) -> Iterator[Finding]:
    settings = house.settings
    database = settings.database
    keys = (settings.signing_key_file, settings.secrets_key_file)
    for path in (database, *beside(database), *keys, settings.state_file):
        if _mode(path) & 0o077:
            yield _closed(house, path, 0o600, warning("files.open", f"other users can read {path}"))


def _closed(house: House, path: Path, mode: int, found: Finding) -> Finding:
    """Take the rights of others away, when that is asked for."""
    if not house.fix:
        return found
    try:
        path.chmod(mode)
    except OSError:
        return found
    return found.mended()


def _key(house: House) -> Iterator[Finding]:
    if house.settings.jwt_secret is not None:
        yield ok("key", "JWT_SECRET is given and strong")
        return
    path = house.settings.signing_key_file
    try:
        size = len(path.read_bytes())
    except FileNotFoundError:
        yield note("key", f"there is no {path} yet", "the first start of a server makes it")
    except OSError as error:
        yield problem("key", f"{path} cannot be read: {error.strerror}")
    else:
        if size < MIN_BYTES:
            remedy = "remove it; a new one is made at the next start, and everybody logs in again"
            yield problem("key", f"{path} holds {size} bytes, which is no key", remedy)
        else:
            yield ok("key", str(path))


def _room(directory: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(directory).free
    text = f"{free / (1 << 30):.1f} GB free below {directory}"
    yield problem("disk", text) if free < HARDLY_ANY else warning("disk", text) if free < LITTLE else ok("disk", text)


def _speed(directory: Path) -> Iterator[Finding]:
    """How long the disk takes to have a small write for certain, at best of a few."""
    if not os.access(directory, os.W_OK | os.X_OK):
        return
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            best = min(_flush(file.fileno()) for _ in range(_TRIALS))
    except OSError as error:
        yield problem("disk", f"cannot write to {directory}: {error.strerror}")
        return
    text = f"a flush to the disk takes {best * 1000:.1f} ms"
    yield warning("disk.slow", text) if best > SLOW_S else ok("disk.slow", text)


def _flush(descriptor: int) -> float:
    begun = perf_counter()
    os.pwrite(descriptor, b"x" * 4096, 0)
    os.fsync(descriptor)
    return perf_counter() - begun


def _mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0
