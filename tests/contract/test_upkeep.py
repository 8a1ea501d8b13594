"""What tools for whole stores need: marks, processes, and summaries put right."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.clock import now_ms
from engine.errors import Fenced
from engine.models.run import JobStatus, RunStatus
from engine.store import ANYONE, ProcessRow, Store
from tests.contract.backends import Opener
from tests.contract.make import ME, NOW, make_job, make_run, put


async def test_marks_are_numbers_by_name(opener: Opener) -> None:
    async with opener() as store:
        assert await store.upkeep.mark("a") is None
        await store.upkeep.set_mark("a", 1)
        await store.upkeep.set_mark("a", (1 << 62) + 1)
        await store.upkeep.set_mark("b", 0)
        await store.upkeep.set_mark("gone", 5)
        await store.upkeep.set_mark("gone", None)
        await store.upkeep.set_mark("never", None)
    async with opener() as store:
        found = {name: await store.upkeep.mark(name) for name in ("a", "b", "gone", "never")}
    assert found == {"a": (1 << 62) + 1, "b": 0, "gone": None, "never": None}


async def test_marks_do_not_touch_what_the_store_notes_for_itself(store: Store) -> None:
    for name in ("floor", "probe", "places", "schema", "repair"):
        assert await store.upkeep.mark(name) is None
        await store.upkeep.set_mark(name, 1 << 40)
    await put(store, make_run())
    (end,) = await store.runs.feed(None, limit=1)
    assert int(end.cursor) < 1 << 40
    assert (await store.health()).ok


async def test_processes_are_listed_with_what_they_say_of_themselves(store: Store) -> None:
    assert await store.upkeep.processes() == []
    await store.runs.beat("b", until=NOW + 5, info={"role": "worker", "slots": 4})
    await store.runs.beat("a", until=NOW)
    await store.runs.beat("c", until=NOW)
    await store.runs.retire("c")
    assert await store.upkeep.processes() == [
        ProcessRow("a", NOW),
        ProcessRow("b", NOW + 5, {"role": "worker", "slots": 4}),
    ]


async def test_the_clock_of_the_data_is_now_or_our_own(store: Store) -> None:
    before = now_ms()
    at = await store.upkeep.clock()
    assert at is None if store.exclusive else at is not None and abs(at - before) < 60_000


async def test_a_summary_is_put_right_and_its_journal_left_alone(store: Store) -> None:
    run = await put(store, make_run(), 3)
    job = make_job(run)
    run = await put(store, run, 1, jobs=[job])
    right = replace(run, status=RunStatus.FAILED, finished_at=NOW, error_code="x", error={"code": "x", "message": "y"})
    done = replace(job, status=JobStatus.FAILED, error={"code": "x", "message": "y"})
    new = make_job(run, step_id="b")
    await store.upkeep.mend(run, right, [done, new])
    assert await store.runs.get(run.id, owner=ME) == right
    assert await store.jobs.get(job.id, owner=ME) == done
    assert await store.jobs.get(new.id, owner=ME) == new
    assert [event.seq for event in await store.runs.journal(run.id)] == [1, 2, 3, 4]


async def test_a_run_that_has_moved_on_is_not_mended(store: Store) -> None:
    """R11."""
    before = await put(store, make_run(), 1)
    now = await put(store, before, 1)
    with pytest.raises(Fenced):
        await store.upkeep.mend(before, replace(before, status=RunStatus.FAILED), [make_job(before)])
    await store.runs.claim(now.id, owner="p", expected_owner=None, now=NOW)
    with pytest.raises(Fenced):
        await store.upkeep.mend(now, replace(now, status=RunStatus.FAILED), [])
    with pytest.raises(Fenced):
        await store.upkeep.mend(make_run(), make_run(), [])
    assert (await store.runs.get(now.id, owner=ANYONE)).owner == "p"
    assert (await store.jobs.page(owner=ANYONE, limit=5)).items == []


async def test_a_mended_run_goes_on_from_where_it_is(store: Store) -> None:
    run = await put(store, make_run(), 2)
    waiting = replace(run, due_at=NOW)
    await store.upkeep.mend(run, waiting, [])
    assert [row.id for row in await store.runs.due(NOW, limit=5)] == [run.id]
    after = await put(store, waiting, 1)
    assert (await store.runs.get(run.id, owner=ME)).seq == after.seq == 3


async def test_failed_runs_are_owed_a_handler_until_somebody_settles_it(store: Store) -> None:
    failed = await put(store, make_run(), status=RunStatus.FAILED, finished_at=NOW, owed=True)
    await put(store, make_run(), status=RunStatus.FAILED, finished_at=NOW)
    assert [row.id for row in await store.runs.owing(limit=10)] == [failed.id]
    await store.runs.settle(failed.id, seq=failed.seq + 1)
    assert (await store.runs.get(failed.id, owner=ANYONE)).owed
    await store.runs.settle(failed.id, seq=failed.seq)
    assert await store.runs.owing(limit=10) == []
