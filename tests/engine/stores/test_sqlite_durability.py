"""What was answered is on disk, whatever happens to the process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.models.run import RunRow
from engine.store import ANYONE, RunFilter
from engine.stores.sqlite.store import SqliteStore
from tests.house.tree import ROOT


def _until_killed(path: Path, callers: int, lines: int) -> dict[str, int]:
    """Run the committer, kill it after so many answers; the last answered seq of each run."""
    command = [sys.executable, "-m", "tests.engine.stores.committer", str(path), str(callers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    answered: dict[str, int] = {}
    for line in said:
        if line.endswith(b"\n"):
            run_id, seq = line.decode().split()
            answered[run_id] = int(seq)
    return answered


@pytest.mark.parametrize("callers", [1, 32])
async def test_every_answered_commit_survives_kill_9(path: Path, callers: int) -> None:
    """R1, row 1: three kills in a row on the same file; nothing answered is missing, nothing is there in part."""
    answered: dict[str, int] = {}
    for lines in (50, 400, 150):
        answered |= _until_killed(path, callers, lines)
    store = SqliteStore(path)
    await store.open()
    assert await store.check() == []
    rows: dict[str, RunRow] = {}
    cursor = None
    while True:
        page = await store.runs.page(RunFilter(ANYONE), limit=200, cursor=cursor)
        rows |= {row.id: row for row in page.items}
        cursor = page.cursor
        if cursor is None:
            break
    journals = await store.runs.journals(list(rows))
    missing = {run_id: seq for run_id, seq in answered.items() if run_id not in rows or rows[run_id].seq < seq}
    assert missing == {}
    assert len(answered) >= 600 / 3
    for row in rows.values():
        assert [event.seq for event in journals[row.id]] == list(range(1, row.seq + 1))
        jobs = await store.jobs.page(owner=ANYONE, run_id=row.id, limit=10)
        assert len(jobs.items) == row.seq / 3
    await store.close()
