"""Files only their owner may read, replaced as a whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Put the text at `path` with mode 0600; whoever reads meanwhile sees the old file or the new one."""
    make_private_dir(path.parent)
    replace_file(path, text, mode=0o600)


def make_private_dir(path: Path) -> None:
    """The directory, made with mode 0700 when it is missing."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)


def replace_file(path: Path, text: str, *, mode: int | None = None) -> None:
    """Replace a file's text in one step; keeps its mode unless one is given, and follows a link to its target."""
    target = path.resolve()
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)  # noqa: PTH101 - mkstemp gives a name
        os.replace(name, target)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        raise


def _umask() -> int:
    # There is no way to read it but to set it.
    mask = os.umask(0)
    os.umask(mask)
    return mask
