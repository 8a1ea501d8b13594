"""What docs/storage.md tells people to look at is there."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from engine.models.event import Event, EventType
from engine.models.run import RunStatus
from engine.store import Commit
from engine.stores.sqlite.migrations import TABLES
from engine.stores.sqlite.store import SqliteStore
from tests.contract.make import make_run
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "storage.md").read_text(encoding="utf-8")


def test_every_table_is_explained() -> None:
    named = {
        name
        for row in re.findall(r"^\| (`[a-z_`, ]+) \| (?:each|work|numb)", PAGE, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    assert named == set(TABLES)


async def test_the_example_query_works_beside_a_running_server(store: SqliteStore, path: Path) -> None:
    """Another program may read at any time."""
    future = 4_000_000_000_000
    run = make_run(seq=1, status=RunStatus.FAILED, created_at=future)
    failed = Event(1, future, EventType.STEP_FAILED, "mail", 1, {"error": {"code": "smtp", "message": "no route"}})
    await store.runs.commit(Commit(run, [failed], 0))
    query = re.search(r"SELECT runs\.id.*?;", PAGE, re.DOTALL)
    assert query is not None
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    assert connection.execute(query[0]).fetchall() == [(run.id, "mail", "no route")]
    connection.close()


async def test_a_copy_made_while_the_store_works_is_whole(store: SqliteStore, path: Path, tmp_path: Path) -> None:
    run = make_run(seq=1)
    await store.runs.commit(Commit(run, [Event(1, 1, EventType.STEP_LOG)], 0))
    copy = tmp_path / "copy.db"
    connection = sqlite3.connect(path)
    connection.execute("VACUUM INTO ?", (str(copy),))
    connection.close()
    other = SqliteStore(copy)
    await other.open()
    assert await other.check() == []
    assert len(await other.runs.journal(run.id)) == 1
    await other.close()
