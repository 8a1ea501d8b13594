"""A whole, consistent copy of the database, also while a server writes to it."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote

from engine.errors import Conflict, Unusable

WAIT_S: Final = 10.0
"""How long to wait for a moment in which the database can be read."""


def backup(database: Path, target: Path) -> int:
    """Copy the database to `target`, which appears whole or not at all; the copy's size in bytes.

    Raises Conflict when `target` exists, Unusable when the database cannot be read or the copy not be written.
    """
    if target.exists():
        raise Conflict(f"{target} exists already", hint="a backup never replaces a file; choose another name")
    if not database.exists():
        raise Unusable(f"there is no database at {database}", hint="FLOWDESK_DATA_DIR or --data-dir says where it is")
    aside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        _copy(database, aside)
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


def _copy(database: Path, aside: Path) -> None:
    source = sqlite3.connect(f"file:{quote(str(database.absolute()))}?mode=ro", uri=True, timeout=WAIT_S)
    with closing(source), closing(sqlite3.connect(aside)) as copy:
        # In one step, under one read transaction: what the server commits meanwhile is not in the copy.
        source.backup(copy)
        # The copy is one file; a server that opens it chooses its own journal mode again.
        copy.execute("PRAGMA journal_mode = DELETE")
    with aside.open("rb") as file:
        os.fsync(file.fileno())
