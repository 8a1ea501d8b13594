"""The writing thread: shared flushes, faults of the storage, and fair turns in a busy process."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvloop

from engine.errors import Fenced, Invalid, NotFound, StoreBusy, StoreFull, Unavailable
from engine.models.run import RunRow, RunStatus
from engine.store import ANYONE, Blob, RunFilter
from engine.stores.sqlite.connection import Synchronous
from engine.stores.sqlite.store import SqliteStore
from tests.contract.make import NOW, make_commit, make_job, make_run, make_user, put


async def test_many_callers_share_few_flushes(store: SqliteStore) -> None:
    """The reason for the whole arrangement: a flush costs a disk access, and 640 commits need not pay 640 of them."""

    async def caller() -> None:
        for _ in range(10):
            await put(store, make_run())

    before = store.stats()
    await asyncio.gather(*(caller() for _ in range(64)))
    after = store.stats()
    assert after["commits"] - before["commits"] == 640
    assert after["batches"] - before["batches"] < 120
    assert after["waiting"] == 0


@pytest.mark.parametrize(("setting", "level"), [("FULL", 2), ("NORMAL", 1)])
async def test_the_flush_is_as_strict_as_set(path: Path, setting: Synchronous, level: int) -> None:
    """R1: FULL, the default, flushes each commit before it is answered."""
    store = SqliteStore(path) if setting == "FULL" else SqliteStore(path, synchronous=setting)
    await store.open()
    assert await store._writer.act(lambda connection: connection.execute("PRAGMA synchronous").fetchone()) == (level,)
    assert await store._writer.act(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
    await store.close()


async def test_a_single_caller_does_not_wait_for_company(store: SqliteStore) -> None:
    before = store.stats()["batches"]
    for _ in range(20):
        await put(store, make_run())
    assert store.stats()["batches"] - before == 20


async def test_a_batch_is_answered_one_by_one(store: SqliteStore) -> None:
    """Refused commits, bad values and unknown ids are in one transaction with good work; each gets its own answer."""
    run = await put(store, make_run())
    good = [make_run() for _ in range(5)]
    user = make_user()
    answers = await asyncio.gather(
        store.runs.commit(make_commit(good[0])),
        store.runs.commit(make_commit(make_run(id=run.id))),
        store.runs.commit(make_commit(good[1], jobs=[make_job(good[1])], blobs=[Blob("b", b"1")])),
        store.runs.commit(make_commit(make_run(dedupe_key="\ud800"))),
        store.runs.commit(make_commit(make_run(due_at=2**70))),
        store.users.create(user),
        store.users.update("unknown", token_version=1),
        store.runs.request_cancel("unknown", owner=ANYONE),
        store.runs.commit(make_commit(good[2])),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds == [str, Fenced, str, Invalid, Invalid, type(None), NotFound, NotFound, str]
    assert await store.runs.active(owner=ANYONE) == 4
    assert await store.users.by_id(user.id) == user
    assert (await store.runs.blob(good[1].id, "b")) == b"1"


async def test_a_commit_that_fails_half_way_leaves_nothing(store: SqliteStore) -> None:
    """The row and journal are written before the job: the job's failure takes them back."""
    run, other = make_run(), make_run()
    broken = make_commit(run, jobs=[make_job(run, step_id=None)])
    answers = await asyncio.gather(
        store.runs.commit(broken), store.runs.commit(make_commit(other)), return_exceptions=True
    )
    assert isinstance(answers[0], sqlite3.IntegrityError)
    assert isinstance(answers[1], str)
    with pytest.raises(NotFound):
        await store.runs.get(run.id, owner=ANYONE)
    assert await store.runs.journal(run.id) == []
    assert len(await store.runs.feed("0", limit=10)) == 1


async def test_two_commits_of_one_run_in_one_transaction(store: SqliteStore) -> None:
    run = make_run()
    first = make_commit(run)
    second = make_commit(first.run, status=RunStatus.SUCCESS)
    await asyncio.gather(store.runs.commit(first), store.runs.commit(second))
    assert await store.runs.get(run.id, owner=ANYONE) == second.run


