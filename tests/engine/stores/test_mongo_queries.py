"""What MongoDB really executes: every query along an index, every write durable, nothing of a user's as a key."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from engine.errors import Fenced, NotFound
from engine.models.figures import HOUR_MS
from engine.models.run import JobStatus, Role, RunStatus
from engine.models.workflow import Workflow
from engine.store import ANYONE, Blob, RunFilter
from engine.stores.mongo import driver
from engine.stores.mongo.store import MongoStore
from tests.contract.make import (
    ME,
    NOW,
    make_commit,
    make_job,
    make_run,
    make_schedule,
    make_user,
    make_workflow,
    put,
)
from tests.engine.stores.mongo import behind, opened

EVIL = '{"$gt": ""}'


@pytest.fixture
def profiled(mongo_url: str) -> Iterator[Database[dict[str, Any]]]:
    """The database as others see it; it notes every operation from now on."""
    database = behind(mongo_url)
    with database.client:
        database.create_collection("system.profile", capped=True, size=64 << 20)
        database.command("profile", 2)
        yield database
        database.command("profile", 0)


async def _everything(store: MongoStore) -> None:
    """Every operation of every port, with every filter."""
    await _runs(store)
    await _sweeping(store)
    await _documents(store)
    await store.upkeep.set_mark("mark", 1)
    await store.upkeep.mark("mark")
    await store.upkeep.processes()
    assert (await store.health()).ok
    run = await put(store, make_run(status=RunStatus.FAILED, finished_at=NOW, workflow_id="old"))
    await store.upkeep.mend(run, run, [])
    await store.runs.delete_for_workflow("old", limit=10)
    await put(store, make_run(status=RunStatus.FAILED, finished_at=NOW))
    await store.runs.prune(finished_before=NOW + 1, limit=10)


async def _runs(store: MongoStore) -> None:
    run = await put(store, make_run(dedupe_key=EVIL, parent_run_id="parent", status=RunStatus.FAILED))
    run = await put(store, run, 2, jobs=[make_job(run, id="job")], blobs=[Blob("big", b"x")])
    with pytest.raises(Fenced):
        await put(store, make_run(id=run.id))
    await asyncio.gather(*(put(store, make_run(user_id=f"u{n % 3}", created_at=NOW + n)) for n in range(120)))
    for where in (
        RunFilter(ANYONE),
        RunFilter(ME),
        RunFilter(ME, statuses=(RunStatus.FAILED, RunStatus.WAITING), trigger="cron"),
        RunFilter(ME, workflow_id="workflow", since=NOW, until=NOW + 50),
        RunFilter(ANYONE, workflow_id="workflow", statuses=(RunStatus.RUNNING,)),
        RunFilter(ANYONE, parent_run_id="parent"),
    ):
        page = await store.runs.page(where, limit=1)
        await store.runs.page(where, limit=10, cursor=page.cursor)
        await store.jobs.page(owner=where.owner, workflow_id=where.workflow_id, limit=5)
    await store.jobs.page(owner=ME, run_id=run.id, status=JobStatus.PENDING, limit=5)
    await store.jobs.get("job", owner=ME)
    await store.runs.by_key("workflow", EVIL)
    await store.runs.journal(run.id)
    await store.runs.journal(run.id, after=2)
    await store.runs.journals([run.id])
    await store.runs.blob(run.id, "big")
    start = await store.runs.feed(None, limit=1)
    await store.runs.feed(start[0].cursor, limit=10)
    await store.runs.feed("0", limit=10)
    await store.runs.active(owner=ANYONE)
    await store.runs.active(owner=ME, workflow_id="workflow")
    await store.runs.active(owner=ME)
    await _figures(store)


async def _figures(store: MongoStore) -> None:
    workflow = make_workflow()
    await store.workflows.create(workflow, [], saved_by=ME)
    await put(store, make_run(workflow_id=workflow.id))
    for owner in (ME, ANYONE):
        await store.figures.runs(owner=owner, since=NOW - HOUR_MS, until=NOW + HOUR_MS, sample=5)
        assert await store.figures.workflows(owner=owner, since=NOW, limit=5)
        assert await store.figures.workflows(owner=owner, since=NOW, limit=5, ids=[workflow.id, EVIL])


async def _sweeping(store: MongoStore) -> None:
    run = await put(store, make_run(due_at=NOW))
    await store.runs.due(NOW, limit=5)
    await store.runs.next_due()
    await store.runs.claim(run.id, owner="p", expected_owner=None, now=NOW)
    await store.runs.beat("p", until=NOW + 5)
    await store.runs.orphans(NOW, limit=5)
    await store.runs.request_cancel(run.id, owner=ME)
    await store.runs.cancel_requests("p")
    await store.runs.retire("p")
    await store.runs.retire_others("q")
    await store.runs.repair(limit=10)


async def _documents(store: MongoStore) -> None:
    user, workflow = make_user(), make_workflow(tags=["x"])
    row = make_schedule(workflow)
    await store.users.create(user)
    await store.users.by_email(user.email)
    await store.users.update(user.id, role=Role.ADMIN)
    await store.users.page(limit=1)
    await store.workflows.create(workflow, [row], saved_by=ME)
    second = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2})
    await store.workflows.save(second, [row], expected_version=1, saved_by=ME, owner=ME)
    await store.workflows.page(owner=ME, limit=5, text=EVIL, tag="x", enabled=True)
    await store.workflows.page(owner=ANYONE, limit=5)
    await store.workflows.version(workflow.id, 1, owner=ME)
    await store.workflows.versions(workflow.id, owner=ME, limit=1)
    await store.schedules.due(NOW, limit=5)
    await store.schedules.advance(row, next_at=NOW + 5, state=row.state)
    await store.schedules.all(owner=ME)
    await store.schedules.all(owner=ANYONE)
    await store.workflows.delete(workflow.id, owner=ME)


async def test_every_query_walks_along_an_index(mongo_url: str, profiled: Database[dict[str, Any]]) -> None:
    """Row 65: no collection is ever read from one end to the other, and no list is sorted in memory."""
    async with opened(mongo_url) as store:
        await _everything(store)
    seen = [entry for entry in profiled["system.profile"].find({"op": {"$ne": "getmore"}}) if _is_ours(entry)]
    assert len(seen) > 80
    scans = [entry for entry in seen if "COLLSCAN" in entry.get("planSummary", "") and not _is_start(entry)]
    assert [(entry["op"], entry["ns"], entry["command"]) for entry in scans] == []
    sorts = [entry for entry in seen if entry.get("hasSortStage") and not _is_small(entry)]
    assert [(entry["op"], entry["ns"], entry["command"]) for entry in sorts] == []
    planned = {entry["planSummary"] for entry in seen if "planSummary" in entry}
    assert any("status: 1, createdAt: -1" in plan for plan in planned)


async def test_figures_are_counted_in_indexes_and_look_at_no_run_that_is_too_old(
    mongo_url: str, profiled: Database[dict[str, Any]]
) -> None:
    """Row 65: a dashboard does not get slower with the years."""
    async with opened(mongo_url) as store:
        workflow = make_workflow()
        await store.workflows.create(workflow, [], saved_by=ME)
        old = [RunStatus.SUCCESS, RunStatus.FAILED]
        rows = [make_run(created_at=NOW - 900 + n, status=old[n % 2], workflow_id=workflow.id) for n in range(600)]
        rows += [make_run(created_at=NOW + n, status=RunStatus.RUNNING, workflow_id=workflow.id) for n in range(20)]
        await asyncio.gather(*(put(store, row) for row in rows))
        for owner in (ME, ANYONE):
            await store.figures.runs(owner=owner, since=NOW, until=NOW + HOUR_MS, sample=5)
            (found,) = await store.figures.workflows(owner=owner, since=NOW, limit=5)
            assert (found.runs, found.last) == (20, replace(rows[-1], seq=1))
    seen = [
        entry for entry in profiled["system.profile"].find({"command.aggregate": {"$exists": True}}) if _is_ours(entry)
    ]
    assert len(seen) == 6
    assert [entry["keysExamined"] for entry in seen if entry["keysExamined"] > 60] == []
    counts = [entry for entry in seen if entry["ns"].endswith(".runs")]
    assert [entry["docsExamined"] for entry in counts] == [0, 0, 0, 0]


def _is_ours(entry: dict[str, Any]) -> bool:
    return "system." not in entry["ns"] and entry.get("appName") == "flowdesk"


def _is_start(entry: dict[str, Any]) -> bool:
    """Looking for any document at all, at the first start."""
    command: dict[str, Any] = entry["command"]
    return command.get("filter") == {} and command.get("limit") == 1


def _is_small(entry: dict[str, Any]) -> bool:
    """The schedules of one owner, and of what is due."""
    return str(entry["ns"]).endswith((".workflows", ".blobs"))


class _Writes(CommandListener):
    """Notes what the driver sends."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ("insert", "update", "delete", "findAndModify"):
            self.seen.append(dict(event.command))

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Of no interest."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Of no interest."""


