"""Opening, closing and feeling well."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from engine.models.workflow import Workflow
from engine.store import Store
from tests.contract.backends import Backend, Opener
from tests.contract.make import ME, make_commit, make_run, make_schedule, make_user, make_workflow


async def test_an_open_store_is_well(store: Store, backend: Backend) -> None:
    health = await store.health()
    assert (health.ok, health.backend) == (True, backend.name)
    assert store.exclusive is backend.exclusive


async def test_closing_twice_is_fine(opener: Opener) -> None:
    async with opener() as store:
        await store.close()
        await store.close()


async def test_commits_under_way_when_the_store_closes_are_answered(opener: Opener) -> None:
    """R1: closing is not losing."""
    runs = [make_run() for _ in range(300)]
    async with opener() as store:
        commits = [asyncio.ensure_future(store.runs.commit(make_commit(run))) for run in runs]
        await asyncio.sleep(0)
        await store.close()
        places = await asyncio.gather(*commits)
        assert all(isinstance(place, str) for place in places)
    async with opener() as store:
        assert (await store.runs.journals([run.id for run in runs])).keys() == {run.id for run in runs}


async def test_a_caller_that_leaves_disturbs_nobody(store: Store) -> None:
    tasks = [asyncio.ensure_future(store.runs.commit(make_commit(make_run()))) for _ in range(20)]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(answer, str) for answer in answers[1::2])
    run = make_run()
    await store.runs.commit(make_commit(run))
    assert (await store.runs.get(run.id, owner=ME)).seq == 1


async def test_documents_are_there_after_opening_again(opener: Opener) -> None:
    user, workflow = make_user(), make_workflow()
    row = make_schedule(workflow)
    second = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2, "name": "Two"})
    async with opener() as store:
        await store.users.create(user)
        await store.workflows.create(workflow, [row], saved_by=ME)
        await store.workflows.save(second, [row], expected_version=1, saved_by=ME, owner=ME)
    async with opener() as store:
        assert await store.users.by_email(user.email) == user
        assert await store.workflows.get(workflow.id, owner=ME) == second
        assert await store.workflows.version(workflow.id, 1, owner=ME) == workflow
        assert await store.schedules.all(owner=ME) == [replace(row, rev=1)], "saved once more, and otherwise the same"
