"""Runs in MongoDB: the journal is the truth, summaries are what lists and the sweeper read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from engine.errors import NotFound
from engine.jsonio import dumps
from engine.models.event import Event
from engine.models.run import FINISHED, Message, RunRow, RunStatus
from engine.store import ANYONE, Commit, FeedItem, Held, Owner, Page, Pruned, RunFilter
from engine.stores import cursor as cursors
from engine.stores.batch import in_turn
from engine.stores.mongo import lists
from engine.stores.mongo.blobs import Blobs
from engine.stores.mongo.commits import Commits
from engine.stores.mongo.documents import run_row
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.inbox import Inboxes
from engine.stores.mongo.link import Link
from engine.stores.mongo.lookups import Lookups
from engine.stores.mongo.mending import Mending
from engine.stores.mongo.places import Places
from engine.stores.mongo.projections import Projections
from engine.stores.mongo.reading import Reading
from engine.stores.mongo.retention import Retention
from engine.stores.mongo.schema import ANY_TEXT, ANY_TIME, JOURNAL, OWNERS, RUNS

_UNFINISHED: Final = {"$in": [status.value for status in RunStatus if status not in FINISHED]}
MOST_OWNERS: Final = 100
_NEWEST_FIRST: Final = [("createdAt", -1), ("_id", -1)]


class MongoRuns:
    """Implements engine.store.Runs."""

    def __init__(
        self,
        link: Link,
        *,
        commits: Commits,
        reading: Reading,
        blobs: Blobs,
        places: Places,
        projections: Projections,
        mending: Mending,
        lookups: Lookups,
        retention: Retention,
    ) -> None:
        self._link = link
        self._inboxes = Inboxes(link)
        self._commits = commits
        self._reading = reading
        self._blobs = blobs
        self._places = places
        self._projections = projections
        self._mending = mending
        self._lookups = lookups
        self._retention = retention

    async def commit(self, commit: Commit) -> str:
        """Append and replace, or raise Fenced."""
        return await self._commits.commit(commit)

    async def claim(
        self, run_id: str, *, owner: str, expected_owner: str | None, now: int, count_death: bool = False
    ) -> RunRow | None:
        """Compare and set the owner, by an entry of its own; the row as it is then."""
        doc = await self._summary(run_id)
        if doc is None:
            return None
        row = run_row(run_id, doc)
        return await self._commits.claim(
            row, doc["rev"], owner=owner, expected_owner=expected_owner, count_death=count_death
        )

    async def get(self, run_id: str, *, owner: Owner) -> RunRow:
        """One run's summary."""
        doc = await self._summary(run_id)
        if doc is None or (isinstance(owner, str) and doc["userId"] != owner):
            raise NotFound
        return run_row(run_id, doc)

    async def by_key(self, workflow_id: str, dedupe_key: str) -> RunRow | None:
        """The run with this idempotency key; the journal knows, even before there is a summary."""
        found = await self._link.one(JOURNAL, {"workflowId": workflow_id, "dedupeKey": dedupe_key}, {"runId": 1})
        doc = None if found is None else await self._summary(found["runId"])
        return None if doc is None else run_row(doc["_id"], doc)

    async def page(self, where: RunFilter, *, limit: int, cursor: str | None = None) -> Page[RunRow]:
        """Newest first."""
        found, index = lists.runs(where, cursor)
        docs = await self._link.many(RUNS, found, sort=_NEWEST_FIRST, limit=limit + 1, hint=index)
        rows = _rows(docs[:limit])
        more = len(docs) > limit and bool(rows)
        return Page(rows, cursors.encode(rows[-1].created_at, rows[-1].id) if more else None)

    async def journal(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events with seq > after."""
        return await self._reading.journal(run_id, after, limit)

    async def journals(self, run_ids: Sequence[str]) -> dict[str, list[Event]]:
        """Whole journals, of all runs that have one."""
        return await self._reading.journals(run_ids)

    async def blob(self, run_id: str, ref: str) -> bytes:
        """A large value."""
        return await self._blobs.get(run_id, ref)

    async def feed(self, after: str | None, *, limit: int) -> list[FeedItem]:
        """Commits in the order of their places."""
        return await self._places.feed(None if after is None else cursors.decode_place(after), limit)

    async def due(self, now: int, *, limit: int) -> list[RunRow]:
        """Resting runs whose time has come, the most overdue first, cancelled ones before them."""
        docs: list[Doc] = []
        for mark, index in (("cancelRequested", "cancel"), ("poked", "poked")):
            marked = {"holder": None, mark: True, "open": True}
            found = await self._link.many(RUNS, marked, limit=limit, hint=index)
            seen = {doc["_id"] for doc in docs}
            docs += [doc for doc in found if doc["_id"] not in seen]
        seen = {doc["_id"] for doc in docs}
        if len(docs) < limit:
            late = await self._link.many(
                RUNS, {"wakeAt": {**ANY_TIME, "$lte": now}}, sort=[("wakeAt", 1)], limit=limit + 1, hint="wake"
            )
            docs += [doc for doc in late if doc["_id"] not in seen]
        return _rows(docs) if len(docs) <= limit else in_turn(_rows([*docs, *await self._turns(now, limit)]), limit)

    async def _turns(self, now: int, limit: int) -> list[Doc]:
        """Of each owner some runs whose time has come."""
        owners = await self._link.call(lambda: self._link[RUNS].distinct("userId", {"wakeAt": ANY_TIME}))
        each = [
            self._link.many(
                RUNS,
                {"userId": owner, "wakeAt": {**ANY_TIME, "$lte": now}},
                sort=[("wakeAt", 1)],
                limit=min(limit, 50),
                hint="turn",
            )
            for owner in owners[:MOST_OWNERS]
        ]
        return [doc for docs in await asyncio.gather(*each) for doc in docs]

    async def next_due(self) -> int | None:
        """The earliest time a resting run waits for."""
        doc = await self._link.one(RUNS, {"wakeAt": ANY_TIME}, {"wakeAt": 1}, sort=[("wakeAt", 1)])
        return None if doc is None else int(doc["wakeAt"])

    async def orphans(self, now: int, *, limit: int) -> list[RunRow]:
        """Unfinished runs of processes that are not known to live."""
        living = [doc["_id"] for doc in await self._link.many(OWNERS, {"until": {"$gt": now}}, {"_id": 1})]
        lost = {"holder": {**ANY_TEXT, "$nin": living}}
        return _rows(await self._link.many(RUNS, lost, limit=limit, hint="holder"))

    async def held_back(self, limit_key: str, *, limit: int) -> list[RunRow]:
        """Runs that wait for their turn under this key."""
        order = [("createdAt", 1), ("_id", 1)]
        return _rows(await self._link.many(RUNS, {"heldUnder": limit_key}, sort=order, limit=limit, hint="held"))

    async def held_keys(self, *, limit: int) -> list[str]:
        """Keys under which runs wait."""
        held = {"heldUnder": ANY_TEXT}
        found: list[str] = await self._link.call(lambda: self._link[RUNS].distinct("heldUnder", held))
        return found[:limit]

    async def request_cancel(self, run_id: str, *, owner: Owner) -> RunRow:
        """Mark a run for cancelling. The mark is the one thing about a run that only its summary knows."""
        row = await self.get(run_id, owner=owner)
        if row.status in FINISHED:
            return row
        change = {"$set": {"cancelRequested": True}}
        doc = await self._link.changed(RUNS, {"_id": run_id, "open": True}, change)
        return await self.get(run_id, owner=owner) if doc is None else run_row(run_id, doc)

    async def cancel_requests(self, owner: str) -> list[str]:
        """Runs of this process that somebody wants cancelled."""
        where = {"holder": owner, "cancelRequested": True, "open": True}
        return [doc["_id"] for doc in await self._link.many(RUNS, where, {"_id": 1}, hint="cancel")]

    async def post(self, message: Message, *, owner: Owner) -> RunRow:
        """Put a message into a run's inbox."""
        row = await self.get(message.run_id, owner=owner)
        if row.status not in FINISHED:
            await self._inboxes.post(message)
        return await self.get(message.run_id, owner=owner)

    async def inbox(self, run_id: str) -> list[Message]:
        """Take back the poke and read all messages that wait."""
        return await self._inboxes.read(run_id)

    async def waiting(self, run_id: str) -> list[Message]:
        """All messages that wait, without taking anything back."""
        return await self._inboxes.waiting(run_id)

    async def pokes(self, owner: str) -> list[str]:
        """Runs of this process that were poked."""
        return await self._inboxes.poked(owner)

    async def owing(self, *, limit: int) -> list[RunRow]:
        """Failed runs whose handler has yet to be started."""
        return _rows(await self._link.many(RUNS, {"owed": True}, limit=limit, hint="owed"))

    async def settle(self, run_id: str, *, seq: int) -> None:
        """Take the mark away. A summary that is made again has it again: who starts handlers finds the first then."""
        await self._link.update_one(RUNS, {"_id": run_id, "seq": seq}, {"$set": {"owed": False}})

    async def beat(self, owner: str, *, until: int, info: dict[str, Any] | None = None) -> None:
        """Say that this process lives until then."""
        change = {"$set": {"until": until, "info": None if info is None else dumps(info).decode()}}
        await self._link.update_one(OWNERS, {"_id": owner}, change, upsert=True)

    async def held(self, owner: str, *, limit: int) -> Held:
        """What this process executes."""
        where = {"holder": owner}
        count = await self._link.call(lambda: self._link[RUNS].count_documents(where, hint="holder"))
        docs = await self._link.many(RUNS, where, {"_id": 1}, limit=limit, hint="holder")
        return Held(count, [doc["_id"] for doc in docs])

    async def retire(self, owner: str) -> None:
        """Forget a process."""
        await self._link.delete(OWNERS, {"_id": owner})

    async def retire_others(self, owner: str) -> None:
        """Forget every process but this one."""
        await self._link.delete(OWNERS, {"_id": {"$ne": owner}})

    async def active(self, *, owner: Owner, workflow_id: str | None = None) -> int:
        """How many runs are unfinished."""
        where = lists.equal(userId=lists.whose(owner), workflowId=workflow_id, status=_UNFINISHED)
        index = "workflow" if workflow_id else "status" if owner is ANYONE else "user"
        return await self._link.call(lambda: self._link[RUNS].count_documents(where, hint=index))

    async def delete_for_workflow(self, workflow_id: str, *, limit: int) -> int:
        """Remove finished runs of a workflow."""
        return await self._retention.of_workflow(workflow_id, limit)

    async def trim(self, owner_id: str, *, limit: int) -> int:
        """Remove a workspace's oldest finished runs."""
        return await self._retention.of_owner(owner_id, limit)

    async def prune(self, *, finished_before: int, limit: int) -> Pruned:
        """Remove old runs. MongoDB keeps the space for new ones."""
        return Pruned(await self._retention.finished_before(finished_before, limit))

    async def repair(self, *, limit: int) -> int:
        """Make summaries again that a process left behind their journals."""
        return await self._mending.repair(limit)

    async def _summary(self, run_id: str) -> Doc | None:
        """A run's summary; one that is missing, since its process died too early, is made on the spot."""
        doc = await self._lookups.find(run_id)
        if doc is None and await self._projections.remake(run_id):
            doc = await self._lookups.find(run_id)
        return doc


def _rows(docs: Sequence[Doc]) -> list[RunRow]:
    return [run_row(doc["_id"], doc) for doc in docs]
