"""The MongoDB store: many processes over one database, on a standalone server or a replica set."""

from __future__ import annotations

import time
from typing import Any, Final

from engine.errors import FlowDeskError
from engine.policy_rows import Policies
from engine.practice_rows import Practice
from engine.secret_rows import Secrets
from engine.store import Figures, Health, Jobs, Runs, Schedules, Tallies, Upkeep, Users, Workflows
from engine.stores.mongo.blobs import Blobs
from engine.stores.mongo.commits import Commits
from engine.stores.mongo.credentials import MongoCredentials
from engine.stores.mongo.figures import MongoFigures
from engine.stores.mongo.jobs import MongoJobs
from engine.stores.mongo.journal import Journal
from engine.stores.mongo.link import CALL_S, Link
from engine.stores.mongo.lookups import Lookups
from engine.stores.mongo.mending import Mending
from engine.stores.mongo.opening import STEP_S, Opening
from engine.stores.mongo.places import Places
from engine.stores.mongo.policies import MongoPolicies
from engine.stores.mongo.practice import MongoPractice
from engine.stores.mongo.projections import Projections
from engine.stores.mongo.reading import Reading
from engine.stores.mongo.retention import Retention
from engine.stores.mongo.runs import MongoRuns
from engine.stores.mongo.schedules import MongoSchedules
from engine.stores.mongo.schema import META
from engine.stores.mongo.secrets import MongoSecrets
from engine.stores.mongo.tallies import MongoTallies
from engine.stores.mongo.tenancy import MongoAudit, MongoWorkspaces
from engine.stores.mongo.upkeep import MongoUpkeep
from engine.stores.mongo.users import MongoUsers
from engine.stores.mongo.workflows import MongoWorkflows
from engine.tenancy import Audit, Credentials, Workspaces

_PATIENCE_S: Final = 2.0
_REPAIR_EVERY_S: Final = 2.0


class MongoStore:
    """Implements engine.store.Store.

    `url` is MONGO_URL; its path names the database, `flowdesk` when there is none. `patience_s` is how long `open`
    waits for a server that starts at the same moment, `repair_every_s` how often one of all processes looks for
    summaries that were left behind, `call_s` how long MongoDB may take for one call: more than the default breaks
    the promise that whoever asks is answered within two seconds.
    """

    exclusive = False

    def __init__(
        self,
        url: str,
        *,
        patience_s: float = _PATIENCE_S,
        repair_every_s: float = _REPAIR_EVERY_S,
        call_s: float = CALL_S,
    ) -> None:
        self._url = url
        self._patience_s = patience_s
        self._version = "?"
        self._link = link = Link(call_s=call_s)
        self._projections = projections = Projections(link)
        self._journal = journal = Journal(link, projections.put)
        self._lookups = Lookups(link)
        blobs = Blobs(link)
        reading = Reading(link, blobs)
        places = Places(link, journal, reading)
        self._mending = mending = Mending(link, journal, reading, projections, places, every_s=repair_every_s)
        self.users: Users = MongoUsers(link)
        self.workflows: Workflows = MongoWorkflows(link)
        self.jobs: Jobs = MongoJobs(link)
        self.schedules: Schedules = MongoSchedules(link)
        self.secrets: Secrets = MongoSecrets(link)
        self.workspaces: Workspaces = MongoWorkspaces(link)
        self.credentials: Credentials = MongoCredentials(link)
        self.audit: Audit = MongoAudit(link)
        runs = MongoRuns(
            link,
            commits=Commits(journal, reading, blobs, mending.settle, projections.remake),
            reading=reading,
            blobs=blobs,
            places=places,
            projections=projections,
            mending=mending,
            lookups=self._lookups,
            retention=Retention(link, journal),
        )
        self.runs: Runs = runs
        self.practice: Practice = MongoPractice(link)
        self.policies: Policies = MongoPolicies(link)
        self.tallies: Tallies = MongoTallies(link)
        self.figures: Figures = MongoFigures(link)
        self.upkeep: Upkeep = MongoUpkeep(link, runs, reading, projections)

    async def open(self) -> None:
        """Connect, check and prepare the database; raises Unusable with what to do, and may be called again then."""
        opening = Opening(self._url, patience_s=self._patience_s, step_s=max(STEP_S, self._link.call_s))
        try:
            await opening.run()
        except BaseException:
            await opening.discard()
            raise
        self._version = opening.version
        self._link.attach(opening.client, opening.name, opening.where)
        self._journal.open()

    async def close(self) -> None:
        """Answer what waits, then let go of the server."""
        await self._journal.close()
        await self._projections.gatherer.drain()
        await self._mending.close()
        await self._link.close()

    async def health(self) -> Health:
        """Whether a write is durable now, proved by a small one."""
        try:
            probe = {"$set": {"at": time.time_ns()}}
            await self._link.update_one(META, {"_id": "probe"}, probe, upsert=True)
        except FlowDeskError as error:
            return Health(False, "mongodb", {"error": str(error), **self.stats()})
        return Health(True, "mongodb", self.stats())

    def stats(self) -> dict[str, Any]:
        """Numbers for an operator: who waits, and how many callers shared how many round trips."""
        journal, projections = self._journal.gatherer, self._projections.gatherer
        return {
            "server": self._link.where,
            "version": self._version,
            "answers": self._link.answers,
            "waiting": len(journal) + len(projections),
            "commits": journal.done,
            "batches": journal.trips,
        }
