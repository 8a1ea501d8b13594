"""Everything arrives, from every kind of store in every other, however often the copy is interrupted."""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Conflict, NotFound, Unusable
from engine.models.run import RunRow, RunStatus
from engine.models.workflow import Workflow
from engine.store import ANYONE, RunFilter, Store
from engine.stores.memory import MemoryStore
from engine.stores.sqlite.migrations import TABLES
from engine.transfer import source
from engine.transfer.copying import Copy
from engine.transfer.digest import KINDS, digest
from engine.transfer.marks import RUNS, SOURCE, refuse_unfinished
from engine.transfer.target import BadSource
from tests.contract.backends import BACKENDS, Backend
from tests.contract.make import (
    ME,
    NOW,
    make_credential,
    make_entry,
    make_run,
    make_secret,
    make_user,
    make_workflow,
    make_workspace,
    put,
)
from tests.engine.transfer.full import MANY_EVENTS, fill, left

MOVED = {
    "users": "users",
    "secrets": "secrets",
    "workspaces": "workspaces",
    "workspace_members": "workspaces",
    "credentials": "credentials",
    "audit": "audit",
    "workflows": "workflows",
    "workflow_versions": "versions",
    "deleted_workflows": "versions",
    "schedules": "schedules",
    "runs": "runs",
    "journal": "events",
    "blobs": "blobs",
    "messages": "messages",
    "jobs": "jobs",
    "practice": "practice",
    "policies": "policies",
    "tallies": "counts what happens at the source; a copy begins to count anew",
    "owners": "belongs to the processes of the source",
    "marks": "belongs to the source",
}


def quiet(kind: str, count: int) -> None:
    """Somebody who does not care how far it is."""


def make_copy(origin: Store, destination: Store, name: str = "a") -> Copy:
    return Copy(origin, destination, name=name, told=quiet, clock=lambda: NOW)


async def rows(store: Store) -> dict[str, RunRow]:
    return {row.id: row for row in (await store.runs.page(RunFilter(ANYONE), limit=1000)).items}


def test_every_table_is_moved_or_stays_for_a_reason() -> None:
    """Who adds a table says here what becomes of it."""
    assert MOVED.keys() == set(TABLES)
    assert set(MOVED.values()) >= set(KINDS)


PAIRS = [(a, b) for a in BACKENDS for b in BACKENDS if a.exclusive or b.exclusive]  # MongoDB has one database here


@pytest.mark.parametrize(("out_of", "into"), PAIRS, ids=lambda backend: backend.name)
async def test_everything_arrives(out_of: Backend, into: Backend, tmp_path: Path) -> None:
    places = [tmp_path / "a", tmp_path / "b"]
    async with out_of.place(places[0])() as origin, into.place(places[1])() as destination:
        await fill(origin)
        compared = await make_copy(origin, destination).run()
        assert {row.kind: row.there for row in compared} == {
            "users": 3,
            "secrets": 3,
            "workspaces": 2,
            "credentials": 2,
            "audit": 2,
            "workflows": 2,
            "versions": 6,
            "schedules": 2,
            "practice": 2,
            "policies": 2,
            "runs": 11,
            "events": 4 + 1 + 4 + 1 + 6 + 4 + 1 + 2401,
            "blobs": 2,
            "messages": 2,
            "jobs": 2 + 3 + 2,
        }
        assert all(row.equal and row.here == row.there for row in compared)
        assert len({row.hash for row in compared}) == len(KINDS)
        before, after = await rows(origin), await rows(destination)
        assert after == {run_id: left(row) for run_id, row in before.items()}
        await refuse_unfinished(destination)


async def test_held_runs_go_on_in_the_copy_at_once() -> None:
    """R2, R3: their claims stay behind."""
    origin, destination = MemoryStore(), MemoryStore()
    await fill(origin)
    await make_copy(origin, destination).run()
    held = {row.id for row in (await rows(origin)).values() if row.owner == "dead-process"}
    due = {row.id for row in await destination.runs.due(NOW + 10, limit=100)}
    assert len(held) == 3
    assert held <= due
    assert await destination.runs.orphans(NOW, limit=10) == []
    assert await destination.upkeep.processes() == []
    (cancelled,) = [row for row in (await rows(destination)).values() if row.cancel_requested]
    assert (cancelled.id in held, cancelled.deaths, cancelled.status) == (True, 2, RunStatus.QUEUED)


async def test_keys_and_deleted_workflows_mean_the_same_in_the_copy() -> None:
    """R6."""
    origin, destination = MemoryStore(), MemoryStore()
    await fill(origin)
    await make_copy(origin, destination).run()
    keyed = [row for row in (await rows(origin)).values() if row.dedupe_key]
    assert len(keyed) == 2
    for row in keyed:
        assert await destination.runs.by_key(row.workflow_id, "hook-1") == row
    for workflow_id in {row.workflow_id for row in keyed}:
        try:
            expected: Workflow | None = await origin.workflows.get(workflow_id, owner=ANYONE)
        except NotFound:
            expected = None
            with pytest.raises(NotFound):
                await destination.workflows.get(workflow_id, owner=ANYONE)
        assert expected is None or await destination.workflows.get(workflow_id, owner=ANYONE) == expected
        assert await destination.workflows.version(workflow_id, 2, owner=ANYONE)


