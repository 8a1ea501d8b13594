"""Commits per second of the store alone: no HTTP, no steps, every commit a whole small run."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Final

import uvloop

from bench.plan import Plan
from bench.report import Cell, Report
from engine.clock import now_ms
from engine.ids import new_id, new_workflow_id
from engine.models.event import Event, EventType
from engine.models.run import RunRow, RunStatus, TriggerKind
from engine.models.workflow import Step, Workflow
from engine.store import Commit, Store
from engine.stores.sqlite.store import SqliteStore

COLUMNS = ("callers", "commits/s", "p50 ms", "p99 ms")
_CALLERS: Final = (1, 16, 64)
_USER: Final = "bench"


def measure(report: Report, plan: Plan) -> None:
    """One table for the SQLite store with `synchronous=FULL`."""
    with tempfile.TemporaryDirectory() as directory:
        rows = uvloop.run(_measure(Path(directory), plan))
    report.section("Store: durable commits of a new run with eight events", COLUMNS, rows)


async def _measure(directory: Path, plan: Plan) -> list[list[Cell]]:
    store = SqliteStore(directory / "commits.db", synchronous="FULL")
    await store.open()
    try:
        workflow = await _workflow(store)
        return [await _callers(store, workflow.id, count, plan.seconds) for count in _CALLERS]
    finally:
        await store.close()


async def _workflow(store: Store) -> Workflow:
    workflow = Workflow(
        id=new_workflow_id(),
        owner_id=_USER,
        version=1,
        created_at=now_ms(),
        updated_at=now_ms(),
        name="bench",
        steps=[Step(id="a", ref="data.set")],
    )
    await store.workflows.create(workflow, [], saved_by=_USER)
    return workflow


async def _callers(store: Store, workflow_id: str, count: int, seconds: float) -> list[Cell]:
    """So many tasks, each committing the next run when the last is on disk."""
    latencies: list[float] = []
    begun = time.perf_counter()
    end = begun + seconds

    async def caller() -> None:
        while (start := time.perf_counter()) < end:
            await store.runs.commit(_run(workflow_id))
            latencies.append(time.perf_counter() - start)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(count):
            tasks.create_task(caller())
    took = time.perf_counter() - begun
    latencies.sort()
    p50, p99 = (latencies[int(len(latencies) * share)] * 1000 for share in (0.5, 0.99))
    return [count, len(latencies) / took, p50, p99]


def _run(workflow_id: str) -> Commit:
    at = now_ms()
    kinds = [
        (EventType.RUN_STARTED, None),
        *((kind, step) for step in "abc" for kind in (EventType.STEP_STARTED, EventType.STEP_SUCCEEDED)),
        (EventType.RUN_SUCCEEDED, None),
    ]
    events = [
        Event(seq, at, kind, step, 1 if step else None, {"output": {"greeting": "Hello Ali"}} if step else {})
        for seq, (kind, step) in enumerate(kinds, 1)
    ]
    run = RunRow(
        id=new_id(at),
        workflow_id=workflow_id,
        workflow_version=1,
        user_id=_USER,
        status=RunStatus.SUCCESS,
        seq=len(events),
        trigger=TriggerKind.WEBHOOK,
        created_at=at,
        started_at=at,
        finished_at=at,
    )
    return Commit(run, events, expected_seq=0)
