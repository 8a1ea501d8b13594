"""A store with one of everything in it, and some things that are rare."""

from __future__ import annotations

from dataclasses import replace

from engine.models.event import Event, EventType
from engine.models.run import FINISHED, Call, JobStatus, Message, Role, RunRow, RunStatus, TriggerKind, WaitingFor
from engine.models.workflow import Workflow
from engine.policy_rows import PolicyRow
from engine.practice_rows import PracticeRow
from engine.store import ANYONE, Blob, Commit, Store
from tests.contract.make import (
    ME,
    NOW,
    YOU,
    make_credential,
    make_entry,
    make_job,
    make_run,
    make_schedule,
    make_secret,
    make_user,
    make_workflow,
    make_workspace,
    put,
)

MANY_EVENTS = 2300


async def fill(store: Store) -> None:
    """Put it all in."""
    for fields in ({"role": Role.ADMIN, "token_version": 7}, {"email": "ümlaut@example.com"}, {}):
        await store.users.create(make_user(**fields))
    for owner, name in ((ME, "A"), (ME, "B"), (YOU, "A")):
        await store.secrets.create(make_secret(owner_id=owner, name=name, revision=3, used_at=NOW + 2))
    for number in range(2):
        await store.workspaces.create(make_workspace(revision=number + 1))
        await store.credentials.create(make_credential(used_at=NOW, expires_at=None))
        await store.audit.append(make_entry(target="kept" if number else "other"))
    await store.policies.put(PolicyRow(ME, 1, {"quotas": {"runs": 7}}))
    for revision in (1, 2):
        await store.policies.put(PolicyRow(YOU, revision))
    kept = await _workflow(store, versions=3)
    await store.workflows.create(make_workflow(ownerId=YOU, enabled=False, tags=["a", "b"]), [], saved_by=YOU)
    deleted = await _workflow(store, versions=2)
    await _finished(store, deleted)
    await store.workflows.delete(deleted.id, owner=ANYONE)
    for kind, name in (("sample", "an order"), ("pin", "a")):
        await store.practice.put(PracticeRow(kept.id, kind, name, NOW, {"output": {"ü": 1}}))  # type: ignore[arg-type]
    await _finished(store, kept)
    await _held(store, kept)
    await _resting(store, kept)
    await _long(store, kept)


async def _workflow(store: Store, *, versions: int) -> Workflow:
    first = make_workflow()
    await store.workflows.create(first, [make_schedule(first)], saved_by=ME)
    last = first
    for number in range(2, versions + 1):
        changed = {"version": number, "name": f"Version {number} ✓", "updatedAt": NOW + number}
        last = Workflow.model_validate({**first.model_dump(mode="json"), **changed})
        rows = [make_schedule(last, next_at=NOW + number), make_schedule(last, schedule_id="other", step_id="a")]
        await store.workflows.save(last, rows, expected_version=number - 1, saved_by=YOU, owner=ANYONE)
    return last


async def _finished(store: Store, workflow: Workflow) -> None:
    run = make_run(workflow_id=workflow.id, workflow_version=workflow.version, trigger=TriggerKind.WEBHOOK)
    run = replace(run, dedupe_key="hook-1", payload_hash="h", scheduled_at=NOW)
    run = await put(store, run, 2, status=RunStatus.QUEUED)
    data = {"outputRef": {"ref": "3.output", "size": 3}, "taken": [0]}
    large = Event(3, NOW, EventType.STEP_SUCCEEDED, "a", 1, data)
    blobs = [Blob("3.output", b'"\x00\xff"'), Blob("unused", b"1")]
    after = replace(run, seq=3)
    await store.runs.commit(Commit(after, [large], 2, None, blobs=blobs))
    error = {"code": "boom", "message": "it «broke»", "stepId": "b", "data": {"n": 1.5, "big": (1 << 62)}}
    job = make_job(after, status=JobStatus.FAILED, attempt=3, error=error)
    done = {"status": RunStatus.FAILED, "started_at": NOW + 1, "finished_at": NOW + 9}
    done |= {"error": error, "error_code": "boom"}
    after = await put(store, after, 1, jobs=[job], data={"text": "\u2028 \x00 é"}, **done)
    child = make_run(workflow_id=workflow.id, parent_run_id=after.id, user_id=YOU, trigger=TriggerKind.RERUN)
    await put(store, child, 1, status=RunStatus.SUCCESS, finished_at=NOW + 5)


async def _held(store: Store, workflow: Workflow) -> None:
    """Runs somebody executed when the source was left, one of them wanted cancelled."""
    for number in range(3):
        run = make_run(workflow_id=workflow.id, owner="dead-process", deadline_at=NOW + 99, created_at=NOW + number)
        run = await put(store, run, 1, status=RunStatus.RUNNING, deaths=2, death_seq=1)
        job = make_job(run, status=JobStatus.RUNNING)
        await put(store, run, 1, by="dead-process", jobs=[job])
        if number == 0:
            await store.runs.request_cancel(run.id, owner=ANYONE)


async def _resting(store: Store, workflow: Workflow) -> None:
    retry = {"status": RunStatus.WAITING, "waiting_for": WaitingFor.RETRY, "due_at": NOW + 60_000}
    decision = {"status": RunStatus.WAITING, "waiting_for": WaitingFor.DECISION}
    for fields in (retry, decision):
        run = await put(store, make_run(workflow_id=workflow.id), 1)
        await put(store, run, 1, jobs=[make_job(run)], **fields)
    called = make_run(workflow_id=workflow.id, caller_run_id=run.id, call=Call("each", 3, "each"))
    called = await put(store, called, 1, status=RunStatus.WAITING, waiting_for=WaitingFor.SIGNAL)
    for number in range(2):
        await store.runs.post(Message(f"m{number}", called.id, NOW, "signal", {"name": "§ go"}), owner=ANYONE)


async def _long(store: Store, workflow: Workflow) -> None:
    run = await put(store, make_run(workflow_id=workflow.id), 1)
    while run.seq < MANY_EVENTS:
        run = await put(store, run, 600)
    assert run.seq > MANY_EVENTS


def left(row: RunRow) -> RunRow:
    """What a copy makes of this run."""
    held = row.owner is not None and row.status not in FINISHED
    at_rest = {"owner": None, "status": RunStatus.QUEUED, "waiting_for": None, "due_at": row.created_at}
    poked = row.status not in FINISHED
    return replace(row, poked=poked, **(at_rest if held else {}))  # type: ignore[arg-type]
