"""Runs of the memory store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from engine.errors import Fenced, NotFound
from engine.jsonio import dumps
from engine.models.event import Event
from engine.models.run import FINISHED, Message, RunRow, TriggerKind, WaitingFor
from engine.store import MAX_MESSAGES, Commit, FeedItem, Held, Owner, Page, ProcessRow, Pruned, RunFilter
from engine.stores import batch
from engine.stores import cursor as cursors
from engine.stores.batch import LASTING, MARKS
from engine.stores.memory_data import Data, copy, events_of, may, page


class MemoryRuns:
    """Implements engine.store.Runs."""

    def __init__(self, data: Data) -> None:
        self._data = data
        self._order: dict[str, int] = {}

    async def commit(self, commit: Commit) -> str:
        """Append and replace, or raise Fenced."""
        batch.check(commit)
        data, run = self._data, copy(commit.run)
        text = batch.to_text(commit.events)
        jobs = [copy(job) for job in commit.jobs]
        current = data.runs.get(run.id)
        key = None if run.dedupe_key is None else (run.workflow_id, run.dedupe_key)
        if commit.expected_seq == 0:
            if current is not None or key in data.keys:
                raise Fenced
            self._order[run.id] = len(self._order)
            if key is not None:
                data.keys[key] = run.id
        elif current is None or (current.seq, current.owner) != (commit.expected_seq, commit.expected_owner):
            raise Fenced
        else:
            kept = {name: getattr(current, name) for name in (*LASTING, *MARKS)}
            run = replace(run, **kept)
        data.runs[run.id] = run
        data.jobs.update((job.id, job) for job in jobs)
        for blob in commit.blobs:
            data.blobs.setdefault(run.id, {}).setdefault(blob.ref, bytes(blob.data))
        for message_id in commit.heard:
            data.messages.get(run.id, {}).pop(message_id, None)
        for run_id in commit.pokes:
            self._poke(run_id)
        if commit.events:
            data.pos += 1
            data.journal[data.pos] = (run.id, text)
            data.places.setdefault(run.id, []).append(data.pos)
        return str(data.pos)

    async def claim(
        self, run_id: str, *, owner: str, expected_owner: str | None, now: int, count_death: bool = False
    ) -> RunRow | None:
        """Compare and set the owner; the row as it is then."""
        row = self._data.runs.get(run_id)
        if row is None or row.status in FINISHED or row.owner != expected_owner:
            return None
        row.owner = owner
        if count_death:
            row.deaths = 1 if row.seq > row.death_seq else row.deaths + 1
            row.death_seq = row.seq
        return copy(row)

    async def get(self, run_id: str, *, owner: Owner) -> RunRow:
        """One run's summary."""
        row = self._data.runs.get(run_id)
        if row is None or not may(owner, row.user_id):
            raise NotFound
        return copy(row)

    async def by_key(self, workflow_id: str, dedupe_key: str) -> RunRow | None:
        """The run with this idempotency key."""
        run_id = self._data.keys.get((workflow_id, dedupe_key))
        return None if run_id is None else copy(self._data.runs[run_id])

    async def page(self, where: RunFilter, *, limit: int, cursor: str | None = None) -> Page[RunRow]:
        """Newest first."""
        found = [row for row in self._data.runs.values() if _wanted(row, where)]
        shown = page(found, lambda row: (row.created_at, self._order[row.id]), limit, cursor, int, int)
        return Page([copy(row) for row in shown.items], shown.cursor)

    async def journal(self, run_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Events with seq > after."""
        events: list[Event] = []
        for place in self._data.places.get(run_id, ()):
            if len(events) < limit:
                events += [event for event in events_of(self._data.journal[place][1]) if event.seq > after]
        return events

    async def journals(self, run_ids: Sequence[str]) -> dict[str, list[Event]]:
        """Whole journals, of all runs that have one."""
        return {run_id: await self.journal(run_id, limit=1 << 31) for run_id in run_ids if run_id in self._data.places}

    async def blob(self, run_id: str, ref: str) -> bytes:
        """A large value."""
        try:
            return self._data.blobs[run_id][ref]
        except KeyError:
            raise NotFound from None

    async def feed(self, after: str | None, *, limit: int) -> list[FeedItem]:
        """Commits in the order they happened."""
        data = self._data
        if after is None:
            return [FeedItem(str(data.pos), "", "", "", [])]
        place = cursors.decode_place(after)
        if not data.floor <= place <= data.pos:
            raise NotFound("this place in the feed is gone", hint="read the lists anew and follow from the end")
        found = [(pos, data.runs[run_id], text) for pos, (run_id, text) in data.journal.items() if pos > place]
        return [FeedItem(str(pos), run.id, run.workflow_id, run.user_id, events_of(t)) for pos, run, t in found[:limit]]

    async def due(self, now: int, *, limit: int) -> list[RunRow]:
        """Resting runs whose time has come, the most overdue first, cancelled ones before them."""
        found = [(0 if row.cancel_requested or row.poked else _due_at(row), row) for row in self._resting()]
        ready = sorted(((at, row) for at, row in found if at is not None and at <= now), key=lambda pair: pair[0])
        rows = [row for _, row in ready]
        return [copy(row) for row in (rows if len(rows) <= limit else batch.in_turn(rows, limit))]

    async def next_due(self) -> int | None:
        """The earliest time a resting run waits for."""
        return min((at for row in self._resting() if (at := _due_at(row)) is not None), default=None)

    def _resting(self) -> list[RunRow]:
        return [row for row in self._data.runs.values() if row.owner is None and row.status not in FINISHED]

    async def orphans(self, now: int, *, limit: int) -> list[RunRow]:
        """Unfinished runs of processes that are not known to live."""
        living = {process.owner for process in self._data.owners.values() if process.until > now}
        held = [row for row in self._data.runs.values() if row.owner is not None and row.status not in FINISHED]
        return [copy(row) for row in held if row.owner not in living][:limit]

    async def held_back(self, limit_key: str, *, limit: int) -> list[RunRow]:
        """Runs that wait for their turn under this key."""
        waiting = [row for row in self._held_back() if row.limit_key == limit_key]
        return [copy(row) for row in sorted(waiting, key=lambda row: (row.created_at, self._order[row.id]))[:limit]]

    async def held_keys(self, *, limit: int) -> list[str]:
        """Keys under which runs wait."""
        return list(dict.fromkeys(row.limit_key or "" for row in self._held_back()))[:limit]

    def _held_back(self) -> list[RunRow]:
        return [row for row in self._resting() if row.waiting_for is WaitingFor.LIMIT and row.due_at is None]

    async def request_cancel(self, run_id: str, *, owner: Owner) -> RunRow:
        """Mark a run for cancelling."""
        row = await self.get(run_id, owner=owner)
        if row.status not in FINISHED:
            row.cancel_requested = self._data.runs[run_id].cancel_requested = True
        return row

    async def cancel_requests(self, owner: str) -> list[str]:
        """Runs of this process that somebody wants cancelled."""
        rows = self._data.runs.values()
        return [row.id for row in rows if row.owner == owner and row.cancel_requested and row.status not in FINISHED]

    async def post(self, message: Message, *, owner: Owner) -> RunRow:
        """Put a message into a run's inbox."""
        await self.get(message.run_id, owner=owner)
        if self._poke(message.run_id):
            waiting = self._data.messages.setdefault(message.run_id, {})
            if len(waiting) >= MAX_MESSAGES:
                raise batch.inbox_full(message.run_id)
            waiting.setdefault(message.id, replace(message, body=orjson.loads(dumps(message.body))))
        return await self.get(message.run_id, owner=owner)

    def _poke(self, run_id: str) -> bool:
        row = self._data.runs.get(run_id)
        if row is None or row.status in FINISHED:
            return False
        row.poked = True
        return True

    async def inbox(self, run_id: str) -> list[Message]:
        """Take back the poke and read all messages that wait."""
        if run_id in self._data.runs:
            self._data.runs[run_id].poked = False
        return list(self._data.messages.get(run_id, {}).values())

    async def pokes(self, owner: str) -> list[str]:
        """Runs of this process that were poked."""
        rows = self._data.runs.values()
        return [row.id for row in rows if row.owner == owner and row.poked and row.status not in FINISHED]

    async def owing(self, *, limit: int) -> list[RunRow]:
        """Failed runs whose handler has yet to be started."""
        return [copy(row) for row in self._data.runs.values() if row.owed][:limit]

    async def settle(self, run_id: str, *, seq: int) -> None:
        """Take the mark away."""
        row = self._data.runs.get(run_id)
        if row is not None and row.seq == seq:
            row.owed = False

    async def beat(self, owner: str, *, until: int, info: dict[str, Any] | None = None) -> None:
        """Say that this process lives until then."""
        self._data.owners[owner] = ProcessRow(owner, until, info)

    async def held(self, owner: str, *, limit: int) -> Held:
        """What this process executes."""
        ids = [row.id for row in self._data.runs.values() if row.owner == owner and row.status not in FINISHED]
        return Held(len(ids), ids[:limit])

    async def retire(self, owner: str) -> None:
        """Forget a process."""
        self._data.owners.pop(owner, None)

    async def retire_others(self, owner: str) -> None:
        """Forget every process but this one."""
        for other in self._data.owners.keys() - {owner}:
            del self._data.owners[other]

    async def repair(self, *, limit: int) -> int:
        """Nothing is ever left behind."""
        return 0

    async def active(self, *, owner: Owner, workflow_id: str | None = None) -> int:
        """How many runs are unfinished."""
        where = RunFilter(owner, workflow_id)
        return sum(_wanted(row, where) and row.status not in FINISHED for row in self._data.runs.values())

    async def delete_for_workflow(self, workflow_id: str, *, limit: int) -> int:
        """Remove finished runs of a workflow."""
        rows = [row for row in self._finished() if row.workflow_id == workflow_id and not self._is_needed(row, None)]
        return self._remove(rows[:limit])

    async def trim(self, owner_id: str, *, limit: int) -> int:
        """Remove a workspace's oldest finished runs."""
        mine = [row for row in self._finished() if row.user_id == owner_id and row.trigger is not TriggerKind.ROUND]
        gone = [row for row in mine if not self._is_needed(row, None)][:limit]
        for row in gone:  # grows while it is walked along: loops within loops
            rounds = (one for one in self._data.runs.values() if one.caller_run_id == row.id)
            gone += [one for one in rounds if one.trigger is TriggerKind.ROUND]
        return self._remove(gone)

    async def prune(self, *, finished_before: int, limit: int) -> Pruned:
        """Remove old runs; there is no disk to give space back to."""
        old = [row for row in self._finished() if row.finished_at is not None and row.finished_at < finished_before]
        return Pruned(self._remove([row for row in old if not self._is_needed(row, finished_before)][:limit]))

    def _is_needed(self, row: RunRow, before: int | None) -> bool:
        """Whether the run that called this one has not finished, or not long enough ago."""
        caller = self._data.runs.get(row.caller_run_id or "")
        if caller is None:
            return False
        return caller.finished_at is None or (before is not None and caller.finished_at >= before)

    def _finished(self) -> list[RunRow]:
        return sorted((r for r in self._data.runs.values() if r.status in FINISHED), key=lambda row: row.created_at)

    def _remove(self, rows: list[RunRow]) -> int:
        data = self._data
        for row in rows:
            del data.runs[row.id]
            data.keys.pop((row.workflow_id, row.dedupe_key or ""), None)
            data.blobs.pop(row.id, None)
            data.messages.pop(row.id, None)
            for place in data.places.pop(row.id, ()):
                del data.journal[place]
                data.floor = max(data.floor, place)
            for job_id in [job.id for job in data.jobs.values() if job.run_id == row.id]:
                del data.jobs[job_id]
        needed = data.workflows.keys() | {row.workflow_id for row in data.runs.values()}
        for workflow_id in data.versions.keys() - needed:
            del data.versions[workflow_id]
        return len(rows)


def _due_at(row: RunRow) -> int | None:
    return min((at for at in (row.due_at, row.deadline_at) if at is not None), default=None)


def _wanted(row: RunRow, where: RunFilter) -> bool:
    return (
        may(where.owner, row.user_id)
        and where.workflow_id in (None, row.workflow_id)
        and (not where.statuses or row.status in where.statuses)
        and where.trigger in (None, row.trigger.value)
        and where.parent_run_id in (None, row.parent_run_id)
        and where.caller_run_id in (None, row.caller_run_id)
        and (where.call_step_id is None or (row.call is not None and row.call.step_id == where.call_step_id))
        and (not where.waiting_for or row.waiting_for in where.waiting_for)
        and (where.rounds or row.trigger is not TriggerKind.ROUND)
        and (where.since is None or row.created_at >= where.since)
        and (where.until is None or row.created_at < where.until)
    )
