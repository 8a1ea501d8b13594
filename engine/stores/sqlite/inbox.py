"""What runs have yet to hear: messages in their inboxes, and the mark that says there is something."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Final

from engine.jsonio import dumps
from engine.models.run import Message
from engine.store import MAX_MESSAGES
from engine.stores import batch
from engine.stores.sqlite.rows import MESSAGE_COLUMNS, message_row
from engine.stores.sqlite.schema import UNFINISHED

_COLUMNS: Final = ", ".join(MESSAGE_COLUMNS)
_INSERT: Final = f"""
INSERT INTO messages ({_COLUMNS}) VALUES ({", ".join("?" * len(MESSAGE_COLUMNS))}) ON CONFLICT DO NOTHING
"""
_POKE: Final = f"UPDATE runs SET poked = 1 WHERE id = ? AND {UNFINISHED}"
_WAITING: Final = f"SELECT {_COLUMNS} FROM messages WHERE run_id = ? ORDER BY n"


def post(connection: sqlite3.Connection, message: Message) -> None:
    """Keep a message for an unfinished run and poke the run; nothing for a finished one."""
    if connection.execute(_POKE, (message.run_id,)).rowcount == 0:
        return
    waiting = connection.execute("SELECT count(*) FROM messages WHERE run_id = ?", (message.run_id,)).fetchone()[0]
    if waiting >= MAX_MESSAGES:
        raise batch.inbox_full(message.run_id)
    values = (message.id, message.run_id, message.at, message.kind, dumps(message.body).decode())
    connection.execute(_INSERT, values)


def read(connection: sqlite3.Connection, run_id: str) -> list[Message]:
    """Take back the poke, then read what waits."""
    connection.execute("UPDATE runs SET poked = 0 WHERE id = ? AND poked = 1", (run_id,))
    return [message_row(values) for values in connection.execute(_WAITING, (run_id,)).fetchall()]


def settle(connection: sqlite3.Connection, run_id: str, heard: Sequence[str], pokes: Sequence[str]) -> None:
    """Forget what a commit has heard, and poke those it has something for."""
    connection.executemany("DELETE FROM messages WHERE run_id = ? AND id = ?", [(run_id, id_) for id_ in heard])
    connection.executemany(_POKE, [(id_,) for id_ in pokes])
