"""Row 65: no query reads a whole table, however many runs there are."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from engine.ids import new_id
from engine.models.figures import HOUR_MS
from engine.models.run import JobStatus, Role, RunStatus, WaitingFor
from engine.models.workflow import Workflow
from engine.store import ANYONE, Blob, RunFilter, ScheduleState
from engine.stores.sqlite.connection import open_reader, open_writer
from engine.stores.sqlite.store import SqliteStore
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

# Indexes that hold unfinished runs only, and tables with one row per process, mark, deleted workflow or schedule.
SMALL = ("runs_due", "runs_deadline", "runs_owner", "runs_cancel", "owners", "marks", "deleted_workflows", "schedules")
RUN_FILTERS: list[dict[str, Any]] = [
    {},
    {"workflow_id": "w"},
    {"statuses": (RunStatus.FAILED,)},
    {"statuses": (RunStatus.FAILED, RunStatus.WAITING)},
    {"trigger": "cron"},
    {"since": NOW, "until": NOW + 5},
    {"parent_run_id": "p"},
    {"waiting_for": (WaitingFor.APPROVAL, WaitingFor.DECISION)},
    {"caller_run_id": "c", "call_step_id": "s"},
    {"workflow_id": "w", "statuses": (RunStatus.SUCCESS,), "trigger": "cron", "since": NOW, "until": NOW + 5},
]


@pytest.fixture
async def traced(path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[SqliteStore, set[str]]]:
    """A store and every statement its connections execute."""
    seen: set[str] = set()

    def tracing(opening: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
        def opened(*values: Any, **named: Any) -> sqlite3.Connection:
            connection = opening(*values, **named)
            connection.set_trace_callback(seen.add)
            return connection

        return opened

    monkeypatch.setattr("engine.stores.sqlite.readers.open_reader", tracing(open_reader))
    monkeypatch.setattr("engine.stores.sqlite.store.open_writer", tracing(open_writer))
    store = SqliteStore(path)
    await store.open()
    seen.clear()
    yield store, seen
    await store.close()


async def _use_everything(store: SqliteStore) -> None:
    """Every method of every port, with every filter, on first and later pages."""
    for number in range(4):
        run = make_run(created_at=NOW + number, parent_run_id="p", workflow_id="w", dedupe_key=new_id())
        await put(store, run, 2, jobs=[make_job(run)], blobs=[Blob("b", b"x")])
    run = await put(store, make_run(owner="p1"), 2)
    for owner in (ME, ANYONE):
        await store.runs.get(run.id, owner=owner)
        await store.runs.active(owner=owner)
        await store.runs.active(owner=owner, workflow_id="w")
        for where in RUN_FILTERS:
            page = await store.runs.page(RunFilter(owner, **where), limit=1)
            await store.runs.page(RunFilter(owner, **where), limit=1, cursor=page.cursor)
        for more in ({}, {"workflow_id": "w"}, {"run_id": run.id}, {"status": JobStatus.FAILED}):
            jobs = await store.jobs.page(owner=owner, limit=1, **more)
            await store.jobs.page(owner=owner, limit=1, cursor=jobs.cursor, **more)
        for wanted in ({}, {"text": "x"}, {"tag": "x"}, {"enabled": True}):
            await store.workflows.page(owner=owner, limit=1, **wanted)
        await store.figures.runs(owner=owner, since=NOW - HOUR_MS, until=NOW + HOUR_MS, sample=5)
        await store.figures.workflows(owner=owner, since=NOW, limit=5)
        await store.figures.workflows(owner=owner, since=NOW, limit=5, ids=["w", "x"])
        await store.schedules.all(owner=owner)
        await store.schedules.all(owner=owner, workflow_id="w")
    await store.runs.journal(run.id, after=1)
    await store.runs.journals([run.id])
    await store.runs.feed("1", limit=3)
    await store.runs.by_key("w", "k")
    await asyncio.gather(store.runs.due(NOW, limit=3), store.runs.next_due(), store.runs.orphans(NOW, limit=3))
    await store.runs.cancel_requests("p1")
    await store.runs.claim(run.id, owner="p2", expected_owner="p1", now=NOW, count_death=True)
    row = await store.runs.request_cancel(run.id, owner=ME)
    await store.runs.beat("p1", until=NOW)
    await store.runs.retire_others("p1")
    await store.runs.retire("p1")
    await store.runs.commit(make_commit(row, by="p2", status=RunStatus.SUCCESS, owner=None, finished_at=NOW))
    await _use_documents(store)
    await store.runs.delete_for_workflow("w", limit=5)
    await store.runs.prune(finished_before=NOW + 1, limit=5)
    await store.health()


async def _use_documents(store: SqliteStore) -> None:
    workflow, user = make_workflow(), make_user()
    await store.workflows.create(workflow, [make_schedule(workflow)], saved_by=ME)
    second = Workflow.model_validate({**workflow.model_dump(mode="json"), "version": 2})
    await store.workflows.save(second, [make_schedule(workflow)], expected_version=1, saved_by=ME, owner=ME)
    await store.workflows.get(workflow.id, owner=ME)
    await store.workflows.version(workflow.id, 1, owner=ME)
    await store.workflows.versions(workflow.id, owner=ME, limit=1)
    await store.schedules.due(NOW, limit=5)
    await store.schedules.advance(make_schedule(workflow), next_at=NOW + 5, state=ScheduleState())
    await store.workflows.delete(workflow.id, owner=ME)
    await store.users.create(user)
    await store.users.by_email(user.email)
    await store.users.by_id(user.id)
    await store.users.update(user.id, role=Role.ADMIN)
    await store.users.page(limit=1)


def _scans(connection: sqlite3.Connection, statement: str) -> list[str]:
    steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
    scans = [step for step in steps if step.startswith("SCAN")]
    return [step for step in scans if not re.search(rf"\b({'|'.join(SMALL)})\b", step) and _table(step) is not None]


def _table(step: str) -> str | None:
    """The table a step of a plan goes through, unless it is a subquery, a constant or a list we passed."""
    name = step.split()[1]
    made_up = {"found", "counted", "hours", "json_each", "CONSTANT"}
    return None if name in made_up or not name.islower() or name.startswith("(") else name


async def test_no_query_reads_a_whole_table(traced: tuple[SqliteStore, set[str]], path: Path) -> None:
    """Row 65."""
    store, seen = traced
    await _use_everything(store)
    plans = sqlite3.connect(path)
    statements = [
        text for text in seen if re.match(r"\s*(SELECT|UPDATE|DELETE|INSERT)", text) and "commits" not in text
    ]
    assert len(statements) > 100
    found = {statement: scans for statement in statements if (scans := _scans(plans, statement))}
    plans.close()
    assert found == {}


async def test_the_check_for_scans_finds_one(traced: tuple[SqliteStore, set[str]], path: Path) -> None:
    plans = sqlite3.connect(path)
    assert _scans(plans, "SELECT * FROM runs WHERE error_code = 'x'")
    assert _scans(plans, "SELECT * FROM workflows WHERE version = 1")
    assert not _scans(plans, "SELECT * FROM runs WHERE id = 'x'")
    plans.close()


async def test_lists_do_not_work_harder_when_there_are_more_runs(path: Path) -> None:
    """Row 65: counted in steps of SQLite's machine, of which reading 3,000 rows would take far more."""
    store = SqliteStore(path, synchronous="NORMAL")
    await store.open()
    statuses = [*[RunStatus.SUCCESS] * 18, RunStatus.FAILED, RunStatus.WAITING]
    await asyncio.gather(
        *(
            put(store, make_run(created_at=NOW + n, status=statuses[n % 20], workflow_id=f"w{n % 4}"))
            for n in range(3000)
        )
    )
    filters = [{}, *(where for where in RUN_FILTERS if set(where) != {"trigger"}), {"workflow_id": "w1"}]
    for owner in (ME, ANYONE):
        for where in filters:
            steps = await _steps(store, RunFilter(owner, **where))
            assert steps < 15_000, (owner, where, steps)
    await store.close()


