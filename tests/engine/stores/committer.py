"""Commits runs as fast as it can and says so after each answer; made to be killed.

    python -m tests.engine.stores.committer DATABASE CALLERS

Prints `ready`, then one line `<run id> <seq>` for each commit that was answered.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from engine.models.run import RunStatus
from engine.store import Store
from engine.stores.sqlite.store import SqliteStore
from tests.contract.make import make_commit, make_job, make_run


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())  # one system call per line: nothing waits in a buffer when the kill comes


async def _caller(store: Store) -> None:
    while True:
        run = make_run(owner="committer")
        for changes in ({}, {"due_at": 5}, {"status": RunStatus.SUCCESS, "owner": None}):
            commit = make_commit(run, 3, by=run.owner, jobs=[make_job(run)], data={"text": "x" * 200}, **changes)
            await store.runs.commit(commit)
            run = commit.run
            _say(f"{run.id} {run.seq}")


async def _main() -> None:
    store = SqliteStore(Path(sys.argv[1]))
    await store.open()
    _say("ready")
    await asyncio.gather(*(_caller(store) for _ in range(int(sys.argv[2]))))


if __name__ == "__main__":
    asyncio.run(_main())
