"""Changing runs: each change is one journal entry, and only one entry can follow another.

See docs/mongo.md for the order of writes and what happens when a process dies between two of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from engine.errors import Fenced, StoreBusy, Unavailable
from engine.models.run import FINISHED, RunRow
from engine.store import Blob, Commit
from engine.stores import batch
from engine.stores.mongo.blobs import EVENTS_APART, Blobs, events_ref
from engine.stores.mongo.documents import run_fields
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.entries import FIRST_REV, State, entry_doc, new_tag, seq_before
from engine.stores.mongo.faults import OutcomeUnknown
from engine.stores.mongo.journal import Journal, Taken
from engine.stores.mongo.reading import Reading

TRIES: Final = 20
_REMEMBERED: Final = 50_000

Settle = Callable[[Doc], None]
Remake = Callable[[str], Awaitable[bool]]


class Commits:
    """Commits and claims.

    `settle` takes entries of which it is not known whether they landed, `remake` brings a run's summary up to date.
    """

    def __init__(self, journal: Journal, reading: Reading, blobs: Blobs, settle: Settle, remake: Remake) -> None:
        self._journal = journal
        self._reading = reading
        self._blobs = blobs
        self._settle = settle
        self._remake = remake
        self._known: OrderedDict[str, State] = OrderedDict()
        self._unsure: OrderedDict[str, None] = OrderedDict()

    async def commit(self, commit: Commit) -> str:
        """See `Runs.commit`."""
        batch.check(commit)
        text = batch.to_text(commit.events) if commit.events else None
        run_id = commit.run.id
        state = self._known.get(run_id)
        if commit.expected_seq and (state is None or not _expected(commit, state)):
            state = await self._reading.newest(run_id)
        for _ in range(TRIES):
            if state is not None and state.doc is not None and state.doc["tag"] in self._unsure:
                rest = await self._rest(commit, state, state.doc)
                if rest is None:
                    await self._remake(run_id)
                    return str(state.doc["_id"])
                commit, text = rest, batch.to_text(rest.events) if rest.events else None
            if not _expected(commit, state):
                raise Fenced
            try:
                return str(await self._write(commit, text, state))
            except Taken as taken:
                if taken.by_key:
                    raise Fenced from None
                state = await self._reading.newest(run_id)
        raise StoreBusy("too many want to change this run at once")

    async def claim(
        self, row: RunRow, rev: int, *, owner: str, expected_owner: str | None, count_death: bool
    ) -> RunRow | None:
        """Make `owner` the executor of a run whose summary says this; the row as it is then, or None."""
        state: State | None = State(rev, row.seq, row.owner, row)
        for _ in range(TRIES):
            if state is None or state.row is None or state.row.status in FINISHED or state.owner != expected_owner:
                return None
            # Marks on the summary are something that entries know nothing of.
            claimed = replace(state.row, owner=owner, cancel_requested=row.cancel_requested, poked=row.poked)
            if count_death:
                claimed.deaths = 1 if claimed.seq > claimed.death_seq else claimed.deaths + 1
                claimed.death_seq = claimed.seq
            try:
                await self._append(entry_doc(claimed, state.next_rev, new_tag()), state, takes_over=True)
            except Taken:
                state = await self._reading.newest(row.id)
            else:
                self._remember(row.id, State(state.next_rev, claimed.seq, owner))
                return claimed
        return None

    async def _write(self, commit: Commit, text: str | None, state: State | None) -> int:
        run = commit.run
        first = commit.expected_seq == 0
        rev = FIRST_REV if state is None else state.next_rev
        tag = new_tag()
        blobs = list(commit.blobs)
        if text is not None and len(text) > EVENTS_APART:
            blobs.append(Blob(events_ref(tag), text.encode()))
            text = ""
        doc = entry_doc(run, rev, tag, text, commit.jobs, first=first, heard=commit.heard, pokes=commit.pokes)
        takes_over = first or (run.owner is not None and run.owner != commit.expected_owner)
        if not blobs:
            place = await self._append(doc, state, takes_over=takes_over)
        else:
            place = await self._with_blobs(blobs, doc, lambda: self._append(doc, state, takes_over=takes_over))
        if run.status in FINISHED:
            self._known.pop(run.id, None)
        else:
            self._remember(run.id, State(rev, run.seq, run.owner))
        return place

    async def _with_blobs(self, blobs: list[Blob], doc: Doc, append: Callable[[], Awaitable[int]]) -> int:
        """Values before the entry that makes them count; without it they are removed again."""
        run_id, tag = doc["runId"], doc["tag"]
        try:
            await self._blobs.put(run_id, doc["rev"], tag, blobs)
            return await append()
        except OutcomeUnknown:
            raise
        except (Taken, Unavailable):
            await self._blobs.drop(run_id, tag)
            raise

    async def _append(self, doc: Doc, state: State | None, *, takes_over: bool) -> int:
        def doubt(doc: Doc) -> None:
            self._unsure[doc["tag"]] = None
            if len(self._unsure) > _REMEMBERED:
                self._unsure.popitem(last=False)
            if takes_over:
                # Nobody comes back for it: if it did land, the run must not wait for a caller that was told no.
                self._settle(doc)

        prev = None if state is None or doc.get("first") else state.rev
        return await self._journal.append(doc, prev, doubt)

    async def _rest(self, commit: Commit, state: State, landed: Doc) -> Commit | None:
        """What is left to do of a commit some of which had landed in a call that could not say so; None: nothing."""
        del self._unsure[landed["tag"]]
        if state.row is None or seq_before(landed["rev"]) != commit.expected_seq:
            return commit
        count = state.seq - commit.expected_seq
        if "events" in landed and batch.to_text(commit.events[:count]).encode() != await self._reading.text(landed):
            return commit
        if count == len(commit.events) and landed["run"] == run_fields(commit.run):
            return None
        events = list(commit.events[count:])
        return replace(commit, events=events, expected_seq=state.seq, expected_owner=state.owner)

    def _remember(self, run_id: str, state: State) -> None:
        self._known[run_id] = replace(state, row=None, doc=None)
        self._known.move_to_end(run_id)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)


def _expected(commit: Commit, state: State | None) -> bool:
    """Whether a run stands where this commit thinks it does."""
    if commit.expected_seq == 0:
        return state is None or (state.seq == 0 and state.row is None)
    return state is not None and (state.seq, state.owner) == (commit.expected_seq, commit.expected_owner)
