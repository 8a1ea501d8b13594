"""A process killed between the journal and what is made from it: nothing is lost, and no summary stays behind."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.models.run import JobStatus, RunStatus
from engine.store import ANYONE, Blob, RunFilter
from tests.contract.make import ME, NOW, make_job, make_run, put
from tests.engine.stores.mongo import behind, opened, run_and_die

# Killed when the entry has landed and its summary and jobs have not.
_NEW_RUN = """
async def main():
    await store.open()
    Projections._apply = die
    run = make_run(id="new", owner="dead", dedupe_key="key")
    await store.runs.commit(make_commit(run, 2, jobs=[make_job(run, id="job")]))
asyncio.run(main())
"""

_LATER_COMMIT = """
async def main():
    await store.open()
    run = await put(store, make_run(id="later", owner="dead"), 2)
    Projections._apply = die
    job = make_job(run, id="job", status=JobStatus.FAILED)
    await put(store, run, 1, by="dead", status=RunStatus.FAILED, owner=None, finished_at=NOW, jobs=[job])
asyncio.run(main())
"""

_CLAIM = """
async def main():
    await store.open()
    run = await put(store, make_run(id="claimed", due_at=NOW))
    Projections._apply = die
    await store.runs.claim("claimed", owner="dead", expected_owner=None, now=NOW)
asyncio.run(main())
"""

# Killed between the jobs and the summary.
_JOBS_ONLY = """
async def main():
    await store.open()
    run = await put(store, make_run(id="half"))
    Projections._update = die
    await put(store, run, 1, jobs=[make_job(run, id="job")])
asyncio.run(main())
"""

# Killed when large values are written and their entry is not.
_VALUES_ONLY = """
async def main():
    await store.open()
    run = await put(store, make_run(id="values"))
    Journal.append = die
    await put(store, run, 1, blobs=[Blob("2.output", b"not committed")])
asyncio.run(main())
"""


async def test_a_new_run_without_a_summary_is_found(mongo_url: str) -> None:
    """R2: it was never answered, but it is in the journal, so it is a run like any other."""
    run_and_die(_NEW_RUN, mongo_url)
    async with opened(mongo_url) as store:
        assert await store.runs.orphans(NOW, limit=10) == []
        assert await store.runs.repair(limit=100) == 1
        (row,) = await store.runs.orphans(NOW, limit=10)
        assert (row.id, row.seq) == ("new", 2)
        assert (await store.jobs.get("job", owner=ME)).run_id == "new"
        assert [run.id for run in (await store.runs.page(RunFilter(ME), limit=9)).items] == ["new"]
        assert await store.runs.repair(limit=100) == 0


async def test_a_run_without_a_summary_is_there_for_whoever_asks_for_it(mongo_url: str) -> None:
    """R6: a duplicate that comes before any repair gets the first run."""
    run_and_die(_NEW_RUN, mongo_url)
    async with opened(mongo_url) as store:
        known = await store.runs.by_key("workflow", "key")
        assert known is not None
        assert await store.runs.get("new", owner=ME) == known
        assert (await store.jobs.get("job", owner=ME)).run_id == "new"


async def test_a_summary_behind_its_journal_is_repaired(mongo_url: str) -> None:
    run_and_die(_LATER_COMMIT, mongo_url)
    async with opened(mongo_url) as store:
        assert (await store.runs.get("later", owner=ANYONE)).status is RunStatus.RUNNING
        assert await store.runs.repair(limit=100) == 1
        row = await store.runs.get("later", owner=ANYONE)
        assert (row.status, row.seq, row.owner) == (RunStatus.FAILED, 3, None)
        assert (await store.jobs.get("job", owner=ANYONE)).status is JobStatus.FAILED


async def test_a_run_behind_its_journal_cannot_be_claimed_as_it_was(mongo_url: str) -> None:
    """R3: it has finished, whatever its summary says; who tries to take it up learns that from the journal."""
    run_and_die(_LATER_COMMIT, mongo_url)
    async with opened(mongo_url) as store:
        assert await store.runs.claim("later", owner="heir", expected_owner="dead", now=NOW) is None
        assert len(await store.runs.journal("later")) == 3


async def test_a_claim_that_nobody_saw_holds(mongo_url: str) -> None:
    """R11: the summary still shows the run at rest, but its next entry is another process's."""
    run_and_die(_CLAIM, mongo_url)
    async with opened(mongo_url) as store:
        (due,) = await store.runs.due(NOW, limit=5)
        assert await store.runs.claim(due.id, owner="heir", expected_owner=None, now=NOW) is None
        await store.runs.repair(limit=100)
        (lost,) = await store.runs.orphans(NOW, limit=5)
        claimed = await store.runs.claim("claimed", owner="heir", expected_owner="dead", now=NOW)
        assert claimed == replace(lost, owner="heir")
        await put(store, claimed, by="heir")


async def test_jobs_and_summary_agree_after_a_repair(mongo_url: str) -> None:
    run_and_die(_JOBS_ONLY, mongo_url)
    async with opened(mongo_url) as store:
        assert (await store.runs.get("half", owner=ANYONE)).seq == 1
        await store.runs.repair(limit=100)
        row = await store.runs.get("half", owner=ANYONE)
        assert row.seq == 2
        await put(store, row, jobs=[make_job(row, id="job", status=JobStatus.COMPLETED)])
        assert (await store.jobs.get("job", owner=ANYONE)).status is JobStatus.COMPLETED


async def test_large_values_without_their_commit_are_not_shown(mongo_url: str) -> None:
    """Another process's commit in the same place brings its own value of the same name."""
    run_and_die(_VALUES_ONLY, mongo_url)
    async with opened(mongo_url) as store:
        row = await store.runs.get("values", owner=ANYONE)
        await put(store, row, blobs=[Blob("2.output", b"committed")])
        assert await store.runs.blob("values", "2.output") == b"committed"


async def test_one_process_repairs_at_a_time(mongo_url: str) -> None:
    run_and_die(_NEW_RUN, mongo_url)
    async with opened(mongo_url) as one, opened(mongo_url) as two:
        one._mending._every_ms = two._mending._every_ms = 60_000
        assert sorted(await asyncio.gather(one.runs.repair(limit=9), two.runs.repair(limit=9))) == [0, 1]
        assert await one.runs.repair(limit=9) == 0


async def test_repair_goes_on_where_it_stopped(mongo_url: str) -> None:
    async with opened(mongo_url) as store:
        for _ in range(5):
            await put(store, make_run())
        await store.runs.repair(limit=100)
        database = behind(mongo_url)
        with database.client:
            mark = database["meta"].find_one({"_id": "repair"})
            last = database["meta"].find_one({"_id": "places"})
            assert mark is not None
            assert last is not None
            assert mark["upTo"] == last["last"] == 5


async def test_a_job_that_left_a_lost_summary_behind_is_made_with_the_next_commit(mongo_url: str) -> None:
    """The next entry does not hide the one whose summary and jobs were never written."""
    run_and_die(_LATER_COMMIT, mongo_url)
    async with opened(mongo_url) as store:
        row = replace(make_run(id="later"), seq=3, status=RunStatus.FAILED, finished_at=NOW)
        await put(store, row, 1, status=RunStatus.QUEUED, finished_at=None, owner="p")
        assert (await store.runs.get("later", owner=ANYONE)).seq == 4
        assert (await store.jobs.get("job", owner=ANYONE)).status is JobStatus.FAILED
