"""Jobs, as lists show them."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import NotFound
from engine.models.run import JobRow, JobStatus
from engine.store import ANYONE, Store
from tests.contract.make import ME, YOU, make_job, make_run, put


@pytest.fixture
async def jobs(store: Store) -> list[JobRow]:
    """Thirty jobs, oldest first, of three runs of two users."""
    runs = [make_run(workflow_id=f"workflow-{n % 2}", user_id=YOU if n == 2 else ME) for n in range(3)]
    statuses = list(JobStatus)
    made = [make_job(runs[n % 3], id=f"job-{n:02}", status=statuses[n % 5]) for n in range(30)]
    for run in runs:
        await put(store, run, jobs=[job for job in made if job.run_id == run.id])
    return made


FILTERS: list[dict[str, Any]] = [
    {"owner": ANYONE},
    {"owner": ME},
    {"owner": YOU, "status": JobStatus.FAILED},
    {"owner": ANYONE, "status": JobStatus.PENDING},
    {"owner": ANYONE, "workflow_id": "workflow-0"},
    {"owner": ME, "workflow_id": "workflow-1", "status": JobStatus.RUNNING},
    {"owner": ME, "workflow_id": "unknown"},
]


@pytest.mark.parametrize("where", FILTERS, ids=str)
@pytest.mark.parametrize("limit", [1, 4, 50])
async def test_a_filter_shows_exactly_what_it_says(
    store: Store, jobs: list[JobRow], where: dict[str, Any], limit: int
) -> None:
    expected = [
        job
        for job in reversed(jobs)
        if where["owner"] in (ANYONE, job.user_id)
        and where.get("workflow_id", job.workflow_id) == job.workflow_id
        and where.get("status", job.status) == job.status
    ]
    found: list[JobRow] = []
    cursor = None
    while True:
        page = await store.jobs.page(limit=limit, cursor=cursor, **where)
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    assert found == expected


async def test_jobs_of_one_run(store: Store, jobs: list[JobRow]) -> None:
    run_id = jobs[0].run_id
    page = await store.jobs.page(owner=ME, run_id=run_id, limit=50)
    assert page.items == [job for job in reversed(jobs) if job.run_id == run_id]
    assert (await store.jobs.page(owner=YOU, run_id=run_id, limit=50)).items == []
    failed = await store.jobs.page(owner=ANYONE, run_id=run_id, status=JobStatus.FAILED, limit=50)
    assert {job.status for job in failed.items} == {JobStatus.FAILED}


async def test_a_foreign_job_is_an_unknown_job(store: Store, jobs: list[JobRow]) -> None:
    """Row 41."""
    assert await store.jobs.get(jobs[0].id, owner=ME) == jobs[0]
    for job_id in (jobs[0].id, "unknown"):
        with pytest.raises(NotFound):
            await store.jobs.get(job_id, owner=YOU)
