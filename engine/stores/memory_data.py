"""The tables of the memory store, and how it copies, filters and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import orjson

from engine.jsonio import dumps
from engine.models.event import Event
from engine.models.run import JobRow, Message, RunRow, User
from engine.policy_rows import PolicyRow
from engine.practice_rows import PracticeRow
from engine.secret_rows import SecretRow
from engine.store import Owner, Page, ProcessRow, ScheduleRow, Tally, VersionInfo
from engine.stores import batch
from engine.stores import cursor as cursors
from engine.tenancy import AuditEntry, Credential, Workspace

T = TypeVar("T")
RowT = TypeVar("RowT", RunRow, JobRow)


@dataclass
class Data:
    """All tables."""

    users: dict[str, User] = field(default_factory=dict)
    workflows: dict[str, str] = field(default_factory=dict)
    versions: dict[str, list[tuple[VersionInfo, str]]] = field(default_factory=dict)
    schedules: dict[str, list[ScheduleRow]] = field(default_factory=dict)
    workspaces: dict[str, Workspace] = field(default_factory=dict)
    credentials: dict[str, Credential] = field(default_factory=dict)
    audit: dict[str, AuditEntry] = field(default_factory=dict)
    secrets: dict[tuple[str, str], SecretRow] = field(default_factory=dict)
    secret_leases: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """Who may renew a secret, and until when."""
    runs: dict[str, RunRow] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    """Workflow id and dedupe key to run id."""
    jobs: dict[str, JobRow] = field(default_factory=dict)
    journal: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Place in the feed to run id and events."""
    places: dict[str, list[int]] = field(default_factory=dict)
    """Run id to its places in the feed."""
    blobs: dict[str, dict[str, bytes]] = field(default_factory=dict)
    messages: dict[str, dict[str, Message]] = field(default_factory=dict)
    """Run id and message id to what the run has yet to hear."""
    practice: dict[tuple[str, str, str], PracticeRow] = field(default_factory=dict)
    policies: dict[str, PolicyRow] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)
    owners: dict[str, ProcessRow] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    pos: int = 0
    floor: int = 0


def copy(row: RowT) -> RowT:
    """A copy that shares nothing; the error went through JSON, as in every other store."""
    return replace(row, error=None if row.error is None else orjson.loads(dumps(row.error)))


def events_of(text: str) -> list[Event]:
    """The events of one commit."""
    return batch.from_lists(orjson.loads(text))


def may(owner: Owner, user_id: str) -> bool:
    """Whether this owner sees what belongs to that user."""
    return owner == user_id if isinstance(owner, str) else True


def page(
    items: Iterable[T], key: Callable[[T], tuple[Any, ...]], limit: int, cursor: str | None, *kinds: type
) -> Page[T]:
    """Those behind the cursor, the highest key first; `kinds` are the types of the key's parts."""
    ordered = sorted(items, key=key, reverse=True)
    if cursor is not None:
        place = tuple(cursors.decode(cursor, *kinds))
        ordered = [item for item in ordered if key(item) < place]
    shown = ordered[:limit]
    return Page(shown, cursors.encode(*key(shown[-1])) if shown and len(ordered) > limit else None)
