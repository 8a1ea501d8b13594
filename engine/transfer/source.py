"""Reading everything a store holds, in portions that fit into memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final

from engine.errors import NotFound
from engine.journal import references
from engine.models.event import Event
from engine.models.run import FINISHED, JobRow, RunRow, RunStatus, User
from engine.models.workflow import Workflow
from engine.policy_rows import PolicyRow
from engine.practice_rows import PracticeRow
from engine.secret_rows import SecretRow
from engine.store import ANYONE, Blob, RunFilter, ScheduleRow, Store
from engine.tenancy import AuditEntry, Credential, Workspace

PAGE: Final = 200
RUNS_AT_ONCE: Final = 64
EVENTS_AT_ONCE: Final = 1000
BLOB_BYTES_AT_ONCE: Final = 8 << 20


@dataclass(slots=True, frozen=True)
class Lineage:
    """A workflow with all its versions, oldest first, who saved them, and its schedules.

    `current` is the document as lists show it, which the last version repeats; None for a deleted workflow.
    """

    current: Workflow | None
    versions: list[Workflow]
    saved_by: list[str]
    schedules: list[ScheduleRow] = field(default_factory=list)


@dataclass(slots=True, frozen=True)
class Portion:
    """Some events of a run, in order, and large values they refer to."""

    events: list[Event]
    blobs: list[Blob]


async def users(store: Store) -> AsyncIterator[User]:
    """All accounts."""
    cursor: str | None = None
    while True:
        page = await store.users.page(limit=PAGE, cursor=cursor)
        for user in page.items:
            yield user
        if (cursor := page.cursor) is None:
            return


async def secrets(store: Store) -> AsyncIterator[SecretRow]:
    """The secrets of all tenants, as sealed as they are."""
    after: tuple[str, str] | None = None
    while page := await store.secrets.everything(limit=PAGE, after=after):
        for row in page:
            yield row
        after = (page[-1].owner_id, page[-1].name)


async def practice(store: Store) -> AsyncIterator[PracticeRow]:
    """What is kept for trying workflows out."""
    after: tuple[str, str, str] | None = None
    while page := await store.practice.everything(limit=PAGE, after=after):
        for row in page:
            yield row
        after = (page[-1].workflow_id, page[-1].kind, page[-1].name)


async def policies(store: Store) -> AsyncIterator[PolicyRow]:
    """What holds for workspaces."""
    after: str | None = None
    while page := await store.policies.everything(limit=PAGE, after=after):
        for row in page:
            yield row
        after = page[-1].workspace_id


async def workspaces(store: Store) -> AsyncIterator[Workspace]:
    """All shared workspaces."""
    after: str | None = None
    while page := await store.workspaces.everything(limit=PAGE, after=after):
        for row in page:
            yield row
        after = page[-1].id


async def credentials(store: Store) -> AsyncIterator[Credential]:
    """The hashes of all API keys, sessions and invitations."""
    after: str | None = None
    while page := await store.credentials.everything(limit=PAGE, after=after):
        for row in page:
            yield row
        after = page[-1].id


async def audit(store: Store) -> AsyncIterator[AuditEntry]:
    """The whole audit log."""
    cursor: str | None = None
    while True:
        page = await store.audit.page(owner=ANYONE, limit=PAGE, cursor=cursor)
        for entry in page.items:
            yield entry
        if (cursor := page.cursor) is None:
            return


async def lineages(store: Store) -> AsyncIterator[Lineage]:
    """All workflows but deleted ones."""
    schedules: dict[str, list[ScheduleRow]] = {}
    for row in await store.schedules.all(owner=ANYONE):
        schedules.setdefault(row.workflow_id, []).append(row)
    cursor: str | None = None
    while True:
        page = await store.workflows.page(owner=ANYONE, limit=PAGE, cursor=cursor)
        for workflow in page.items:
            yield await _lineage(store, workflow, schedules.get(workflow.id, []))
        if (cursor := page.cursor) is None:
            return


async def _lineage(store: Store, workflow: Workflow, schedules: list[ScheduleRow]) -> Lineage:
    saved_by: dict[int, str] = {}
    cursor: str | None = None
    while True:
        page = await store.workflows.versions(workflow.id, owner=ANYONE, limit=PAGE, cursor=cursor)
        saved_by |= {info.version: info.saved_by for info in page.items}
        if (cursor := page.cursor) is None:
            break
    numbers = sorted(saved_by)
    versions = [await store.workflows.version(workflow.id, number, owner=ANYONE) for number in numbers]
    return Lineage(workflow, versions, [saved_by[number] for number in numbers], schedules)


async def deleted_lineage(store: Store, workflow_id: str) -> Lineage:
    """What is left of a workflow that is gone while runs refer to it. Who saved its versions is not told any more."""
    versions = [version async for version in _versions(store, workflow_id)]
    return Lineage(None, versions, [version.owner_id for version in versions])


async def _versions(store: Store, workflow_id: str) -> AsyncIterator[Workflow]:
    for number in count(1):
        try:
            yield await store.workflows.version(workflow_id, number, owner=ANYONE)
        except NotFound:
            return


async def runs(store: Store, *, skip: int = 0) -> AsyncIterator[list[RunRow]]:
    """All runs, newest first, without the first `skip`."""
    cursor: str | None = None
    while True:
        page = await store.runs.page(RunFilter(ANYONE), limit=RUNS_AT_ONCE, cursor=cursor)
        wanted = page.items[skip:]
        skip = max(0, skip - len(page.items))
        if wanted:
            yield wanted
        if (cursor := page.cursor) is None:
            return


def at_rest(row: RunRow) -> RunRow:
    """The run as it is when nobody executes it and nobody pokes it: whoever takes up the copy looks at it at once."""
    if row.owner is None or row.status in FINISHED:
        return replace(row, poked=False) if row.poked else row
    return replace(row, owner=None, status=RunStatus.QUEUED, waiting_for=None, due_at=row.created_at, poked=False)


async def portions(store: Store, row: RunRow, *, after: int = 0) -> AsyncIterator[Portion]:
    """A run's journal behind this seq."""
    while after < row.seq:
        events = await store.runs.journal(row.id, after=after, limit=EVENTS_AT_ONCE)
        if not events:
            return
        after = events[-1].seq
        portion = Portion([], [])
        size = 0
        for event in events:
            blobs = [blob for ref in references(event) if (blob := await _blob(store, row.id, ref)) is not None]
            size += sum(len(blob.data) for blob in blobs)
            if portion.events and size > BLOB_BYTES_AT_ONCE:
                yield portion
                portion, size = Portion([], []), 0
            portion.events.append(event)
            portion.blobs.extend(blobs)
        yield portion


async def _blob(store: Store, run_id: str, ref: str) -> Blob | None:
    """A large value; None when it is gone, which readers of the journal live with too."""
    try:
        return Blob(ref, await store.runs.blob(run_id, ref))
    except NotFound:
        return None


async def jobs(store: Store, run_id: str | None = None) -> AsyncIterator[JobRow]:
    """The jobs of one run, or all."""
    cursor: str | None = None
    while True:
        page = await store.jobs.page(owner=ANYONE, limit=PAGE, cursor=cursor, run_id=run_id)
        for job in page.items:
            yield job
        if (cursor := page.cursor) is None:
            return
