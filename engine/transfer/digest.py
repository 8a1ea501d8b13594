"""What a store holds, as counts and hashes per kind: two stores with the same figures hold the same.

The hash of a kind is the sum of its items' SHA-256, so the order in which a store lists them does not matter. Runs
count as they are when nobody executes them; places in the feed, heartbeats and marks do not count, for those belong
to a store and not to what is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from engine.models.event import Event
from engine.store import Store
from engine.transfer import source
from engine.transfer.source import Lineage

KINDS: Final = (
    "users",
    "secrets",
    "workspaces",
    "credentials",
    "audit",
    "policies",
    "practice",
    "workflows",
    "versions",
    "schedules",
    "runs",
    "events",
    "blobs",
    "messages",
    "jobs",
)
_MODULUS: Final = 1 << 256

Told = Callable[[str, int], None]
"""Hears of progress: the kind and how many so far."""


@dataclass(slots=True)
class Tally:
    """How many items, and the sum of their hashes."""

    count: int = 0
    total: int = 0

    @property
    def hash(self) -> str:
        """The sum as people compare it."""
        return f"{self.total:064x}"

    def add(self, *parts: Any) -> None:
        """Count one item. Parts are rows or plain data; bytes stand for themselves."""
        digest = hashlib.sha256()
        for part in parts:
            raw = part if isinstance(part, bytes) else orjson.dumps(part, option=orjson.OPT_SORT_KEYS)
            digest.update(len(raw).to_bytes(8, "big"))
            digest.update(raw)
        self.count += 1
        self.total = (self.total + int.from_bytes(digest.digest(), "big")) % _MODULUS


Digest = dict[str, Tally]


_PLAIN: Final[dict[str, Callable[[Store], AsyncIterator[Any]]]] = {
    "users": source.users,
    "secrets": source.secrets,
    "workspaces": source.workspaces,
    "credentials": source.credentials,
    "audit": source.audit,
    "policies": source.policies,
    "practice": source.practice,
}
"""Kinds whose rows stand for themselves."""


async def digest(store: Store, told: Told) -> Digest:
    """Read the whole store."""
    found = {kind: Tally() for kind in KINDS}
    for kind, rows in _PLAIN.items():
        async for row in rows(store):
            found[kind].add(row)
    known: set[str] = set()
    async for lineage in source.lineages(store):
        known.update(version.id for version in lineage.versions)
        _add_lineage(found, lineage)
    async for page in source.runs(store):
        for row in page:
            if row.workflow_id not in known:
                known.add(row.workflow_id)
                _add_lineage(found, await source.deleted_lineage(store, row.workflow_id))
            found["runs"].add(source.at_rest(row))
            async for portion in source.portions(store, row):
                for event in portion.events:
                    found["events"].add(row.id, *_parts(event))
                for blob in portion.blobs:
                    found["blobs"].add(row.id, blob.ref, blob.data)
            for message in await store.upkeep.messages(row.id):
                found["messages"].add(message)
        told("runs", found["runs"].count)
    async for job in source.jobs(store):
        found["jobs"].add(job)
    return found


def _parts(event: Event) -> tuple[Any, ...]:
    return event.seq, event.at, event.type, event.step_id, event.attempt, event.data


def _add_lineage(found: Digest, lineage: Lineage) -> None:
    for workflow, saved_by in zip(lineage.versions, lineage.saved_by, strict=True):
        found["versions"].add(saved_by, workflow.model_dump(mode="json"))
    if lineage.current is not None:
        found["workflows"].add(lineage.current.model_dump(mode="json"))
    for row in lineage.schedules:
        found["schedules"].add(row)