async def test_a_locked_file_is_busy_and_works_afterwards(store: SqliteStore, path: Path) -> None:
    """Row 9: StoreBusy after the wait, whatever the caller does, and never another kind of error."""
    run = await put(store, make_run())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answers = await asyncio.gather(
            *(store.runs.commit(make_commit(make_run())) for _ in range(3)),
            store.runs.commit(make_commit(run, jobs=[make_job(run)])),
            store.users.create(make_user()),
            store.runs.beat("p1", until=NOW),
            store.runs.claim(run.id, owner="p1", expected_owner=None, now=NOW),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [StoreBusy] * 7
        assert (await store.runs.get(run.id, owner=ANYONE)) == run, "reading goes on"
        health = await store.health()
        assert not health.ok
        other.execute("ROLLBACK")
    assert await store.runs.active(owner=ANYONE) == 1
    await put(store, run)
    assert (await store.health()).ok


async def test_a_reader_of_another_program_blocks_nothing(store: SqliteStore, path: Path) -> None:
    await put(store, make_run())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        assert other.execute("SELECT count(*) FROM runs").fetchone() == (1,)
        await put(store, make_run(status=RunStatus.SUCCESS, finished_at=NOW))
        await store.runs.prune(finished_before=NOW + 1, limit=10)
        assert other.execute("SELECT count(*) FROM runs").fetchone() == (1,)


async def _pages(store: SqliteStore, most: int) -> None:
    await store._writer.act(lambda connection: connection.execute(f"PRAGMA max_page_count = {most}").fetchone())


async def test_a_full_file_refuses_and_works_again(store: SqliteStore) -> None:
    """Row 8: as if the disk were full; nothing of the refused commit is left, and space makes everything well."""
    run = await put(store, make_run())
    await _pages(store, 1)
    big = make_run()
    answers = await asyncio.gather(
        *(store.runs.commit(make_commit(make_run(), blobs=[Blob("b", b"x" * 3_000_000)])) for _ in range(3)),
        store.runs.commit(make_commit(big, data={"x": "y" * 3_000_000})),
        return_exceptions=True,
    )
    assert [type(answer) for answer in answers] == [StoreFull] * 4
    assert not (await _probed(store))
    assert await store.runs.active(owner=ANYONE) == 1
    await _pages(store, 1 << 30)
    await put(store, big)
    await put(store, run)
    assert (await store.health()).ok
    assert await store.check() == []


async def _probed(store: SqliteStore) -> bool:
    """Whether a commit of some size works."""
    try:
        await put(store, make_run(), data={"x": "y" * 1_000_000})
    except StoreFull:
        return False
    return True


async def _until_full(store: SqliteStore) -> AsyncIterator[RunRow]:
    """Runs that were kept before the first was refused."""
    while True:
        try:
            yield await put(store, make_run(), data={"x": "y" * 50_000})
        except StoreFull:
            return


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB where mounting is allowed, else a directory without a limit."""
    directory = tmp_path / "disk"
    directory.mkdir()
    mounted = os.getuid() == 0 and not _mount("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(directory))
    yield directory
    if mounted:
        _mount("umount", str(directory))


def _mount(*command: str) -> int:
    return subprocess.run(command, capture_output=True, timeout=30).returncode


async def test_a_full_disk_refuses_and_works_again(small_disk: Path) -> None:
    """Row 8, R1: until there is space again; what was answered before stays, what was refused is not there.

    Where nothing can be mounted the file itself is limited, which SQLite reports in the same way.
    """
    store = SqliteStore(small_disk / "data" / "flowdesk.db")
    await store.open()
    limited = not small_disk.is_mount()
    if limited:
        await _pages(store, 400)
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 1_000_000)
    kept = [run async for run in _until_full(store)]
    for _ in range(3):
        with pytest.raises(StoreFull):
            await put(store, make_run(), data={"x": "y" * 500_000})
    assert len(kept) > 3
    ballast.unlink()
    if limited:
        await _pages(store, 1 << 30)
    kept.append(await put(store, make_run(), data={"x": "y" * 50_000}))
    assert (await store.health()).ok
    await store.close()
    await store.open()
    assert await store.check() == []
    assert (await store.runs.journals([run.id for run in kept])).keys() == {run.id for run in kept}
    assert await store.runs.active(owner=ANYONE) == len(kept)
    await store.close()


async def test_work_for_a_closed_store_is_refused(store: SqliteStore) -> None:
    await store.close()
    for call in (
        store.runs.commit(make_commit(make_run())),
        store.runs.get("x", owner=ANYONE),
        store.users.create(make_user()),
    ):
        with pytest.raises(Unavailable, match="closed"):
            await call
    assert not (await store.health()).ok


async def test_a_store_can_be_opened_again(store: SqliteStore) -> None:
    run = await put(store, make_run())
    await store.close()
    await store.open()
    assert await store.runs.get(run.id, owner=ANYONE) == run
    await put(store, run)


def test_a_busy_event_loop_does_not_starve_the_store(path: Path) -> None:
    """Callbacks without a pause used to keep the writing thread from Python's interpreter for seconds.

    On uvloop, where it was worst: without the lender the slowest of these calls takes from one to twenty seconds.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(_slowest_beside_a_busy_loop(path)) < 1.0


async def _slowest_beside_a_busy_loop(path: Path) -> float:
    store = SqliteStore(path)
    await store.open()
    slowest, done = 0.0, False

    async def never_rests() -> None:
        while not done:
            end = time.perf_counter() + 0.0001
            while time.perf_counter() < end:
                pass
            await asyncio.sleep(0)

    async def caller() -> None:
        nonlocal slowest
        for _ in range(60):
            begun = time.perf_counter()
            run = await put(store, make_run())
            await store.runs.page(RunFilter(ANYONE), limit=50)
            await store.runs.get(run.id, owner=ANYONE)
            slowest = max(slowest, time.perf_counter() - begun)

    busy = asyncio.ensure_future(never_rests())
    await asyncio.gather(*(caller() for _ in range(16)))
    done = True
    await busy
    await store.close()
    return slowest


async def test_the_store_is_well_because_it_just_wrote_or_tries_to(store: SqliteStore, path: Path) -> None:
    await put(store, make_run())
    before = store.stats()["commits"]
    assert (await store.health()).ok
    assert store.stats()["commits"] == before, "a fresh commit is proof enough"
    assert {"waiting", "commits", "batches", "lastBatchMs", "lent"} <= store.stats().keys()
