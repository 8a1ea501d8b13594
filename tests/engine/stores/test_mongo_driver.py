"""motor is past its announced end of life: one import leads away from it."""

from __future__ import annotations

import ast
import asyncio
import logging
import time
from pathlib import Path

import pymongo
import pytest
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    DocumentTooLarge,
    ExecutionTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
)

from engine.errors import Fenced, Invalid, NotFound, StoreFull, TooLarge, Unavailable
from engine.stores.mongo import driver, faults
from engine.stores.mongo.gather import Gatherer, promise
from engine.stores.mongo.link import CALL_S
from tests.contract.make import ME, NOW, make_commit, make_run, make_user, make_workflow, put
from tests.engine.stores.mongo import opened, refused_in_time
from tests.house.tree import ROOT, name_of, python_files
from tests.servers.mongod import Mongod
from tests.servers.patient import patient_store


def test_one_module_imports_motor() -> None:
    """Row 67."""
    importing = [name_of(path) for path in python_files("engine", "server", "flowdesk", "plugins") if _motor(path)]
    assert importing == ["engine/stores/mongo/driver.py"]
    (line,) = [line for line in (ROOT / importing[0]).read_text().splitlines() if line.startswith("from motor")]
    assert line.count(",") == 2


def _motor(path: Path) -> bool:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return "motor" in names


