"""Writing into a store what another one holds. Everything may be repeated: what is there is left or completed."""

from __future__ import annotations

from dataclasses import replace

from engine.errors import Conflict, Fenced, FlowDeskError, NotFound
from engine.models.run import FINISHED, JobRow, RunRow, User
from engine.policy_rows import PolicyRow
from engine.secret_rows import SecretRow
from engine.store import ANYONE, Commit, ScheduleRow, Store
from engine.tenancy import Credential, Workspace
from engine.transfer import source
from engine.transfer.source import Lineage, Portion


class BadSource(FlowDeskError):
    """The source contradicts itself."""

    code = "bad_source"


async def put_user(store: Store, user: User) -> None:
    """Add an account, or bring it up to date."""
    try:
        await store.users.create(user)
    except Conflict:
        if await store.users.by_id(user.id) is None:
            raise
        await store.users.update(
            user.id, role=user.role, password_hash=user.password_hash, token_version=user.token_version
        )


async def put_secret(store: Store, row: SecretRow) -> None:
    """Add a secret as it is; one that an earlier attempt left is replaced. The key stays where it was."""
    try:
        known = await store.secrets.get(row.owner_id, row.name)
    except NotFound:
        known = None
    if known is not None and known != row:
        await store.secrets.delete(row.owner_id, row.name)
        known = None
    if known is None:
        await store.secrets.create(row)


async def put_workspace(store: Store, row: Workspace) -> None:
    """Add a workspace; one that an earlier attempt left is replaced."""
    try:
        if await store.workspaces.get(row.id) == row:
            return
        await store.workspaces.delete(row.id)
    except NotFound:
        pass
    await store.workspaces.create(row)


async def put_policy(store: Store, row: PolicyRow) -> None:
    """Add a policy at its revision; one that an earlier attempt left is replaced."""
    if await store.policies.get(row.workspace_id) == row:
        return
    await store.policies.delete(row.workspace_id)
    for revision in range(1, row.revision + 1):  # the port makes one revision after the other
        await store.policies.put(replace(row, revision=revision))


async def put_credential(store: Store, row: Credential) -> None:
    """Add a credential; one that an earlier attempt left is replaced."""
    known = await store.credentials.get(row.id)
    if known == row:
        return
    if known is not None:
        await store.credentials.delete(row.id)
    await store.credentials.create(row)


async def put_lineage(store: Store, lineage: Lineage) -> None:
    """Add a workflow version by version, or those that are missing; a deleted one is deleted again."""
    if not lineage.versions:
        return
    first, last = lineage.versions[0], lineage.versions[-1]
    have = await _version(store, first.id)
    if have == 0:
        try:
            await store.workflows.create(first, _schedules(lineage, first.version), saved_by=lineage.saved_by[0])
        except Conflict:
            if lineage.current is None:
                return  # added and deleted again by an earlier attempt
            raise
        have = first.version
    for workflow, saved_by in zip(lineage.versions, lineage.saved_by, strict=True):
        if workflow.version > have:
            await store.workflows.save(
                workflow,
                _schedules(lineage, workflow.version),
                expected_version=have,
                saved_by=saved_by,
                owner=ANYONE,
            )
            have = workflow.version
    if lineage.current is None:
        await store.workflows.delete(last.id, owner=ANYONE)


def _schedules(lineage: Lineage, version: int) -> list[ScheduleRow]:
    """Only the current version has any."""
    return lineage.schedules if version == lineage.versions[-1].version else []


async def _version(store: Store, workflow_id: str) -> int:
    try:
        return (await store.workflows.get(workflow_id, owner=ANYONE)).version
    except NotFound:
        return 0


async def put_run(store: Store, origin: Store, row: RunRow) -> None:
    """Add a run of `origin` with its journal, jobs and large values, or what is missing of it."""
    row = source.at_rest(row).copy()
    jobs = [job async for job in source.jobs(origin, row.id)]
    if row.status not in FINISHED:
        row.poked = True  # costs one look, and nothing that was said to it or to its caller is missed
    seq = await _seq(store, row)
    async for portion in source.portions(origin, row, after=seq):
        seq = await _put(store, row, portion, seq, jobs)
    if seq != row.seq:
        raise BadSource(
            f"the journal of run {row.id} ends at {seq} and not at {row.seq}",
            hint="flowdesk doctor --all on the source tells more; --fix repairs it",
        )
    for message in await origin.upkeep.messages(row.id):
        await store.runs.post(message, owner=ANYONE)


async def _put(store: Store, row: RunRow, portion: Portion, seq: int, jobs: list[JobRow]) -> int:
    """One portion; the jobs come with the last. The seq after it."""
    end = portion.events[-1].seq
    if (missing := _missing(portion, seq)) is not None:
        raise BadSource(
            f"the journal of run {row.id} has no event {missing}", hint="flowdesk doctor --all on the source tells more"
        )
    last = end >= row.seq
    commit = Commit(replace(row, seq=end), portion.events, seq, None, jobs if last else (), portion.blobs)
    try:
        await store.runs.commit(commit)
    except Fenced:
        if await _seq(store, row) < end:
            raise Conflict(
                f"run {row.id} cannot be added: another run has its id or its idempotency key",
                hint="something else writes to the destination; stop it and start with an empty one",
            ) from None
    return end


def _missing(portion: Portion, seq: int) -> int | None:
    """The first number that should follow this one and does not."""
    numbers = [event.seq for event in portion.events]
    return next((wanted for wanted, found in enumerate(numbers, seq + 1) if wanted != found), None)


async def _seq(store: Store, row: RunRow) -> int:
    try:
        return (await store.runs.get(row.id, owner=ANYONE)).seq
    except NotFound:
        return 0
