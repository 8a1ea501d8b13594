"""Removing old runs with all that belongs to them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NotFound
from engine.models.run import FINISHED, Call, JobStatus, RunRow, RunStatus, TriggerKind
from engine.store import ANYONE, Blob, RunFilter, Store
from tests.contract.backends import Backend
from tests.contract.make import ME, NOW, make_job, make_run, put


async def _finished(store: Store, at: int, **fields: Any) -> RunRow:
    """A run with a job and a large value, finished then."""
    run = make_run(**{"status": RunStatus.SUCCESS, "finished_at": at, "created_at": at - 5, **fields})
    job = make_job(run, id=f"job-{run.id}", status=JobStatus.COMPLETED)
    return await put(store, run, 3, jobs=[job], blobs=[Blob("1.output", b"x" * 100_000)])


async def _left(store: Store) -> set[str]:
    return {run.id for run in (await store.runs.page(RunFilter(ANYONE), limit=1000)).items}


async def test_old_finished_runs_go_and_nothing_else(store: Store) -> None:
    old = [await _finished(store, NOW - n, status=status) for n, status in enumerate(sorted(FINISHED), 1)]
    recent = await _finished(store, NOW)
    running = await put(store, make_run(created_at=NOW - 999, owner="p1"))
    late = await _finished(store, NOW + 1, created_at=NOW - 999)
    pruned = await store.runs.prune(finished_before=NOW, limit=100)
    assert pruned.runs == len(old)
    assert await _left(store) == {recent.id, running.id, late.id}
    for run in old:
        assert await store.runs.journal(run.id) == []
        assert (await store.jobs.page(owner=ANYONE, run_id=run.id, limit=9)).items == []
        for call in (
            store.runs.get(run.id, owner=ME),
            store.runs.blob(run.id, "1.output"),
            store.jobs.get(f"job-{run.id}", owner=ME),
        ):
            with pytest.raises(NotFound):
                await call
    assert len(await store.runs.journal(recent.id)) == 3
    assert len(await store.runs.blob(recent.id, "1.output")) == 100_000
    assert (await store.jobs.get(f"job-{recent.id}", owner=ME)).run_id == recent.id


async def test_the_oldest_go_first_and_no_more_than_asked(store: Store) -> None:
    runs = [await _finished(store, NOW + n, status=sorted(FINISHED)[n % 3]) for n in (3, 1, 4, 0, 2)]
    oldest_first = sorted(runs, key=lambda run: run.finished_at or 0)
    assert (await store.runs.prune(finished_before=NOW + 99, limit=2)).runs == 2
    assert await _left(store) == {run.id for run in oldest_first[2:]}
    assert (await store.runs.prune(finished_before=NOW + 99, limit=2)).runs == 2
    assert (await store.runs.prune(finished_before=NOW + 99, limit=2)).runs == 1
    assert (await store.runs.prune(finished_before=NOW + 99, limit=2)).runs == 0


async def test_many_runs_go_in_one_call(store: Store) -> None:
    for number in range(130):
        await put(store, make_run(status=RunStatus.SUCCESS, finished_at=NOW + number))
    assert (await store.runs.prune(finished_before=NOW + 120, limit=1000)).runs == 120
    assert len(await _left(store)) == 10


async def test_space_is_given_back(store: Store, backend: Backend) -> None:
    for _ in range(20):
        await _finished(store, NOW)
    pruned = await store.runs.prune(finished_before=NOW + 1, limit=100)
    assert pruned.runs == 20
    assert (pruned.bytes_freed > 1_000_000) is backend.gives_space_back
    assert (await store.runs.prune(finished_before=NOW + 1, limit=100)).bytes_freed == 0


async def test_a_key_is_free_again_when_its_run_is_gone(store: Store) -> None:
    await _finished(store, NOW, dedupe_key="key")
    await store.runs.prune(finished_before=NOW + 1, limit=10)
    assert await store.runs.by_key("workflow", "key") is None
    run = await put(store, make_run(dedupe_key="key"))
    assert await store.runs.by_key("workflow", "key") == run


async def test_finished_runs_of_one_workflow(store: Store) -> None:
    mine = [await _finished(store, NOW + n, workflow_id="gone") for n in range(5)]
    running = await put(store, make_run(workflow_id="gone"))
    other = await _finished(store, NOW, workflow_id="kept")
    assert await store.runs.delete_for_workflow("gone", limit=3) == 3
    assert await store.runs.delete_for_workflow("gone", limit=3) == 2
    assert await store.runs.delete_for_workflow("gone", limit=3) == 0
    assert await _left(store) == {running.id, other.id}
    assert await store.runs.journals([run.id for run in mine]) == {}


async def test_what_a_run_has_called_stays_as_long_as_it_may_ask_for_it(store: Store) -> None:
    old, late = NOW - 1000, NOW + 1000
    done: dict[str, Any] = {"status": RunStatus.SUCCESS, "finished_at": old}
    busy = await put(store, make_run())
    fresh = await put(store, make_run(), status=RunStatus.SUCCESS, finished_at=late)
    over = await put(store, make_run(created_at=old), **done)
    needed = [await put(store, make_run(created_at=old, caller_run_id=busy.id, call=Call("a")), **done)]
    needed.append(await put(store, make_run(created_at=old, caller_run_id=fresh.id, call=Call("a")), **done))
    free = await put(store, make_run(created_at=old, caller_run_id=over.id, call=Call("a")), **done)
    assert (await store.runs.prune(finished_before=NOW, limit=10)).runs == 2
    left = {row.id for row in (await store.runs.page(RunFilter(ANYONE), limit=20)).items}
    assert left == {busy.id, fresh.id, *(row.id for row in needed)}
    assert free.id not in left
    assert await store.runs.delete_for_workflow("workflow", limit=10) == 2
    assert needed[0].id in {row.id for row in (await store.runs.page(RunFilter(ANYONE), limit=20)).items}


async def test_the_oldest_of_one_workspace_go_with_the_rounds_of_their_loops(store: Store) -> None:
    old, loop, young = [await _finished(store, NOW + n) for n in range(3)]
    inside = await _finished(store, NOW, trigger=TriggerKind.ROUND, call=Call("each", 0, "w", 1), caller_run_id=loop.id)
    deep = await _finished(store, NOW, trigger=TriggerKind.ROUND, call=Call("each", 0, "w", 2), caller_run_id=inside.id)
    theirs = await _finished(store, NOW - 9, user_id="user-you")
    working = await put(store, make_run(created_at=NOW - 9))
    called = await _finished(store, NOW - 9, call=Call("call", 0, "w", 1), caller_run_id=working.id)
    assert await store.runs.trim(ME, limit=1) == 1
    kept = {young.id, theirs.id, working.id, called.id}
    assert await _left(store) == {loop.id, inside.id, deep.id, *kept}
    with pytest.raises(NotFound):
        await store.jobs.get(f"job-{old.id}", owner=ME)
    assert await store.runs.trim(ME, limit=1) == 3
    assert await _left(store) == kept
    assert await store.runs.trim(ME, limit=100) == 1
    assert await store.runs.trim(ME, limit=100) == 0