async def test_the_store_works_over_the_client_of_pymongo(
    victim_mongod: Mongod, victim_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The day motor goes, this is what stands in its place."""
    monkeypatch.setattr(driver, "Client", pymongo.AsyncMongoClient)
    async with opened(victim_url, call_s=CALL_S) as store:
        assert type(store._link.database.client).__name__ == "AsyncMongoClient"
        runs = await asyncio.gather(*(put(store, make_run(due_at=NOW)) for _ in range(100)))
        claimed = await asyncio.gather(
            *(store.runs.claim(run.id, owner="p", expected_owner=None, now=NOW) for run in runs)
        )
        assert None not in claimed
        with pytest.raises(Fenced):
            await put(store, runs[0])
        start = await store.runs.feed("0", limit=500)
        assert len(start) == 100
        await store.users.create(make_user())
        await store.workflows.create(make_workflow(), [], saved_by=ME)
        assert (await store.workflows.page(owner=ME, limit=5)).items
        assert await store.runs.repair(limit=10) == 0
        victim_mongod.pause()
        await refused_in_time(store.runs.commit(make_commit(make_run())))
        victim_mongod.resume()


async def test_a_closed_store_says_so(mongo_url: str) -> None:
    store = patient_store(mongo_url)
    for _ in range(2):
        for call in (
            store.runs.get("x", owner=ME),
            store.runs.commit(make_commit(make_run())),
            store.users.page(limit=1),
        ):
            with pytest.raises(Unavailable, match="closed"):
                await call
        assert not (await store.health()).ok
        await store.open()
        await put(store, make_run())
        await store.close()


async def test_a_busy_event_loop_lends_its_interpreter(mongo_url: str) -> None:
    """motor works in threads; a loop that never rests would let them wait, and with them every commit."""
    busy = True

    async def never_rest() -> None:
        while busy:
            until = time.perf_counter() + 0.0002
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(0)

    async with opened(mongo_url) as store:
        spinning = asyncio.create_task(never_rest())
        async with asyncio.timeout(20):
            for _ in range(20):
                await put(store, make_run())
        busy = False
        await spinning
        assert store._link._lender.lent > 10
        assert store._link._lender.waiting == 0


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            ServerSelectionTimeoutError("db:1: refused (configured timeouts: x), Timeout: 1s"),
            Unavailable,
            "db:1: refused",
        ),
        (AutoReconnect("connection closed"), faults.OutcomeUnknown, "does not answer"),
        (ExecutionTimeout("operation exceeded time limit", 50), faults.OutcomeUnknown, "does not answer"),
        (TimeoutError(), faults.OutcomeUnknown, "does not answer"),
        (OperationFailure("x", 10107, {"errmsg": "not primary"}), faults.OutcomeUnknown, "not primary"),
        (OperationFailure("x", 14031, {"errmsg": "disk"}), StoreFull, "disk is full"),
        (OperationFailure("x", 1, {"errmsg": "28: No space left on device"}), StoreFull, "disk is full"),
        (OperationFailure("x", 8000, {"errmsg": "you are over your space quota"}), StoreFull, "disk is full"),
        (OperationFailure("x", 13, {"errmsg": "not authorized"}), Unavailable, "refuses this user"),
        (DocumentTooLarge("x"), TooLarge, "larger"),
        (OverflowError("x"), Invalid, "64 bits"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "x"), Invalid, "surrogate"),
    ],
)
def test_errors_say_what_happened(error: Exception, kind: type[Exception], text: str) -> None:
    """Row 7, row 8."""
    told = faults.translated(error, "db:1")
    assert type(told) is kind
    assert text in str(told)
    assert "configured" not in str(told)


def test_mistakes_of_ours_stay_what_they_are() -> None:
    for mistake in (OperationFailure("unknown operator: $x", 2, {}), ConfigurationError("x"), KeyError("x")):
        assert faults.translated(mistake, "db:1") is mistake


class _Work:
    def __init__(self, weight: int = 1) -> None:
        self.answer: asyncio.Future[int] = promise()
        self.weight = weight


async def test_work_is_gathered_while_some_is_under_way() -> None:
    batches: list[int] = []
    go_on = asyncio.Event()

    async def act(batch: list[_Work]) -> None:
        batches.append(len(batch))
        await go_on.wait()
        for work in batch:
            work.answer.set_result(len(batch))

    gatherer: Gatherer[_Work] = Gatherer(act, most=5, heaviest=10)
    first = _Work()
    gatherer.put(first)
    await asyncio.sleep(0)
    assert batches == [1]  # at once: nobody waits for company
    later = [_Work() for _ in range(7)] + [_Work(9), _Work(99)]
    for work in later:
        gatherer.put(work)
    assert len(gatherer) == 9
    go_on.set()
    await gatherer.drain()
    assert batches == [1, 5, 2, 1, 1]
    assert [await work.answer for work in later] == [5, 5, 5, 5, 5, 2, 2, 1, 1]


async def test_an_error_reaches_everybody_it_concerns(caplog: pytest.LogCaptureFixture) -> None:
    async def act(batch: list[_Work]) -> None:
        batch[0].answer.set_result(1)
        raise Unavailable

    gatherer: Gatherer[_Work] = Gatherer(act, most=5)
    works = [_Work() for _ in range(3)]
    for work in works:
        gatherer.put(work)
    works[2].answer.cancel()
    await gatherer.drain()
    assert works[0].answer.result() == 1
    with pytest.raises(Unavailable):
        await works[1].answer
    gatherer.put(again := _Work())
    await gatherer.drain()
    assert again.answer.result() == 1
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_absence_is_asked_of_a_majority_where_primaries_are_elected(
    mongo_url: str, mongo_set_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A primary elected a moment ago may not show yet what the one before it acknowledged."""
    strict, asked = driver.asking_a_majority, []

    def asking(collection: driver.Collection) -> driver.Collection:
        asked.append(collection.name)
        return strict(collection)

    monkeypatch.setattr(driver, "asking_a_majority", asking)
    async with opened(mongo_set_url) as store:
        with pytest.raises(NotFound):
            await store.workflows.get("wf_none", owner=ME)
        assert await store.workflows.current_version("wf_none") is None
        assert await store.users.by_id("usr_none") is None
    assert asked == ["workflows", "workflows", "users"]
    async with opened(mongo_url) as store:
        with pytest.raises(NotFound):
            await store.workflows.get("wf_none", owner=ME)
    assert len(asked) == 3, "one server has nobody to ask"
