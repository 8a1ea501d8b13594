"""Entries of the journal: one document per change of a run, each the only successor of the one before.

`rev` numbers them: the seq before the entry times 65536, plus how many entries without events stand at that seq
already. Whatever changes a run next has exactly one rev, and (runId, rev) is unique: that is the fence.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import bson

from engine.errors import StoreBusy, TooLarge
from engine.models.run import JobRow, RunRow
from engine.stores.mongo import faults
from engine.stores.mongo.documents import job_doc, run_fields, run_row
from engine.stores.mongo.driver import Doc
from engine.stores.mongo.gather import promise

_SUB: Final = 16
FIRST_REV: Final = 0
LARGEST: Final = 12 << 20
"""Bytes of an entry; a document of MongoDB can have 16 MB."""
ALL_BUT_EVENTS: Final = {"events": 0}

_PROCESS: Final = os.urandom(6).hex()
_numbers: Final = count(1)


@dataclass(slots=True, eq=False)
class Entry:
    """An entry on its way: `sent` once it may be in the journal, `pos` once it is.

    `prev` is the rev of the entry it follows; None when the run begins with it.
    """

    doc: Doc
    prev: int | None
    weight: int
    answer: asyncio.Future[int] = field(default_factory=promise)
    sent: bool = False
    withdrawn: bool = False
    pos: int | None = None


@dataclass(slots=True, frozen=True)
class State:
    """Where a run stands after its newest entry. `row` is None before its first commit, `doc` when it was not read."""

    rev: int
    seq: int
    owner: str | None
    row: RunRow | None = None
    doc: Doc | None = None

    @property
    def next_rev(self) -> int:
        """The rev of whatever comes next."""
        if self.seq > self.rev >> _SUB:
            return self.seq << _SUB
        if (self.rev + 1) >> _SUB != self.rev >> _SUB:
            raise StoreBusy("this run changed hands too often without any progress")
        return self.rev + 1


def state_of(doc: Doc) -> State:
    """Where a run stands after this entry."""
    fields = doc.get("run")
    if fields is None:
        return State(doc["rev"], 0, None, None, doc)
    row = run_row(doc["runId"], fields)
    return State(doc["rev"], row.seq, row.owner, row, doc)


def new_tag() -> str:
    """Tells an entry of ours from anybody else's in the same place."""
    return f"{_PROCESS}-{next(_numbers)}"


def seq_before(rev: int) -> int:
    """The seq before the entry with this rev."""
    return rev >> _SUB


def last_rev_before(seq: int) -> int:
    """The highest rev an entry that begins at or before this seq can have."""
    return (seq << _SUB) | ((1 << _SUB) - 1)


def entry_doc(
    run: RunRow,
    rev: int,
    tag: str,
    events: str | None = None,
    jobs: Sequence[JobRow] = (),
    *,
    first: bool = False,
    heard: Sequence[str] = (),
    pokes: Sequence[str] = (),
) -> Doc:
    """An entry without its place in the feed; `events` is their text, or "" when it is kept apart."""
    doc: Doc = {
        "runId": run.id,
        "rev": rev,
        "tag": tag,
        "workflowId": run.workflow_id,
        "userId": run.user_id,
        "run": run_fields(run),
    }
    if events is not None:
        doc["events"] = events
        doc["end"] = run.seq
    if jobs:
        doc["jobs"] = [job_doc(job) for job in jobs]
    if heard:
        doc["heard"] = list(heard)
    if pokes:
        doc["pokes"] = list(pokes)
    if first:
        doc["first"] = True
        if run.dedupe_key is not None:
            doc["dedupeKey"] = run.dedupe_key
    return doc


def no_entry(run_id: str, rev: int) -> Doc:
    """Takes a place that nobody may take any more, in a run that never began or is being removed."""
    return {"runId": run_id, "rev": rev, "tag": new_tag(), "void": True}


def hole(pos: int) -> Doc:
    """Takes a place in the feed that nobody will ever fill."""
    return {"_id": bson.Int64(pos), "runId": "", "rev": bson.Int64(pos), "void": True}


def weigh(doc: Mapping[str, Any]) -> int:
    """The bytes of a document; raises Invalid for texts and numbers BSON cannot hold, TooLarge for too many."""
    try:
        weight = len(bson.encode(doc))
    except (bson.errors.BSONError, OverflowError, UnicodeEncodeError) as error:
        raise faults.translated(error, "") from None
    if weight > LARGEST:
        raise TooLarge("what changed in this run is larger than MongoDB can hold in one piece")
    return weight