@pytest.mark.parametrize("options", ["", "?w=1&journal=false", "?w=0&retryWrites=false&readConcernLevel=local"])
async def test_every_write_is_durable_whatever_the_address_says(
    mongo_url: str, options: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1: `w: majority, j: true`, but for the counter of the feed, which every entry makes durable."""
    writes = _Writes()
    monkeypatch.setattr(driver, "Client", partial(driver.Client, event_listeners=[writes]))
    async with opened(mongo_url + options) as store:
        await _everything(store)
    assert {next(iter(write)) for write in writes.seen} == {"insert", "update", "delete", "findAndModify"}
    lax = [write for write in writes.seen if write.get("writeConcern") != {"w": "majority", "j": True}]
    assert len(writes.seen) - len(lax) > 50
    assert {str(write["query"]) for write in lax} == {"{'_id': 'places'}"}
    assert {str(write["writeConcern"]) for write in lax} == {"{'w': 1}"}


async def test_what_users_write_is_never_a_key(mongo_url: str) -> None:
    """Row 54: dollars and dots of theirs are inside texts, whatever they mean to MongoDB elsewhere."""
    strange = {"$set": {"a.b": 1}, "$where": "sleep(1000)", "a.b": {"$ne": None}, "": {"$gt": ""}}
    async with opened(mongo_url) as store:
        run = make_run(error=strange, error_code="$err", dedupe_key="$gt")
        run = await put(store, run, data=strange, jobs=[make_job(run, error=strange)])
        workflow = make_workflow(steps=[{"id": "a", "ref": "data.set", "params": strange}], tags=["$in"])
        await store.workflows.create(workflow, [], saved_by="$me")
        await store.runs.beat("$owner", until=NOW, info=strange)
        assert (await store.runs.journal(run.id))[0].data == strange
        assert (await store.runs.get(run.id, owner=ANYONE)).error == strange
        for evil in (EVIL, "$where", "a.b", "$$ROOT", "runs.$[]"):
            for call in (
                store.runs.get(evil, owner=ANYONE),
                store.runs.get(run.id, owner=evil),
                store.runs.blob(run.id, evil),
                store.workflows.get(workflow.id, owner=evil),
                store.jobs.get(evil, owner=evil),
                store.users.update(evil, password_hash=evil),
            ):
                with pytest.raises(NotFound):
                    await call
            assert await store.users.by_email(evil) is None
            assert (await store.workflows.page(owner=ME, limit=5, text=evil, tag=evil)).items == []
            assert (await store.runs.page(RunFilter(evil, trigger=evil, workflow_id=evil), limit=5)).items == []
    database = behind(mongo_url)
    with database.client:
        keys = {key for name in database.list_collection_names() for doc in database[name].find() for key in _keys(doc)}
    assert "runId" in keys
    assert [key for key in keys if not key.isascii() or not key.replace("_", "").isalnum()] == []


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


async def test_many_callers_share_few_round_trips(mongo_url: str) -> None:
    """Nobody waits for a timer, and under load one flush serves many."""
    async with opened(mongo_url) as store:
        await store.runs.commit(make_commit(make_run()))
        assert store.stats()["batches"] == store.stats()["commits"] == 1
        await asyncio.gather(*(store.runs.commit(make_commit(make_run())) for _ in range(256)))
        assert store.stats()["commits"] == 257
        assert store.stats()["batches"] < 40
