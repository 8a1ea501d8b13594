"""MongoDB killed, paused and away: what was answered stays, nobody waits for long, and it recovers by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from engine.errors import Fenced, Unavailable
from engine.models.run import RunRow, RunStatus
from engine.store import ANYONE, Commit, RunFilter
from engine.stores.mongo.entries import entry_doc, new_tag
from engine.stores.mongo.journal import MORE_S
from engine.stores.mongo.link import CALL_S
from engine.stores.mongo.store import MongoStore
from tests.contract.make import ME, NOW, make_commit, make_run, make_user, make_workflow, put
from tests.engine.stores.mongo import LIMIT_S, behind, opened, paused_at_the_insert, refused_in_time, settled
from tests.engine.world import eventually
from tests.servers.mongod import Mongod


@pytest.fixture
async def store(victim_url: str) -> AsyncIterator[MongoStore]:
    """An open store there."""
    async with opened(victim_url, call_s=CALL_S) as store:
        yield store


async def _until_it_works(call: Callable[[], Awaitable[object]], within_s: float = 10) -> None:
    async with asyncio.timeout(within_s):
        while True:
            try:
                await call()
            except Unavailable:
                await asyncio.sleep(0.02)
            else:
                return


async def test_every_acknowledged_commit_outlives_the_server(victim_mongod: Mongod, store: MongoStore) -> None:
    """R1: whatever the moment mongod is killed at."""
    acknowledged: dict[str, int] = {}
    killed = asyncio.Event()

    async def live() -> None:
        while not killed.is_set():
            run = make_run()
            try:
                for _ in range(3):
                    run = await put(store, run)
                    acknowledged[run.id] = run.seq
            except Unavailable:
                await asyncio.sleep(0.01)

    callers = [asyncio.create_task(live()) for _ in range(30)]
    for _ in range(2):
        enough = len(acknowledged) + 200

        async def busy(enough: int = enough) -> bool:
            return len(acknowledged) >= enough

        await eventually(busy)
        await asyncio.to_thread(victim_mongod.kill)
        await asyncio.to_thread(victim_mongod.start)
    killed.set()
    await asyncio.gather(*callers)
    await _until_it_works(lambda: put(store, make_run()))
    await store.runs.repair(limit=10_000)
    journals = await store.runs.journals(list(acknowledged))
    for run_id, seq in acknowledged.items():
        assert [event.seq for event in journals[run_id]][:seq] == list(range(1, seq + 1))
        assert (await store.runs.get(run_id, owner=ME)).seq == len(journals[run_id])


async def test_a_paused_server_is_noticed_in_time(victim_mongod: Mongod, store: MongoStore) -> None:
    """Row 7: every kind of call is refused within two seconds, however many there are."""
    assert CALL_S + MORE_S < LIMIT_S
    run = await put(store, make_run())
    victim_mongod.pause()
    calls: list[Awaitable[object]] = [
        store.runs.commit(make_commit(run)),
        store.runs.commit(make_commit(make_run())),
        store.runs.claim(run.id, owner="p", expected_owner=None, now=NOW),
        store.runs.get(run.id, owner=ANYONE),
        store.runs.page(RunFilter(ANYONE), limit=10),
        store.runs.journal(run.id),
        store.runs.journals([run.id]),
        store.runs.blob(run.id, "1.output"),
        store.runs.feed(None, limit=1),
        store.runs.beat("p", until=NOW),
        store.runs.repair(limit=5),
        store.jobs.get("x", owner=ANYONE),
        store.users.create(make_user()),
        store.workflows.create(make_workflow(), [], saved_by=ME),
        store.schedules.due(NOW, limit=5),
    ]
    calls += [store.runs.commit(make_commit(make_run())) for _ in range(300)]
    errors = await asyncio.gather(*(refused_in_time(call) for call in calls))
    assert all("MongoDB at 127.0.0.1" in str(error) for error in errors)
    assert all(error.retry_after_s for error in errors)
    assert not (await store.health()).ok

    begun = time.monotonic()
    await refused_in_time(store.runs.get(run.id, owner=ANYONE))
    assert time.monotonic() - begun < CALL_S - 0.1  # it is known to be away: nobody waits for the whole time again
    victim_mongod.resume()
    await _until_it_works(lambda: put(store, make_run()))
    assert (await store.health()).ok


async def test_a_server_that_comes_back_is_used_again(victim_mongod: Mongod, store: MongoStore) -> None:
    """Row 7: without a restart of ours."""
    run = await put(store, make_run(), 2)
    victim_mongod.stop()
    error = await refused_in_time(put(store, run))
    assert f"127.0.0.1:{victim_mongod.port}" in str(error)
    await asyncio.to_thread(victim_mongod.start)
    await _until_it_works(lambda: store.runs.get(run.id, owner=ME), within_s=5)
    run = await put(store, run)
    assert len(await store.runs.journal(run.id)) == 3


async def test_a_commit_without_an_answer_is_not_done_twice(victim_mongod: Mongod, store: MongoStore) -> None:
    """R11: the engine tries the same commit again, with more events by then, and each is there once."""
    runs = [await put(store, make_run(owner="p")) for _ in range(20)]
    first = [make_commit(run, 2, by="p") for run in runs]
    with paused_at_the_insert(store, victim_mongod):
        await asyncio.gather(*(refused_in_time(store.runs.commit(commit)) for commit in first))
    for number, (run, commit) in enumerate(zip(runs, first, strict=True)):
        again = commit if number % 2 else make_commit(run, 5, by="p", status=RunStatus.WAITING)
        await _until_it_works(lambda again=again: store.runs.commit(again))  # type: ignore[misc]
        row = await store.runs.get(run.id, owner=ME)
        assert row == again.run
        assert [event.seq for event in await store.runs.journal(run.id)] == list(range(1, row.seq + 1))


async def test_a_run_without_an_answer_does_not_wait_for_ever(victim_mongod: Mongod, store: MongoStore) -> None:
    """R2: whether or not a refused run has landed, no process is believed to hold it."""
    runs = [make_run(owner="p", dedupe_key=f"key {number}") for number in range(40)]
    with paused_at_the_insert(store, victim_mongod):
        await asyncio.gather(*(refused_in_time(store.runs.commit(make_commit(run))) for run in runs))
    await settled(store)
    await store.runs.repair(limit=1000)
    await store.runs.beat("p", until=NOW + 1000)
    assert await store.runs.orphans(NOW, limit=10) == []
    landed = [row for run in runs if (row := await store.runs.by_key("workflow", run.dedupe_key or "")) is not None]
    for row in landed:
        assert (row.owner, row.due_at is not None) == (None, True)
        assert await store.runs.claim(row.id, owner="p", expected_owner=None, now=NOW) is not None
    for run in runs:  # who sends it again gets the run that landed, or makes it now
        again: RunRow = make_run(dedupe_key=run.dedupe_key)
        try:
            await store.runs.commit(make_commit(again))
        except Fenced:
            known = await store.runs.by_key("workflow", run.dedupe_key or "")
            assert known is not None
            assert known.id == run.id


async def test_a_claim_without_an_answer_is_given_back(victim_mongod: Mongod, store: MongoStore) -> None:
    """R2: the process that was told no does not hold the run."""
    runs = [await put(store, make_run(due_at=NOW)) for _ in range(10)]
    with paused_at_the_insert(store, victim_mongod):
        await asyncio.gather(
            *(refused_in_time(store.runs.claim(run.id, owner="p", expected_owner=None, now=NOW)) for run in runs)
        )
    await settled(store)
    await store.runs.repair(limit=1000)
    assert sorted(row.id for row in await store.runs.due(NOW, limit=20)) == sorted(run.id for run in runs)
    for run in runs:
        assert await store.runs.claim(run.id, owner="q", expected_owner=None, now=NOW) is not None


async def test_the_place_of_a_run_that_did_not_land_is_taken(store: MongoStore, victim_url: str) -> None:
    """It cannot land late; the same id, as a tick of a schedule has it, is free all the same (R8)."""
    entry = make_commit(make_run(id="tick", owner="p"))
    store._mending.settle(entry_doc(entry.run, 0, new_tag(), "[]", first=True))
    await settled(store)
    database = behind(victim_url)
    with database.client:
        (void,) = database["journal"].find({"runId": "tick"})
        assert void["void"] is True
    assert (await store.runs.page(RunFilter(ANYONE), limit=5)).items == []
    await store.runs.commit(entry)
    assert (await store.runs.get("tick", owner=ME)).owner == "p"
    await store.runs.commit(Commit(entry.run, [], 1, "p"))


async def test_two_processes_and_a_zombie(victim_url: str, store: MongoStore) -> None:
    """R11: a process stopped past its lease knows nothing of the claim, and its commit is refused all the same."""
    run = await put(store, make_run(owner="zombie"), 3)
    async with opened(victim_url, call_s=CALL_S) as heir:
        claimed = await heir.runs.claim(run.id, owner="heir", expected_owner="zombie", now=NOW)
        assert claimed is not None
        with pytest.raises(Fenced):
            await put(store, run, 2, by="zombie")
        with pytest.raises(Fenced):
            await store.runs.commit(Commit(run, [], run.seq, "zombie"))
        after = await put(heir, claimed, 1, by="heir")
        with pytest.raises(Fenced):
            await put(store, run, 1, by="zombie")
        assert await store.runs.get(run.id, owner=ME) == after
        assert [event.seq for event in await store.runs.journal(run.id)] == [1, 2, 3, 4]


async def test_of_a_claim_and_a_commit_at_the_same_moment_one_wins(victim_url: str, store: MongoStore) -> None:
    """R3: either the claimer sees the step's result, or the result was never accepted."""
    async with opened(victim_url, call_s=CALL_S) as heir:
        for _ in range(30):
            run = await put(store, make_run(owner="old"))
            commit, claim = await asyncio.gather(
                put(store, run, by="old"),
                heir.runs.claim(run.id, owner="heir", expected_owner="old", now=NOW),
                return_exceptions=True,
            )
            assert isinstance(claim, RunRow)
            assert len(await heir.runs.journal(run.id)) == claim.seq
            assert isinstance(commit, Fenced) if claim.seq == run.seq else isinstance(commit, RunRow)
