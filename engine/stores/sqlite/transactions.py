"""Many callers' work in one transaction, and to each caller its own answer."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from engine.errors import Fenced
from engine.stores.sqlite import commits
from engine.stores.sqlite.faults import is_taken, storage_fault, translated
from engine.stores.sqlite.work import ActionWork, CommitWork, MaintenanceWork, Work

_REFUSED: Final = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    UnicodeEncodeError,
    OverflowError,
)
"""What one commit of several can be at fault for."""

_NEXT_POS: Final = """
SELECT 1 + max(coalesce((SELECT max(pos) FROM journal), 0), (SELECT value FROM marks WHERE name = 'floor'))
"""
"""Places are never given twice, not even after the newest runs were removed."""


class Transactions:
    """Applies batches of work to the writing connection. Everything here happens in the writer's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        commits.set_up(connection)
        self._pos: int = connection.execute(_NEXT_POS).fetchone()[0]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def apply(self, batch: Sequence[Work]) -> None:
        """Do it all and make it durable. Afterwards each work has its result or error.

        At first all commits go in together. When one of them is refused nothing has changed, and they are done
        again one by one to find out which.
        """
        inside = [work for work in batch if not isinstance(work, MaintenanceWork)]
        if inside:
            pos = self._pos
            try:
                if not self._together(inside):
                    self._one_by_one(inside)
            except Exception as error:
                self._fail(inside, error)
                self._pos = pos
        for work in batch:
            if isinstance(work, MaintenanceWork):
                self._maintain(work)

    def _together(self, batch: Sequence[Work]) -> bool:
        """Everything in one go; False when a commit was refused, and then nothing has happened."""
        run_commits = [work for work in batch if isinstance(work, CommitWork)]
        written = [work.commit for work in run_commits]
        if len(run_commits) == len(batch) and not any(commit.has_more for commit in written):
            return self._insert(run_commits)  # a transaction of its own
        self._connection.execute("BEGIN IMMEDIATE")
        if run_commits and not self._insert(run_commits, written):
            self._connection.execute("ROLLBACK")
            return False
        for work in batch:
            if isinstance(work, ActionWork):
                self._act(work)
        self._connection.execute("COMMIT")
        return True

    def _insert(self, batch: Sequence[CommitWork], rest: Sequence[commits.Written] = ()) -> bool:
        pos = self._pos
        try:
            self._pos = commits.insert(self._connection, [work.commit for work in batch], pos)
            commits.insert_rest(self._connection, rest)
        except _REFUSED:
            self._pos = pos
            return False
        for work in batch:
            pos += work.commit.has_events
            work.result = str(pos - 1)
        return True

    def _one_by_one(self, batch: Sequence[Work]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        for work in batch:
            if isinstance(work, CommitWork):
                self._commit(work)
            elif isinstance(work, ActionWork):
                self._act(work)
        self._connection.execute("COMMIT")

    def _commit(self, work: CommitWork) -> None:
        pos = self._pos
        with self._guarded(work, single=not work.commit.has_more):
            following = commits.insert(self._connection, [work.commit], pos)
            commits.insert_rest(self._connection, [work.commit])
            self._pos = following
            work.result = str(following - 1)

    def _act(self, work: ActionWork) -> None:
        with self._guarded(work, single=work.single):
            work.result = work.action(self._connection)

    @contextmanager
    def _guarded(self, work: Work, *, single: bool) -> Iterator[None]:
        """One caller's work; what it did is undone when it fails, and everybody's when the storage fails."""
        if not single:
            self._connection.execute("SAVEPOINT work")
        try:
            yield
        except Exception as error:
            if isinstance(error, sqlite3.Error) and storage_fault(error) is not None:
                raise
            work.error = _answer(work, error)
            if not single:
                self._connection.execute("ROLLBACK TO work")
        if not single:
            self._connection.execute("RELEASE work")

    def _fail(self, batch: Sequence[Work], error: Exception) -> None:
        """The transaction failed as a whole: nothing was accepted."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        for work in batch:
            work.result = None
            work.error = translated(error)

    def _maintain(self, work: MaintenanceWork) -> None:
        try:
            work.result = work.action(self._connection)
        except Exception as error:
            self._fail([work], error)


def _answer(work: Work, error: Exception) -> Exception:
    if isinstance(work, CommitWork) and is_taken(error):
        return Fenced()
    return translated(error)
