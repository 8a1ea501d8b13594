"""Workflows, their versions and their schedules."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import Conflict, NotFound, VersionConflict
from engine.models.run import RunStatus
from engine.models.workflow import Workflow
from engine.schedules.schedule import Schedule
from engine.store import ANYONE, Owner, ScheduleRow, Store, VersionInfo
from tests.contract.make import ME, NOW, YOU, make_run, make_schedule, make_workflow, put


async def _save(
    store: Store, workflow: Workflow, *schedules: ScheduleRow, owner: Owner = ME, **fields: Any
) -> Workflow:
    """The next version of a workflow."""
    document = {**workflow.model_dump(mode="json"), "version": workflow.version + 1, **fields}
    after = Workflow.model_validate(document)
    await store.workflows.save(after, schedules, expected_version=workflow.version, saved_by="somebody", owner=owner)
    return after


async def _create(store: Store, *schedules: ScheduleRow, **fields: Any) -> Workflow:
    workflow = make_workflow(**fields)
    await store.workflows.create(workflow, schedules, saved_by=ME)
    return workflow


async def test_a_workflow_comes_back_as_it_was_written(store: Store) -> None:
    workflow = await _create(
        store,
        description="Grüße 😀",
        tags=["mail", "x"],
        steps=[
            {"id": "a", "ref": "flow.if", "next": [{"to": "b", "when": "data.n > 1"}, {"to": "c", "otherwise": True}]},
            {"id": "b", "ref": "data.set", "next": "c", "retry": {"maxAttempts": 3}, "saveAs": "b"},
            {"id": "c", "ref": "data.set", "next": ["d"]},
            {"id": "d", "ref": "core.log", "params": {"message": "{{name}}"}, "stopOnFailure": False},
        ],
    )
    found = await store.workflows.get(workflow.id, owner=ME)
    assert found == workflow
    assert found.model_dump(mode="json") == workflow.model_dump(mode="json")


async def test_the_number_of_the_newest_version(store: Store) -> None:
    """For processes that keep compiled workflows while others save them."""
    workflow = await _create(store)
    other = await _create(store)
    assert await store.workflows.current_version(workflow.id) == 1
    workflow = await _save(store, workflow, name="two")
    await _save(store, workflow, name="three")
    assert await store.workflows.current_version(workflow.id) == 3
    assert await store.workflows.current_version(other.id) == 1
    await store.workflows.delete(workflow.id, owner=ME)
    assert await store.workflows.current_version(workflow.id) is None
    assert await store.workflows.current_version("unknown") is None


async def test_a_taken_id_is_a_conflict(store: Store) -> None:
    workflow = await _create(store)
    with pytest.raises(Conflict):
        await store.workflows.create(make_workflow(id=workflow.id, ownerId=YOU), [], saved_by=YOU)
    assert await store.workflows.get(workflow.id, owner=ME) == workflow


async def test_the_id_of_a_deleted_workflow_stays_taken(store: Store) -> None:
    """Its runs and versions still belong to its owner."""
    workflow = await _create(store)
    await store.workflows.delete(workflow.id, owner=ME)
    with pytest.raises(Conflict):
        await store.workflows.create(make_workflow(id=workflow.id, ownerId=YOU), [], saved_by=YOU)


async def test_foreign_and_unknown_workflows_are_alike(store: Store) -> None:
    """Row 41."""
    workflow = await _create(store)
    for workflow_id in (workflow.id, "unknown"):
        theirs = make_workflow(id=workflow_id, version=2)
        for call in (
            store.workflows.get(workflow_id, owner=YOU),
            store.workflows.version(workflow_id, 1, owner=YOU),
            store.workflows.versions(workflow_id, owner=YOU, limit=5),
            store.workflows.delete(workflow_id, owner=YOU),
            store.workflows.save(theirs, [], expected_version=1, saved_by=YOU, owner=YOU),
        ):
            with pytest.raises(NotFound):
                await call
    assert await store.workflows.get(workflow.id, owner=ME) == workflow
    assert await store.workflows.get(workflow.id, owner=ANYONE) == workflow


async def test_saving_makes_a_version_and_keeps_the_old_ones(store: Store) -> None:
    first = await _create(store, name="One")
    second = await _save(store, first, name="Two", updatedAt=NOW + 5)
    third = await _save(store, second, name="Three", owner=ANYONE)
    assert await store.workflows.get(first.id, owner=ME) == third
    for number, expected in enumerate((first, second, third), 1):
        assert await store.workflows.version(first.id, number, owner=ME) == expected
    for unknown in (0, 4, -1):
        with pytest.raises(NotFound):
            await store.workflows.version(first.id, unknown, owner=ME)
    history = await store.workflows.versions(first.id, owner=ME, limit=2)
    assert [info.version for info in history.items] == [3, 2]
    assert history.items[1] == VersionInfo(2, NOW + 5, "somebody", "Two", 1)
    rest = await store.workflows.versions(first.id, owner=ME, limit=2, cursor=history.cursor)
    assert [(info.version, info.saved_by) for info in rest.items] == [(1, ME)]
    assert rest.cursor is None


@pytest.mark.parametrize("expected", [0, 1, 3])
async def test_saving_over_somebody_elses_change_is_refused(store: Store, expected: int) -> None:
    first = await _create(store)
    second = await _save(store, first)
    late = Workflow.model_validate({**second.model_dump(mode="json"), "name": "Late", "version": expected + 1})
    with pytest.raises(VersionConflict):
        await store.workflows.save(late, [], expected_version=expected, saved_by=ME, owner=ME)
    assert await store.workflows.get(first.id, owner=ME) == second
    assert len((await store.workflows.versions(first.id, owner=ME, limit=9)).items) == 2


async def test_of_many_saves_at_once_one_wins(store: Store) -> None:
    workflow = await _create(store, name="Start")
    rows = [make_schedule(workflow, schedule=Schedule("cron", f"{n} * * * *", "UTC")) for n in range(8)]
    saves = [_save(store, workflow, row, name=f"Save {n}") for n, row in enumerate(rows)]
    answers = await asyncio.gather(*saves, return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, Workflow)]
    assert len(winners) == 1
    assert sum(isinstance(answer, VersionConflict) for answer in answers) == 7
    assert await store.workflows.get(workflow.id, owner=ME) == winners[0]
    schedules = await store.schedules.all(owner=ME)
    assert [row.schedule.text for row in schedules] == [f"{winners[0].name.split()[1]} * * * *"]


async def test_a_save_replaces_the_schedules(store: Store) -> None:
    workflow = make_workflow()
    rows = [make_schedule(workflow), make_schedule(workflow, schedule_id="second", step_id="a")]
    await store.workflows.create(workflow, rows, saved_by=ME)
    assert await store.schedules.all(owner=ME) == rows
    after = make_schedule(workflow, schedule_id="second", schedule=Schedule("cron", "5 5 * * *", "UTC"))
    workflow = await _save(store, workflow, after)
    assert await store.schedules.all(owner=ME) == [replace(after, rev=1)]
    await _save(store, workflow)
    assert await store.schedules.all(owner=ME) == []


async def test_a_refused_save_leaves_the_schedules(store: Store) -> None:
    workflow = make_workflow()
    row = make_schedule(workflow)
    await store.workflows.create(workflow, [row], saved_by=ME)
    with pytest.raises(VersionConflict):
        await store.workflows.save(
            Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 6}),
            [make_schedule(workflow, schedule=Schedule("cron", "1 1 * * *", "UTC"))],
            expected_version=5,
            saved_by=ME,
            owner=ME,
        )
    assert await store.schedules.all(owner=ME) == [row]


async def _ids(store: Store, limit: int = 50, **filters: Any) -> list[str]:
    ids, cursor = [], None
    while True:
        page = await store.workflows.page(limit=limit, cursor=cursor, **{"owner": ME, **filters})
        ids += [workflow.id for workflow in page.items]
        cursor = page.cursor
        if cursor is None:
            return ids


async def test_lists_filter_by_owner_text_tag_and_switch(store: Store) -> None:
    mail = await _create(store, id="w1", name="Send MAIL 100%", tags=["mail", "eu"])
    off = await _create(store, id="w2", name="Straße", enabled=False, tags=["ma_il"])
    plain = await _create(store, id="w3", name="Plain")
    theirs = await _create(store, id="w4", name="Send mail too", ownerId=YOU)
    assert await _ids(store) == [plain.id, off.id, mail.id]
    assert await _ids(store, owner=ANYONE) == [theirs.id, plain.id, off.id, mail.id]
    assert await _ids(store, owner=ANYONE, limit=1) == [theirs.id, plain.id, off.id, mail.id]
    assert await _ids(store, text="mail") == [mail.id]
    assert await _ids(store, text="STRASSE") == [off.id]
    assert await _ids(store, text="%") == [mail.id]
    assert await _ids(store, text="") == [plain.id, off.id, mail.id]
    assert await _ids(store, text="_") == []
    assert await _ids(store, tag="mail") == [mail.id]
    assert await _ids(store, tag="mai") == []
    assert await _ids(store, enabled=False) == [off.id]
    assert await _ids(store, enabled=True, limit=1) == [plain.id, mail.id]
    assert await _ids(store, owner=ANYONE, text="send", tag="eu", enabled=True) == [mail.id]
    assert await _ids(store, text="' OR 1=1 --") == []


async def test_paging_while_workflows_are_added(store: Store) -> None:
    made = [(await _create(store, id=f"w{number:02}")).id for number in range(9)]
    seen, cursor = [], None
    for number in range(20):
        page = await store.workflows.page(owner=ME, limit=2, cursor=cursor)
        seen += [workflow.id for workflow in page.items]
        cursor = page.cursor
        if cursor is None:
            break
        await _create(store, id=f"x{number:02}")
    assert seen == list(reversed(made))


async def test_deleting_takes_the_schedules_along_and_leaves_versions_to_runs(store: Store) -> None:
    """Row 29: a run goes on with the version it started with."""
    workflow = make_workflow()
    await store.workflows.create(workflow, [make_schedule(workflow)], saved_by=ME)
    run = await put(store, make_run(workflow_id=workflow.id))
    await store.workflows.delete(workflow.id, owner=ME)
    assert await store.schedules.all(owner=ANYONE) == []
    assert await store.schedules.due(NOW + 1, limit=10) == []
    assert await store.workflows.version(workflow.id, 1, owner=ANYONE) == workflow
    for call in (
        store.workflows.get(workflow.id, owner=ME),
        store.workflows.get(workflow.id, owner=ANYONE),
        store.workflows.version(workflow.id, 1, owner=ME),
        store.workflows.versions(workflow.id, owner=ME, limit=5),
        store.workflows.delete(workflow.id, owner=ME),
        _save(store, workflow),
    ):
        with pytest.raises(NotFound):
            await call
    assert await _ids(store) == []
    assert await store.runs.get(run.id, owner=ME) == run


async def test_versions_of_a_deleted_workflow_go_with_its_last_run(store: Store) -> None:
    workflow, kept = await _create(store), await _create(store)
    await put(store, make_run(workflow_id=workflow.id, status=RunStatus.SUCCESS, finished_at=NOW))
    await store.workflows.delete(workflow.id, owner=ME)
    await store.runs.prune(finished_before=NOW, limit=10)
    assert await store.workflows.version(workflow.id, 1, owner=ANYONE) == workflow
    await store.runs.prune(finished_before=NOW + 1, limit=10)
    with pytest.raises(NotFound):
        await store.workflows.version(workflow.id, 1, owner=ANYONE)
    assert await store.workflows.version(kept.id, 1, owner=ME) == kept
