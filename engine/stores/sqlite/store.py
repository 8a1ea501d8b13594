"""The SQLite store: one file, one writing thread, a few reading ones."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, Final

from engine.errors import FlowDeskError
from engine.policy_rows import Policies
from engine.practice_rows import Practice
from engine.secret_rows import Secrets
from engine.store import Figures, Health, Jobs, Runs, Schedules, Tallies, Upkeep, Users, Workflows
from engine.stores.lender import Lender
from engine.stores.sqlite import files
from engine.stores.sqlite.audit import SqliteAudit
from engine.stores.sqlite.connection import Synchronous, configure_writer, open_writer
from engine.stores.sqlite.credentials import SqliteCredentials
from engine.stores.sqlite.faults import DAMAGED, code_of, unusable
from engine.stores.sqlite.figures import SqliteFigures
from engine.stores.sqlite.jobs import SqliteJobs
from engine.stores.sqlite.lock import FileLock
from engine.stores.sqlite.migrations import check_tables, migrate, recognise
from engine.stores.sqlite.policies import SqlitePolicies
from engine.stores.sqlite.practice import SqlitePractice
from engine.stores.sqlite.readers import Readers
from engine.stores.sqlite.runs import SqliteRuns
from engine.stores.sqlite.schedules import SqliteSchedules
from engine.stores.sqlite.secrets import SqliteSecrets
from engine.stores.sqlite.tallies import SqliteTallies
from engine.stores.sqlite.transactions import Transactions
from engine.stores.sqlite.upkeep import SqliteUpkeep
from engine.stores.sqlite.users import SqliteUsers
from engine.stores.sqlite.workflows import SqliteWorkflows
from engine.stores.sqlite.workspaces import SqliteWorkspaces
from engine.stores.sqlite.writer import Writer
from engine.tenancy import Audit, Credentials, Workspaces

_FRESH_S: Final = 1.0


class SqliteStore:
    """Implements engine.store.Store.

    `synchronous` FULL flushes every commit to the disk before it is answered; NORMAL survives a killed process but may
    lose the last moments in a power cut. `busy_ms` is how long to wait for another program's lock on the file.
    """

    exclusive = True

    def __init__(self, path: Path, *, synchronous: Synchronous = "FULL", busy_ms: int = 2000) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_ms = busy_ms
        self._lock = FileLock(path)
        self._lender = Lender()
        self._writer = Writer(self._lender)
        self._readers = Readers(path, self._lender, busy_ms=busy_ms)
        self.users: Users = SqliteUsers(self._writer, self._readers)
        self.workflows: Workflows = SqliteWorkflows(self._writer, self._readers)
        self.runs: Runs = SqliteRuns(self._writer, self._readers)
        self.jobs: Jobs = SqliteJobs(self._readers)
        self.schedules: Schedules = SqliteSchedules(self._writer, self._readers)
        self.secrets: Secrets = SqliteSecrets(self._writer, self._readers)
        self.workspaces: Workspaces = SqliteWorkspaces(self._writer, self._readers)
        self.credentials: Credentials = SqliteCredentials(self._writer, self._readers)
        self.audit: Audit = SqliteAudit(self._writer, self._readers)
        self.practice: Practice = SqlitePractice(self._writer, self._readers)
        self.policies: Policies = SqlitePolicies(self._writer, self._readers)
        self.tallies: Tallies = SqliteTallies(self._writer, self._readers)
        self.figures: Figures = SqliteFigures(self._readers)
        self.upkeep: Upkeep = SqliteUpkeep(self._writer, self._readers)

    async def open(self) -> None:
        """Lock, check and migrate the file; raises Unusable with what to do."""
        try:
            await self._writer.start(self._connect)
        except BaseException:
            self._lock.release()
            raise
        self._readers.start()

    async def close(self) -> None:
        """Finish and answer what waits, then let go of the file."""
        await self._readers.stop()
        await self._writer.stop()
        self._lender.close()
        self._lock.release()

    async def health(self) -> Health:
        """Whether a write is durable now: proved by the last one, or by a small one of its own."""
        if not self._writer.alive:
            return Health(False, "sqlite", {"error": "the store is closed"})
        if self._writer.fault is not None or time.monotonic() - self._writer.last_at > _FRESH_S:
            try:
                await self._writer.act(_probe, single=True)
            except FlowDeskError as error:
                return Health(False, "sqlite", {"error": str(error), **self.stats()})
        return Health(True, "sqlite", self.stats())

    def stats(self) -> dict[str, Any]:
        """Numbers for an operator: the queue, how many callers shared how many flushes, how long the last one took."""
        writer = self._writer
        return {
            "waiting": self._lender.waiting,
            "commits": writer.done,
            "batches": writer.batches,
            "lastBatchMs": round(writer.last_ms, 2),
            "lent": self._lender.lent,
        }

    async def check(self) -> list[str]:
        """Read the whole file, which may take a while, and compare tables with indexes; says what is wrong."""
        return await self._readers.run(_integrity)

    def _connect(self) -> Transactions:
        files.prepare(self.path)
        self._lock.acquire()
        try:
            connection = open_writer(self.path, busy_ms=self._busy_ms)
            try:
                return self._set_up(connection)
            except BaseException:
                connection.close()
                raise
        except sqlite3.Error as error:
            raise unusable(error, self.path) from error

    def _set_up(self, connection: sqlite3.Connection) -> Transactions:
        version = recognise(connection, self.path)
        configure_writer(connection, self._synchronous, new=version == 0)
        migrate(connection, version)
        check_tables(connection)
        return Transactions(connection)


def _probe(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE marks SET value = ? WHERE name = 'probe'", (time.time_ns(),))


def _integrity(connection: sqlite3.Connection) -> list[str]:
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)").fetchall()]
    except sqlite3.DatabaseError as error:
        if code_of(error) not in DAMAGED:
            raise
        return [str(error)]
    return [] if found == ["ok"] else found
