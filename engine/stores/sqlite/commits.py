"""A commit as one SQL statement: an INSERT into the view `commits`, whose triggers keep the fence.

Any number of commits are rows of one INSERT, and one statement is a transaction of its own. This matters because each
statement gives up Python's interpreter lock and may wait long to get it back; see docs/why/embedded-sqlite.md. View and
triggers are temporary: they belong to the program, not to the file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any, Final

from engine.jsonio import dumps
from engine.store import Commit
from engine.stores import batch
from engine.stores.batch import LASTING, MARKS
from engine.stores.sqlite import inbox
from engine.stores.sqlite.rows import JOB_COLUMNS, RUN_COLUMNS, job_values, run_values

MOST_AT_ONCE: Final = 128
"""Commits in one statement: some 3,600 parameters, far below SQLite's limit."""

_COLUMNS: Final = (*RUN_COLUMNS, "expected_seq", "expected_owner", "events", "pos")
_CHANGING: Final = tuple(c for c in RUN_COLUMNS if c not in LASTING and c not in MARKS)
_JOB_CHANGING: Final = ("attempt", "status", "run_at", "updated_at", "error")

# A run's first commit runs into a unique key when its id or its dedupe key is taken. Later ones must find the row as
# they expect it. Either way the whole statement is undone.
_SETUP: Final = f"""
CREATE TEMP VIEW commits AS SELECT {", ".join(f"NULL AS {column}" for column in _COLUMNS)};

CREATE TEMP TRIGGER first_commit INSTEAD OF INSERT ON commits WHEN NEW.expected_seq = 0 BEGIN
    INSERT INTO runs ({", ".join(RUN_COLUMNS)}) VALUES ({", ".join(f"NEW.{c}" for c in RUN_COLUMNS)});
    INSERT INTO journal (pos, run_id, seq, events) VALUES (NEW.pos, NEW.id, 1, NEW.events);
END;

CREATE TEMP TRIGGER next_commit INSTEAD OF INSERT ON commits WHEN NEW.expected_seq > 0 BEGIN
    UPDATE runs SET {", ".join(f"{c} = NEW.{c}" for c in _CHANGING)}
        WHERE id = NEW.id AND seq = NEW.expected_seq AND owner IS NEW.expected_owner;
    SELECT RAISE(ABORT, 'fenced') WHERE changes() = 0;
    INSERT INTO journal (pos, run_id, seq, events)
        SELECT NEW.pos, NEW.id, NEW.expected_seq + 1, NEW.events WHERE NEW.events IS NOT NULL;
END;
"""

_UPSERT_JOBS: Final = f"""
INSERT INTO jobs ({", ".join(JOB_COLUMNS)})
SELECT {", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(JOB_COLUMNS)))} FROM json_each(?)
WHERE true
ON CONFLICT (id) DO UPDATE SET {", ".join(f"{c} = excluded.{c}" for c in _JOB_CHANGING)}
"""

_INSERT_BLOB: Final = "INSERT OR IGNORE INTO blobs (run_id, ref, data) VALUES (?, ?, ?)"


@dataclass(slots=True)
class Written:
    """A commit as parameters. `values` is a row of the view without its last column, the place in the feed."""

    values: tuple[Any, ...]
    jobs: list[tuple[Any, ...]]
    blobs: list[tuple[str, str, bytes]]
    run_id: str = ""
    heard: Sequence[str] = ()
    pokes: Sequence[str] = ()

    @property
    def has_more(self) -> bool:
        """Whether there is more to write than the run and its events."""
        return bool(self.jobs or self.blobs or self.heard or self.pokes)

    @property
    def has_events(self) -> bool:
        """Whether it takes a place in the feed."""
        return self.values[-1] is not None


def written(commit: Commit) -> Written:
    """Write a commit out; raises BadJson for values that are not JSON, ValueError when its numbers do not fit."""
    batch.check(commit)
    events = batch.to_text(commit.events) if commit.events else None
    values = (*run_values(commit.run), commit.expected_seq, commit.expected_owner, events)
    jobs = [job_values(job) for job in commit.jobs]
    blobs = [(commit.run.id, blob.ref, blob.data) for blob in commit.blobs]
    return Written(values, jobs, blobs, commit.run.id, commit.heard, commit.pokes)


def set_up(connection: sqlite3.Connection) -> None:
    """Make the view and its triggers on the writing connection."""
    connection.executescript(_SETUP)


def insert(connection: sqlite3.Connection, commits: Sequence[Written], pos: int) -> int:
    """Apply up to MOST_AT_ONCE commits, all or none, from this place in the feed on; returns the next free place.

    Raises sqlite3.IntegrityError when one of them is fenced off.
    """
    rows = []
    for commit in commits:
        rows.append((*commit.values, pos))
        pos += commit.has_events
    size = 1 << (len(rows) - 1).bit_length()
    parameters = list(chain.from_iterable(rows))
    parameters.extend([None] * (len(_COLUMNS) * (size - len(rows))))
    connection.execute(_insert_sql(size), parameters)
    return pos


def insert_rest(connection: sqlite3.Connection, commits: Sequence[Written]) -> None:
    """Apply the jobs and large values of some commits, and what they mean for inboxes."""
    jobs = [job for commit in commits for job in commit.jobs]
    if jobs:
        connection.execute(_UPSERT_JOBS, (dumps(jobs).decode(),))
    blobs = [blob for commit in commits for blob in commit.blobs]
    if blobs:
        connection.executemany(_INSERT_BLOB, blobs)
    for commit in commits:
        if commit.heard or commit.pokes:
            inbox.settle(connection, commit.run_id, commit.heard, commit.pokes)


@cache
def _insert_sql(size: int) -> str:
    """The statement for a power of two, so that few are prepared; no trigger fires for the NULL rows that fill up."""
    row = f"({', '.join('?' * len(_COLUMNS))})"
    return f"INSERT INTO commits VALUES {', '.join([row] * size)}"
