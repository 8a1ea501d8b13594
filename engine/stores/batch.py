"""The events of one commit as text, the form in which stores keep them, and what must be true of a commit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice, zip_longest
from typing import Any, Final

from engine.errors import Conflict
from engine.jsonio import dumps
from engine.models.event import Event, EventType
from engine.models.run import RunRow
from engine.store import MAX_MESSAGES, Commit

LASTING: Final = (
    "id",
    "workflow_id",
    "user_id",
    "trigger",
    "created_at",
    "parent_run_id",
    "scheduled_at",
    "dedupe_key",
    "payload_hash",
    "caller_run_id",
    "call",
    "limit_key",
)
"""What a run's first commit says for good; later commits leave it as it is."""

MARKS: Final = ("cancel_requested", "poked")
"""What others write on a run's summary, whoever executes it; commits leave it as it is."""

_TYPES: Final = {kind.value: kind for kind in EventType}


def to_text(events: Iterable[Event]) -> str:
    """`[[seq, at, type, stepId, attempt, data], ...]`, compact."""
    return dumps([(e.seq, e.at, e.type, e.step_id, e.attempt, e.data) for e in events]).decode()


def from_lists(batch: Iterable[Sequence[Any]]) -> list[Event]:
    """The events such a list holds."""
    return [Event(seq, at, _TYPES[kind], step_id, attempt, data) for seq, at, kind, step_id, attempt, data in batch]


def check(commit: Commit) -> None:
    """Refuse a commit whose numbers contradict each other: that is a mistake in the caller, not a lost race."""
    run, events = commit.run, commit.events
    expected = commit.expected_seq
    numbered = not events or (events[0].seq == expected + 1 and events[-1].seq == expected + len(events))
    if not numbered or run.seq != expected + len(events) or run.seq < 1:
        raise ValueError(f"run {run.id}: {len(events)} events after seq {expected} do not lead to seq {run.seq}")


def inbox_full(run_id: str) -> Conflict:
    """The refusal of one message too many."""
    return Conflict(
        f"{MAX_MESSAGES} messages wait for the run {run_id} already",
        code="inbox_full",
        hint="send it again when the run has read them",
    )


def in_turn(rows: Iterable[RunRow], limit: int) -> list[RunRow]:
    """The first of each owner, then the second of each, and so on, up to so many."""
    by_owner: dict[str, list[RunRow]] = {}
    for row in {row.id: row for row in rows}.values():
        by_owner.setdefault(row.user_id, []).append(row)
    rounds = zip_longest(*by_owner.values())
    return list(islice((row for one in rounds for row in one if row is not None), limit))
