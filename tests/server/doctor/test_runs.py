"""Runs that do not go on, summaries that lie, plugins and clocks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.clock import now_ms
from engine.ids import new_id, new_workflow_id
from engine.models.event import Event, EventType
from engine.models.run import JobRow, JobStatus, RunRow, RunStatus, TriggerKind, WaitingFor
from engine.models.workflow import Workflow
from engine.registry import PluginInfo
from engine.store import ANYONE, Commit, Store
from engine.stores.mongo.store import MongoStore
from server.compose import flowdesk_version
from server.doctor import timing
from server.doctor.findings import Finding, Level
from server.doctor.house import House, load_registry
from server.doctor.redis import look_at
from server.doctor.workflows import check_plugins
from server.fleet import introduction
from server.settings import Settings
from tests.server.doctor.examined import STRONG, Findings, database, examined
from tests.servers.patient import patient_store

HOUR = 3_600_000
STARTED = {"trigger": {"kind": "manual"}}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


async def make_workflow(store: Store, ref: str = "core.log", *, enabled: bool = True) -> Workflow:
    """A workflow of one step."""
    document = {
        "id": new_workflow_id(),
        "ownerId": "me",
        "version": 1,
        "createdAt": 1,
        "updatedAt": 1,
        "name": f"Uses {ref}",
        "enabled": enabled,
        "steps": [{"id": "a", "ref": ref, "params": {}}],
    }
    workflow = Workflow.model_validate(document)
    await store.workflows.create(workflow, [], saved_by="me")
    return workflow


async def put(store: Store, workflow: Workflow, *events: Event, job: JobRow | None = None, **fields: Any) -> RunRow:
    """A run with this journal and this summary."""
    at = now_ms() - HOUR
    row = RunRow(new_id(at), workflow.id, 1, "me", RunStatus.QUEUED, len(events), TriggerKind.MANUAL, at)
    row = replace(row, **fields)
    jobs = [] if job is None else [replace(job, run_id=row.id, workflow_id=workflow.id)]
    await store.runs.commit(Commit(row, list(events), 0, None, jobs))
    return row


def begun(*more: Event) -> list[Event]:
    """A journal that begins with the run's start."""
    return [Event(1, 1, EventType.RUN_STARTED, None, None, STARTED), *more]


WAITS = Event(2, 2, EventType.WAIT_STARTED, "a", 1, {"for": "decision"})
DONE = [Event(2, 2, EventType.STEP_SUCCEEDED, "a", 1, {"output": 1}), Event(3, 3, EventType.RUN_SUCCEEDED)]
ENDED: dict[str, Any] = {"status": RunStatus.SUCCESS, "finished_at": 3}


async def test_what_a_dead_server_left_goes_on_at_the_next_start(data: Path) -> None:
    async with database(data) as store:
        workflow = await make_workflow(store)
        await store.runs.beat("dead", until=now_ms() + 10_000)
        await put(store, workflow, *begun(), owner="dead", status=RunStatus.RUNNING)
        await put(store, workflow, *begun(), due_at=now_ms() - HOUR)
    found = await examined(data)
    assert found.bad == []
    for code in ("runs.orphaned", "runs.overdue"):
        assert found.one(code).level is Level.NOTE
        assert "when a server starts" in found.one(code).remedy


async def test_beside_a_running_server_the_same_is_a_warning(data: Path) -> None:
    async with database(data) as store:
        workflow = await make_workflow(store)
        await store.runs.beat("dead", until=now_ms() - HOUR)
        await put(store, workflow, *begun(), owner="dead", status=RunStatus.RUNNING)
        await put(store, workflow, *begun(), due_at=now_ms() - HOUR)
        found = await examined(data)
    assert sorted(found.bad) == [("WARNING", "runs.orphaned"), ("WARNING", "runs.overdue")]


async def test_parked_jobs_and_decisions_are_noted(data: Path) -> None:
    async with database(data) as store:
        workflow = await make_workflow(store)
        await put(
            store, workflow, *begun(WAITS), status=RunStatus.WAITING, waiting_for=WaitingFor.DECISION, due_at=None
        )
        failed = Event(2, 2, EventType.STEP_FAILED, "a", 1, {"error": {"code": "x"}, "final": True, "jobId": "j" * 26})
        ended = Event(3, 3, EventType.RUN_FAILED, None, None, {"error": {"code": "x"}})
        job = JobRow("j" * 26, "", "", "me", "a", 0, JobStatus.FAILED, 1, 1, 1, {"code": "x"})
        error: dict[str, Any] = {"error": {"code": "x"}, "error_code": "x"}
        await put(store, workflow, *begun(failed, ended), job=job, status=RunStatus.FAILED, finished_at=3, **error)
    found = await examined(data)
    assert found.bad == []
    assert found.one("jobs.parked").message.startswith("1 steps")
    assert found.one("runs.undecided").message.startswith("1 runs")


