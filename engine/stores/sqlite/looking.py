"""The SQLite store for somebody who only looks: beside a running server or without one, changing nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from engine.errors import Unusable
from engine.policy_rows import Policies
from engine.practice_rows import Practice
from engine.secret_rows import Secrets
from engine.store import Figures, Health, Jobs, Runs, Schedules, Tallies, Upkeep, Users, Workflows
from engine.stores.lender import Lender
from engine.stores.sqlite.audit import SqliteAudit
from engine.stores.sqlite.connection import open_reader
from engine.stores.sqlite.credentials import SqliteCredentials
from engine.stores.sqlite.faults import unusable
from engine.stores.sqlite.figures import SqliteFigures
from engine.stores.sqlite.jobs import SqliteJobs
from engine.stores.sqlite.migrations import recognise
from engine.stores.sqlite.policies import SqlitePolicies
from engine.stores.sqlite.practice import SqlitePractice
from engine.stores.sqlite.readers import Readers
from engine.stores.sqlite.runs import SqliteRuns
from engine.stores.sqlite.schedules import SqliteSchedules
from engine.stores.sqlite.schema import MIGRATIONS
from engine.stores.sqlite.secrets import SqliteSecrets
from engine.stores.sqlite.tallies import SqliteTallies
from engine.stores.sqlite.upkeep import SqliteUpkeep
from engine.stores.sqlite.users import SqliteUsers
from engine.stores.sqlite.workflows import SqliteWorkflows
from engine.stores.sqlite.workspaces import SqliteWorkspaces
from engine.stores.sqlite.writer import Writer
from engine.tenancy import Audit, Credentials, Workspaces

_BUSY_MS: Final = 5000


class SqliteLook:
    """Implements engine.store.Store without its writing half: whatever would write raises Unavailable."""

    exclusive = True

    def __init__(self, path: Path) -> None:
        self.path = path
        lender = Lender()
        writer = Writer(lender)  # never started, so it refuses all work
        self._lender = lender
        self._readers = readers = Readers(path, lender, busy_ms=_BUSY_MS)
        self.users: Users = SqliteUsers(writer, readers)
        self.workflows: Workflows = SqliteWorkflows(writer, readers)
        self.runs: Runs = SqliteRuns(writer, readers)
        self.jobs: Jobs = SqliteJobs(readers)
        self.schedules: Schedules = SqliteSchedules(writer, readers)
        self.secrets: Secrets = SqliteSecrets(writer, readers)
        self.workspaces: Workspaces = SqliteWorkspaces(writer, readers)
        self.credentials: Credentials = SqliteCredentials(writer, readers)
        self.audit: Audit = SqliteAudit(writer, readers)
        self.practice: Practice = SqlitePractice(writer, readers)
        self.policies: Policies = SqlitePolicies(writer, readers)
        self.tallies: Tallies = SqliteTallies(writer, readers)
        self.figures: Figures = SqliteFigures(readers)
        self.upkeep: Upkeep = SqliteUpkeep(writer, readers)

    async def open(self) -> None:
        """Raises Unusable for a file in another form than this program's; nothing is migrated here."""
        try:
            with closing(open_reader(self.path, busy_ms=_BUSY_MS)) as connection:
                form = recognise(connection, self.path)
        except sqlite3.Error as error:
            raise unusable(error, self.path) from error
        if form != len(MIGRATIONS):
            raise Unusable(
                f"{self.path} has the form of an older FlowDesk ({form}; this one's is {len(MIGRATIONS)})",
                code="store_too_old",
                hint="the next start of the server brings it up to date",
            )
        self._readers.start()

    async def close(self) -> None:
        """Let go of the file."""
        await self._readers.stop()
        self._lender.close()

    async def health(self) -> Health:
        """Whether it can be read."""
        await self.upkeep.mark("any")
        return Health(True, "sqlite")
