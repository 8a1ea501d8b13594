"""What keeps runs going: due times, claims, heartbeats, cancel requests."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from engine.errors import NotFound
from engine.models.run import FINISHED, RunStatus, WaitingFor
from engine.store import ANYONE, Held, Store
from tests.contract.make import ME, NOW, YOU, make_run, put

WAITING: dict[str, Any] = {"status": RunStatus.WAITING, "waiting_for": WaitingFor.RETRY}


async def test_resting_runs_are_due_when_their_time_has_come(store: Store) -> None:
    """R7: a retry is a row with a due time."""
    run = await put(store, make_run(due_at=NOW, **WAITING))
    assert await store.runs.due(NOW - 1, limit=10) == []
    assert await store.runs.due(NOW, limit=10) == [run]
    assert await store.runs.next_due() == NOW


async def test_a_deadline_makes_due_too(store: Store) -> None:
    run = await put(store, make_run(due_at=NOW + 100, deadline_at=NOW, **WAITING))
    other = await put(store, make_run(deadline_at=NOW + 50, **WAITING))
    assert await store.runs.due(NOW, limit=10) == [run]
    assert await store.runs.due(NOW + 50, limit=10) == [run, other]
    assert await store.runs.next_due() == NOW


async def test_a_run_due_twice_over_is_one_run(store: Store) -> None:
    run = await put(store, make_run(due_at=NOW, deadline_at=NOW - 1, **WAITING))
    await store.runs.request_cancel(run.id, owner=ANYONE)
    assert [found.id for found in await store.runs.due(NOW, limit=10)] == [run.id]


@pytest.mark.parametrize(
    "fields",
    [
        {"owner": "p1", "due_at": NOW},
        {"status": RunStatus.SUCCESS, "due_at": NOW},
        {"status": RunStatus.FAILED, "deadline_at": NOW},
        {"status": RunStatus.CANCELLED, "due_at": NOW, "cancel_requested": True},
        {"status": RunStatus.WAITING},
    ],
    ids=str,
)
async def test_held_finished_and_undated_runs_are_not_due(store: Store, fields: dict[str, Any]) -> None:
    await put(store, make_run(**fields))
    assert await store.runs.due(NOW + 1000, limit=10) == []
    assert await store.runs.next_due() is None


async def test_the_most_overdue_come_first(store: Store) -> None:
    runs = [await put(store, make_run(due_at=NOW + (n * 7) % 20, **WAITING)) for n in range(20)]
    expected = sorted(runs, key=lambda run: run.due_at or 0)
    assert await store.runs.due(NOW + 100, limit=8) == expected[:8]
    assert await store.runs.next_due() == NOW


async def test_a_commit_puts_a_run_to_rest_and_takes_it_up_again(store: Store) -> None:
    run = await put(store, make_run(owner="p1"))
    run = await put(store, run, by="p1", owner=None, due_at=NOW, **WAITING)
    assert await store.runs.due(NOW, limit=10) == [run]
    claimed = await store.runs.claim(run.id, owner="p2", expected_owner=None, now=NOW)
    assert claimed == replace(run, owner="p2")
    assert await store.runs.due(NOW, limit=10) == []
    assert await store.runs.next_due() is None
    run = await put(store, claimed, by="p2", status=RunStatus.SUCCESS, owner=None, due_at=None, waiting_for=None)
    assert await store.runs.due(NOW, limit=10) == []
    assert await store.runs.get(run.id, owner=ANYONE) == run


async def test_one_of_many_claims_wins(store: Store) -> None:
    run = await put(store, make_run(due_at=NOW, **WAITING))
    claims = [store.runs.claim(run.id, owner=f"p{n}", expected_owner=None, now=NOW) for n in range(10)]
    winners = [row for row in await asyncio.gather(*claims) if row is not None]
    assert len(winners) == 1
    assert (await store.runs.get(run.id, owner=ANYONE)).owner == winners[0].owner


async def test_what_cannot_be_claimed(store: Store) -> None:
    assert await store.runs.claim("unknown", owner="p1", expected_owner=None, now=NOW) is None
    held = await put(store, make_run(owner="p1"))
    assert await store.runs.claim(held.id, owner="p2", expected_owner=None, now=NOW) is None
    assert await store.runs.claim(held.id, owner="p2", expected_owner="p3", now=NOW) is None
    assert await store.runs.get(held.id, owner=ANYONE) == held
    for status in FINISHED:
        done = await put(store, make_run(status=status))
        assert await store.runs.claim(done.id, owner="p1", expected_owner=None, now=NOW) is None


async def test_a_claim_fences_off_the_last_owner(store: Store) -> None:
    """R11: the process that lost the run cannot write it any more."""
    run = await put(store, make_run(owner="dead"))
    claimed = await store.runs.claim(run.id, owner="heir", expected_owner="dead", now=NOW)
    assert claimed is not None
    with pytest.raises(Exception, match="moved this run on"):
        await put(store, run, by="dead")
    await put(store, claimed, by="heir")


async def test_deaths_are_counted_from_the_last_progress(store: Store) -> None:
    """R12: dying at the same place adds up, progress forgives."""
    run = await put(store, make_run(owner="p0"))
    seen = []
    for number in range(3):
        row = await store.runs.claim(
            run.id, owner=f"p{number + 1}", expected_owner=f"p{number}", now=NOW, count_death=True
        )
        assert row is not None
        seen.append((row.deaths, row.death_seq))
    assert seen == [(1, 1), (2, 1), (3, 1)]
    row = await store.runs.get(run.id, owner=ANYONE)
    row = await put(store, row, 4, by="p3")
    row2 = await store.runs.claim(run.id, owner="p4", expected_owner="p3", now=NOW, count_death=True)
    assert row2 is not None
    assert (row2.deaths, row2.death_seq) == (1, 5)
    row3 = await store.runs.claim(run.id, owner="p5", expected_owner="p4", now=NOW)
    assert row3 is not None
    assert (row3.deaths, row3.death_seq) == (1, 5)


async def test_runs_of_silent_processes_are_orphans(store: Store) -> None:
    """R9: a process that says nothing until its time is up has lost its runs."""
    alive = await put(store, make_run(owner="alive"))
    silent = await put(store, make_run(owner="silent"))
    stranger = await put(store, make_run(owner="stranger"))
    await put(store, make_run(due_at=NOW, **WAITING))
    await put(store, make_run(owner="silent", status=RunStatus.SUCCESS))
    await store.runs.beat("alive", until=NOW + 10, info={"host": "a"})
    await store.runs.beat("silent", until=NOW)
    assert {run.id for run in await store.runs.orphans(NOW, limit=10)} == {silent.id, stranger.id}
    assert {run.id for run in await store.runs.orphans(NOW - 1, limit=10)} == {stranger.id}
    assert len(await store.runs.orphans(NOW + 10, limit=2)) == 2
    await store.runs.beat("silent", until=NOW + 99)
    await store.runs.retire("alive")
    orphans = await store.runs.orphans(NOW + 50, limit=10)
    assert sorted(run.id for run in orphans) == sorted([alive.id, stranger.id])
    assert alive in orphans


async def test_what_a_process_executes(store: Store) -> None:
    mine = [await put(store, make_run(owner="p1")) for _ in range(3)]
    await put(store, make_run(owner="p2"))
    await put(store, make_run(due_at=NOW, **WAITING))
    await put(store, make_run(owner="p1", status=RunStatus.SUCCESS))
    held = await store.runs.held("p1", limit=10)
    assert (held.count, sorted(held.run_ids)) == (3, sorted(run.id for run in mine))
    some = await store.runs.held("p1", limit=2)
    assert some.count == 3
    assert len(some.run_ids) == 2
    assert set(some.run_ids) < {run.id for run in mine}
    assert await store.runs.held("unknown", limit=10) == Held(0, [])


async def test_forgetting_every_other_process(store: Store) -> None:
    mine, other = await put(store, make_run(owner="me")), await put(store, make_run(owner="other"))
    for process in ("me", "other"):
        await store.runs.beat(process, until=NOW + 1000)
    assert await store.runs.orphans(NOW, limit=10) == []
    await store.runs.retire_others("me")
    assert await store.runs.orphans(NOW, limit=10) == [other]
    await store.runs.retire("me")
    await store.runs.retire("never heard of")
    assert {run.id for run in await store.runs.orphans(NOW, limit=10)} == {mine.id, other.id}


async def test_a_cancel_request_is_kept_until_the_end(store: Store) -> None:
    """Row 28: it is not lost to a commit by the process that executes the run and knows nothing of it yet."""
    run = await put(store, make_run(owner="p1"))
    marked = await store.runs.request_cancel(run.id, owner=ME)
    assert marked == replace(run, cancel_requested=True)
    assert await store.runs.cancel_requests("p1") == [run.id]
    assert await store.runs.cancel_requests("p2") == []
    after = await put(store, run, 2, by="p1")
    assert not after.cancel_requested
    assert (await store.runs.get(run.id, owner=ANYONE)).cancel_requested
    assert await store.runs.cancel_requests("p1") == [run.id]
    await put(store, after, by="p1", status=RunStatus.CANCELLED, owner=None, finished_at=NOW)
    assert await store.runs.cancel_requests("p1") == []


async def test_a_resting_run_to_be_cancelled_is_due(store: Store) -> None:
    await put(store, make_run(due_at=NOW, **WAITING))
    run = await put(store, make_run(due_at=NOW + 9_999_999, **WAITING))
    await store.runs.request_cancel(run.id, owner=ME)
    due = await store.runs.due(NOW, limit=10)
    assert due[0] == replace(run, cancel_requested=True)
    assert len(due) == 2


async def test_a_finished_run_is_not_marked(store: Store) -> None:
    run = await put(store, make_run(status=RunStatus.SUCCESS))
    assert await store.runs.request_cancel(run.id, owner=ME) == run


async def test_cancelling_what_is_foreign_or_unknown(store: Store) -> None:
    """Row 41: no effect, and the same answer."""
    run = await put(store, make_run(owner="p1"))
    for run_id in (run.id, "unknown"):
        with pytest.raises(NotFound):
            await store.runs.request_cancel(run_id, owner=YOU)
    assert await store.runs.cancel_requests("p1") == []