class Stopped(Exception):
    """The process was killed here."""


def stopping(store: Store, after: int) -> None:
    """Let this store take so many writes and no more."""
    left = [after]

    def limited(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*given: Any, **more: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise Stopped
            return await call(*given, **more)

        return counted

    for port, names in (
        (store.users, ["create", "update"]),
        (store.secrets, ["create", "delete"]),
        (store.workspaces, ["create", "delete"]),
        (store.credentials, ["create", "delete"]),
        (store.audit, ["append"]),
        (store.workflows, ["create", "save", "delete"]),
        (store.runs, ["commit"]),
        (store.upkeep, ["set_mark"]),
    ):
        for name in names:
            setattr(port, name, limited(getattr(type(port), name).__get__(port)))


async def test_a_copy_goes_on_wherever_it_was_stopped() -> None:
    """Every write of the destination is the last one once."""
    origin, destination = MemoryStore(), MemoryStore()
    await fill(origin)
    whole = MemoryStore()
    await make_copy(origin, whole).run()
    attempts = 0
    while True:
        attempts += 1
        stopping(destination, 8)
        copy = make_copy(origin, destination)
        try:
            compared = await copy.run()
        except Stopped:
            with pytest.raises(Unusable, match="unfinished copy"):
                await refuse_unfinished(destination)
            continue
        break
    assert attempts > 2
    assert copy.resumed
    assert all(row.equal for row in compared)
    assert await digest(destination, quiet) == await digest(whole, quiet)


@pytest.mark.parametrize("writes", range(1, 42))
async def test_it_may_stop_after_any_write(writes: int) -> None:
    origin, destination = MemoryStore(), MemoryStore()
    await fill(origin)
    stopping(destination, writes)
    try:
        await make_copy(origin, destination).run()
    except Stopped:
        stopping(destination, 1 << 20)
        assert all(row.equal for row in await make_copy(origin, destination).run())


async def test_runs_that_are_there_are_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going on costs little: the mark says how many runs of the list are done."""
    monkeypatch.setattr(source, "RUNS_AT_ONCE", 2)
    origin, destination = MemoryStore(), MemoryStore()
    for number in range(9):
        await put(origin, make_run(created_at=NOW + number), 1)
    stopping(destination, 3 + 3 * 3 + 2)
    with pytest.raises(Stopped):
        await make_copy(origin, destination).run()
    assert await destination.upkeep.mark(RUNS) == 6
    asked: list[str] = []
    jobs_page = origin.jobs.page

    async def page(**given: Any) -> Any:
        asked.append(given["run_id"])
        return await jobs_page(**given)

    stopping(destination, 1 << 20)
    monkeypatch.setattr(origin.jobs, "page", page)
    assert all(row.equal for row in await make_copy(origin, destination).run())
    assert len({run_id for run_id in asked if run_id is not None}) == 3


async def test_a_source_that_has_worked_meanwhile_is_read_again() -> None:
    origin, destination = MemoryStore(), MemoryStore()
    await fill(origin)
    stopping(destination, 20)
    with pytest.raises(Stopped):
        await make_copy(origin, destination).run()
    resting = next(row for row in (await rows(origin)).values() if row.due_at == NOW + 60_000)
    await put(origin, resting, 3, status=RunStatus.SUCCESS, due_at=None, waiting_for=None, finished_at=NOW)
    await put(origin, make_run(created_at=NOW - 5), 1)
    await origin.users.create(make_user())
    stopping(destination, 1 << 20)
    assert all(row.equal for row in await make_copy(origin, destination).run())


async def test_only_an_empty_destination_is_filled() -> None:
    for kind in ("user", "secret", "workspace", "credential", "audit", "workflow", "run"):
        destination = MemoryStore()
        if kind == "user":
            await destination.users.create(make_user())
        elif kind == "secret":
            await destination.secrets.create(make_secret())
        elif kind == "workspace":
            await destination.workspaces.create(make_workspace())
        elif kind == "credential":
            await destination.credentials.create(make_credential())
        elif kind == "audit":
            await destination.audit.append(make_entry())
        elif kind == "workflow":
            await destination.workflows.create(make_workflow(), [], saved_by=ME)
        else:
            await put(destination, make_run(), 1)
        before = await digest(destination, quiet)
        with pytest.raises(Conflict, match="not empty"):
            await make_copy(MemoryStore(), destination).run()
        assert await digest(destination, quiet) == before


async def test_a_finished_copy_is_left_alone_and_another_source_is_refused() -> None:
    origin, destination, started = MemoryStore(), MemoryStore(), MemoryStore()
    await fill(origin)
    await make_copy(origin, destination).run()
    with pytest.raises(Conflict, match="finished copy"):
        await make_copy(origin, destination).run()
    stopping(started, 5)
    with pytest.raises(Stopped):
        await make_copy(origin, started).run()
    stopping(started, 1 << 20)
    with pytest.raises(Conflict, match="another source"):
        await make_copy(MemoryStore(), started, name="b").run()


async def test_an_empty_source_is_fine() -> None:
    compared = await make_copy(MemoryStore(), MemoryStore()).run()
    assert all(row.equal and row.there == 0 for row in compared)


async def test_a_source_in_use_by_others_is_refused() -> None:
    class Shared(MemoryStore):
        exclusive = False

    origin = Shared()
    await origin.runs.beat("somebody", until=NOW + 1)
    destination = MemoryStore()
    with pytest.raises(Conflict, match="in use by somebody"):
        await make_copy(origin, destination).run()
    assert await destination.upkeep.mark(SOURCE) is None
    await origin.runs.beat("somebody", until=NOW)
    await make_copy(origin, destination).run()


async def test_what_differs_is_found_and_keeps_servers_away(tmp_path: Path) -> None:
    """One changed character anywhere."""
    changes = {
        "users": "UPDATE users SET password_hash = password_hash || '.' WHERE token_version = 7",
        "workspaces": "UPDATE workspaces SET name = name || '.' WHERE revision = 2",
        "credentials": "UPDATE credentials SET digest = digest || '.' WHERE id = (SELECT min(id) FROM credentials)",
        # No entry can be changed, but one could be smuggled in.
        "audit": "INSERT INTO audit SELECT 'z' || id, at, workspace_id, user_id, action, target, before, after,"
        " credential_id, address, request_id FROM audit WHERE target = 'kept'",
        "secrets": "UPDATE secrets SET sealed = sealed || '=' WHERE name = 'B'",
        "workflows": "UPDATE workflows SET doc = replace(doc, 'Version 3', 'Version 4')",
        "versions": "UPDATE workflow_versions SET saved_by = 'x' WHERE version = 2",
        "schedules": "UPDATE schedules SET next_at = next_at + 1",
        "runs": "UPDATE runs SET payload_hash = 'i' WHERE payload_hash = 'h'",
        "events": "UPDATE journal SET events = replace(events, 'é', 'e')",
        "blobs": "UPDATE blobs SET data = x'00'",
        "policies": "UPDATE policies SET value = replace(value, '7', '8')",
        "practice": "UPDATE practice SET at = at + 1 WHERE kind = 'pin'",
        "messages": "UPDATE messages SET body = replace(body, 'go', 'no')",
        "jobs": "UPDATE jobs SET attempt = attempt + 1 WHERE status = 'FAILED'",
    }
    sqlite = next(backend for backend in BACKENDS if backend.name == "sqlite")
    origin = MemoryStore()
    await fill(origin)
    async with sqlite.place(tmp_path)() as destination:
        copy = make_copy(origin, destination)
        assert all(row.equal for row in await copy.run())
        for kind, sql in changes.items():
            with closing(sqlite3.connect(tmp_path / "flowdesk.db")) as connection, connection:
                assert connection.execute(sql).rowcount > 0, kind
            different = {row.kind for row in await copy.compare() if not row.equal}
            assert kind in different
    assert MANY_EVENTS > source.EVENTS_AT_ONCE


async def test_a_journal_with_a_hole_is_told(tmp_path: Path) -> None:
    sqlite = next(backend for backend in BACKENDS if backend.name == "sqlite")
    async with sqlite.place(tmp_path)() as origin:
        run = await put(origin, make_run(), 1)
        for _ in range(3):
            run = await put(origin, run, 1)
        for hole, said in ((4, "ends at 3"), (2, "has no event 2")):
            with closing(sqlite3.connect(tmp_path / "flowdesk.db")) as connection, connection:
                connection.execute("DELETE FROM journal WHERE seq = ?", (hole,))
            destination = MemoryStore()
            with pytest.raises(BadSource, match=said):
                await make_copy(origin, destination).run()
            with pytest.raises(Unusable):
                await refuse_unfinished(destination)


async def test_another_run_with_the_same_key_is_told() -> None:
    origin, destination = MemoryStore(), MemoryStore()
    run = make_run(dedupe_key="k")
    await put(origin, run, 1)
    stopping(destination, 3)
    with pytest.raises(Stopped):
        await make_copy(origin, destination).run()
    stopping(destination, 1 << 20)
    await put(destination, replace(make_run(dedupe_key="k")), 1)
    with pytest.raises(Conflict, match="idempotency key"):
        await make_copy(origin, destination).run()