LIES = {
    "status": "UPDATE runs SET status = 'RUNNING', finished_at = NULL",
    "seq": "UPDATE runs SET seq = 2",
    "owner": "UPDATE runs SET owner = 'ghost'",
    "error": "UPDATE runs SET error_code = 'x', error = '{\"code\": \"x\"}'",
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_summary_that_lies_is_found_and_put_right(data: Path, lie: str) -> None:
    async with database(data) as store:
        workflow = await make_workflow(store)
        row = await put(store, workflow, *begun(*DONE), **ENDED)
        honest = await put(store, workflow, *begun(*DONE), **ENDED)
    with closing(sqlite3.connect(data / "flowdesk.db")) as connection, connection:
        connection.execute(f"{LIES[lie]} WHERE id = ?", (row.id,))
    seen = await examined(data)
    assert ("PROBLEM", "runs.differ") in seen.bad
    assert row.id in seen.one("runs.differ").message
    assert honest.id not in seen.one("runs.differ").message
    assert (await examined(data, fix=True)).one("runs.differ").fixed
    found = await examined(data)
    assert found.bad == []
    assert found.one("runs.compared").message.startswith("2 runs say")
    async with database(data) as store:
        assert await store.runs.get(row.id, owner=ANYONE) == row


async def test_a_job_that_lies_is_put_right(data: Path) -> None:
    async with database(data) as store:
        workflow = await make_workflow(store)
        waits = Event(2, 2, EventType.RETRY_SCHEDULED, "a", 1, {"runAt": now_ms() + HOUR, "jobId": "j" * 26})
        job = JobRow("j" * 26, "", "", "me", "a", 1, JobStatus.PENDING, waits.data["runAt"], 1, 1)
        rest: dict[str, Any] = {
            "status": RunStatus.WAITING,
            "waiting_for": WaitingFor.RETRY,
            "due_at": waits.data["runAt"],
        }
        await put(store, workflow, *begun(waits), job=job, **rest)
    assert (await examined(data)).bad == []
    with closing(sqlite3.connect(data / "flowdesk.db")) as connection, connection:
        connection.execute("UPDATE jobs SET status = 'COMPLETED'")
    assert (await examined(data)).bad == [("PROBLEM", "runs.differ")]
    assert (await examined(data, fix=True)).bad == []
    assert (await examined(data)).bad == []


async def test_a_lie_is_not_put_right_under_a_running_server(data: Path) -> None:
    """One SQLite file has one writing process."""
    async with database(data) as store:
        workflow = await make_workflow(store)
        await put(store, workflow, *begun(*DONE), status=RunStatus.FAILED, finished_at=3)
        found = (await examined(data, fix=True)).one("runs.differ")
    assert not found.fixed
    assert "stop the server" in found.remedy


async def test_journals_that_cannot_be_read(data: Path) -> None:
    async with database(data) as store:
        workflow = await make_workflow(store)
        await put(store, workflow, *begun(*DONE), **ENDED)
        await put(store, replace_id(workflow), *begun(*DONE), **ENDED)
    with closing(sqlite3.connect(data / "flowdesk.db")) as connection, connection:
        connection.execute("UPDATE journal SET events = replace(events, '[1,', '[9,') WHERE pos = 1")
    found = (await examined(data)).one("runs.journal")
    assert found.level is Level.PROBLEM
    assert "event 9 after 0" in found.message
    assert "version 1 of its workflow is missing" in found.message
    assert (await examined(data, fix=True)).bad == [("PROBLEM", "runs.journal")]


def replace_id(workflow: Workflow) -> Workflow:
    """A workflow nobody has saved."""
    return workflow.model_copy(update={"id": new_workflow_id()})


async def test_old_finished_runs_are_left_out_unless_all_are_wanted(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.doctor.runs.RECENT", 2)
    monkeypatch.setattr("server.doctor.runs._AT_ONCE", 2)
    async with database(data) as store:
        workflow = await make_workflow(store)
        for _ in range(7):
            await put(store, workflow, *begun(*DONE), **ENDED)
        await put(store, workflow, *begun(), due_at=now_ms())
    assert (await examined(data)).one("runs.compared").message == (
        "3 runs say what their journals say; 5 older finished ones were left out"
    )
    assert (await examined(data, everything=True)).one("runs.compared").message.startswith("8 runs")


async def test_steps_nobody_has(data: Path) -> None:
    """Unfinished runs and enabled workflows that need them are problems; what is switched off is a warning."""
    async with database(data) as store:
        gone = await make_workflow(store, "mail.send")
        await make_workflow(store, "http.requests", enabled=False)
        await put(store, gone, *begun(), due_at=now_ms())
        await put(store, gone, *begun(*DONE), **ENDED)
    found = await examined(data)
    assert sorted(found.bad) == [
        ("PROBLEM", "runs.missing_steps"),
        ("PROBLEM", "workflows.missing_steps"),
        ("WARNING", "workflows.missing_steps"),
    ]
    assert found.one("runs.missing_steps").message.startswith("1 runs need the step mail.send")
    assert any("http.request is known" in finding.message for finding in found.of("workflows.missing_steps"))


async def test_a_plugin_that_does_not_load(data: Path) -> None:
    """Row 35."""
    house = House(Settings(data_dir=data), load_registry())
    house.registry.plugins.append(PluginInfo("mail", "mail-steps", error="ImportError: no module named smtp"))
    found = [finding async for finding in check_plugins(house)]
    assert [(finding.level, finding.code) for finding in found] == [(Level.WARNING, "plugins")]
    assert "no module named smtp" in found[0].message


async def test_a_clock_behind_the_data(data: Path) -> None:
    """Row 12."""
    async with database(data) as store:
        workflow = await make_workflow(store)
        await put(store, workflow, *begun(*DONE), created_at=now_ms() + HOUR, **ENDED)
    assert (await examined(data)).bad == [("PROBLEM", "clock")]


async def test_a_clock_that_jumps(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 12."""
    monkeypatch.setattr(timing, "UNSTEADY_MS", -1)
    assert ("WARNING", "clock") in (await examined(data)).bad


@pytest.mark.parametrize(
    ("theirs", "level"),
    [(1000, Level.OK), (1005, Level.OK), (1500, Level.OK), (2500, Level.WARNING), (-5000, Level.PROBLEM)],
)
def test_clocks_of_others(theirs: int, level: Level) -> None:
    assert timing.difference("X", theirs, 1000, 1010).level is level


@pytest.mark.parametrize(
    ("info", "codes"),
    [
        ({"aof_enabled": 1}, []),
        ({"aof_enabled": 0}, ["redis.durability"]),
        ({"aof_enabled": 1, "maxmemory": 100, "used_memory": 95}, ["redis.memory"]),
        ({"aof_enabled": 1, "maxmemory": 100, "maxmemory_policy": "allkeys-lru"}, ["redis.memory"]),
    ],
)
def test_what_redis_says_of_itself(info: dict[str, object], codes: list[str]) -> None:
    assert [finding.code for finding in look_at(info)] == codes


async def test_mongo_and_redis(data: Path, mongo_url: str, redis_url: str) -> None:
    """The same checks on the other store, which may be put right while others work on it."""
    store = patient_store(mongo_url)
    await store.open()
    workflow = await make_workflow(store)
    row = await put(store, workflow, *begun(*DONE), **ENDED)
    settings: dict[str, Any] = {"mongo_url": mongo_url, "redis_url": redis_url, "jwt_secret": STRONG}
    known = introduction("worker", Settings(**settings), load_registry(), version=flowdesk_version(), now=now_ms())
    await store.runs.beat("a-worker", until=now_ms() + HOUR, info=known)
    found = await examined(data, **settings)
    assert found.bad == []
    assert found.one("processes").message.startswith("1 live: the worker ")
    assert len(found.of("clock")) == 3
    await store._link["runs"].update_one({"_id": row.id}, {"$set": {"status": "RUNNING", "rev": 0}})
    assert ("PROBLEM", "runs.differ") in (await examined(data, **settings)).bad
    assert (await examined(data, fix=True, **settings)).one("runs.differ").fixed
    assert await store.runs.get(row.id, owner=ANYONE) == row
    assert (await examined(data, **settings)).bad == []
    await store.close()


async def test_processes_that_do_not_fit_together(data: Path, mongo_url: str, redis_url: str) -> None:
    """Bad input: a worker with other settings or plugins than the servers."""
    store = patient_store(mongo_url)
    await store.open()
    settings: dict[str, Any] = {"mongo_url": mongo_url, "redis_url": redis_url, "jwt_secret": STRONG}
    assert (await examined(data, **settings)).bad == [("WARNING", "processes")]
    known = introduction("server", Settings(**settings), load_registry(), version=flowdesk_version(), now=now_ms())
    await store.runs.beat("fits", until=now_ms() + HOUR, info=known)
    found = await examined(data, **settings)
    assert found.bad == []
    assert found.one("workers").level is Level.NOTE
    await store.runs.beat("other", until=now_ms() + HOUR, info={**known, "steps": "x", "added": ["mail.send"]})
    found = await examined(data, **settings, workers="all")
    assert sorted(found.bad) == [("PROBLEM", "workers")] + [("WARNING", "processes.differ")] * 3
    assert any("mail.send only there" in finding.message for finding in found.of("processes.differ"))
    await store.close()


async def test_mongo_and_redis_away(
    data: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Told as findings, and nowhere else."""
    store = MongoStore("mongodb://127.0.0.1:1/flowdesk", patience_s=0.1)
    monkeypatch.setattr("server.doctor.house.make_store", lambda settings: store)
    away: dict[str, Any] = {"mongo_url": "mongodb://127.0.0.1:1/flowdesk", "redis_url": "redis://127.0.0.1:1/0"}
    found = await examined(data, jwt_secret=STRONG, **away)
    assert {code for level, code in found.bad if level == "PROBLEM"} == {"store", "redis"}
    assert "127.0.0.1:1" in found.one("store").message
    assert [record for record in caplog.records if record.name.startswith("flowdesk")] == []


def test_findings_know_what_to_say() -> None:
    found = Findings([Finding(Level.PROBLEM, "disk", "full")])
    assert found.bad == [("PROBLEM", "disk")]
    document = found[0].document()
    assert document["level"] == "problem"
    assert set(document) == {"level", "code", "message", "meaning", "remedy", "fixed"}