async def test_figures_look_at_no_run_that_is_too_old(path: Path) -> None:
    store = SqliteStore(path, synchronous="NORMAL")
    await store.open()
    workflow = make_workflow()
    await store.workflows.create(workflow, [], saved_by=ME)
    old = [RunStatus.SUCCESS, RunStatus.FAILED, RunStatus.CANCELLED]
    await asyncio.gather(
        *(
            put(store, make_run(created_at=NOW - 3000 + n, status=old[n % 3], workflow_id=workflow.id))
            for n in range(3000)
        )
    )
    for owner in (ME, ANYONE):
        counted = store.figures.runs(owner=owner, since=NOW, until=NOW + HOUR_MS, sample=50)
        assert await _steps_of(store, counted) < 5_000
        (found,) = await store.figures.workflows(owner=owner, since=NOW, limit=5)
        assert (found.last is not None, found.runs) == (True, 0)
        assert await _steps_of(store, store.figures.workflows(owner=owner, since=NOW, limit=5)) < 5_000
    await store.close()


async def _steps(store: SqliteStore, where: RunFilter) -> int:
    """How many steps a list takes, in hundreds."""
    return await _steps_of(store, store.runs.page(where, limit=50))


async def _steps_of(store: SqliteStore, reading: Coroutine[Any, Any, Any]) -> int:
    count = 0

    def counting() -> int:
        nonlocal count
        count += 100
        return 0

    pool = store._readers
    await pool.run(lambda connection: connection.set_progress_handler(counting, 100))
    await reading
    await pool.run(lambda connection: connection.set_progress_handler(None, 0))
    return count
