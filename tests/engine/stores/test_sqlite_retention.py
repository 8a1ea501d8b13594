"""Row 65: a file that was large does not stay large."""

from __future__ import annotations

import asyncio
from pathlib import Path

from engine.models.run import RunStatus
from engine.store import Blob
from engine.stores.sqlite.store import SqliteStore
from tests.contract.make import NOW, make_run, put


async def _fill(store: SqliteStore, count: int, finished_at: int) -> None:
    await asyncio.gather(
        *(
            put(
                store,
                make_run(status=RunStatus.SUCCESS, created_at=finished_at, finished_at=finished_at),
                20,
                data={"text": "x" * 300},
                blobs=[Blob("b", b"z" * 20_000)],
            )
            for _ in range(count)
        )
    )


def _sizes(path: Path) -> tuple[int, int]:
    return path.stat().st_size, path.with_name(path.name + "-wal").stat().st_size


async def test_the_file_shrinks_when_runs_are_removed(store: SqliteStore, path: Path) -> None:
    """Row 65: by what the runs took, on the disk, without closing the store."""
    await _fill(store, 20, NOW + 10)
    await store.runs.prune(finished_before=NOW, limit=10)
    small = sum(_sizes(path))
    await _fill(store, 400, NOW)
    large = sum(_sizes(path))
    assert large > small + 10_000_000
    pruned = await store.runs.prune(finished_before=NOW + 5, limit=1000)
    file, log = _sizes(path)
    assert pruned.runs == 400
    assert log == 0
    assert file < small * 1.5
    assert pruned.bytes_freed > 8_000_000
    assert await store.check() == []


async def test_commits_go_on_while_runs_are_removed(store: SqliteStore) -> None:
    """It works in portions, so callers in between wait for one of them at most."""
    await _fill(store, 400, NOW)
    before = store.stats()["batches"]
    pruning = asyncio.ensure_future(store.runs.prune(finished_before=NOW + 5, limit=1000))
    count = 0
    while not pruning.done():
        await put(store, make_run())
        count += 1
    assert (await pruning).runs == 400
    assert count > 3
    assert store.stats()["batches"] - before > 8


async def test_free_pages_of_other_removals_are_given_back_too(store: SqliteStore) -> None:
    await _fill(store, 100, NOW)
    assert await store.runs.delete_for_workflow("workflow", limit=100) == 100
    pruned = await store.runs.prune(finished_before=0, limit=10)
    assert pruned.runs == 0
    assert pruned.bytes_freed > 1_000_000
