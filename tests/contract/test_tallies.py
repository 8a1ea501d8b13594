"""Small values that several processes count together, and runs that wait for their turn."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from engine.models.run import RunStatus, WaitingFor
from engine.store import Store, Tally
from tests.contract.make import ME, NOW, YOU, make_run, put

HELD: dict[str, Any] = {"status": RunStatus.QUEUED, "waiting_for": WaitingFor.LIMIT}


async def test_a_tally_is_compared_and_set(store: Store) -> None:
    assert await store.tallies.get("k") is None
    assert not await store.tallies.put(Tally("k", ["a"]), expected="never was")
    assert await store.tallies.put(Tally("k", ["a"], expires_at=NOW), expected=None)
    assert not await store.tallies.put(Tally("k", ["b"]), expected=None)
    known = await store.tallies.get("k")
    assert known is not None
    assert (known.value, known.expires_at) == (["a"], NOW)
    assert await store.tallies.put(Tally("k", {"§": 1.5}), expected=known.tag)
    assert not await store.tallies.put(Tally("k", ["late"]), expected=known.tag)
    after = await store.tallies.get("k")
    assert after is not None
    assert (after.value, after.expires_at) == ({"§": 1.5}, None)
    assert after.tag != known.tag


async def test_of_many_at_once_one_wins(store: Store) -> None:
    puts = [store.tallies.put(Tally("k", n), expected=None) for n in range(20)]
    assert sum(await asyncio.gather(*puts)) == 1


async def test_what_has_expired_is_forgotten(store: Store) -> None:
    for number in range(5):
        await store.tallies.put(Tally(f"k{number}", number, expires_at=NOW + number), expected=None)
    await store.tallies.put(Tally("lasting", 1), expected=None)
    assert await store.tallies.prune(before=NOW + 3, limit=2) == 2
    assert await store.tallies.prune(before=NOW + 3, limit=10) == 1
    assert [await store.tallies.get(key) is None for key in ("k2", "k3", "lasting")] == [True, False, False]


async def test_runs_that_wait_for_their_turn_are_found_oldest_first(store: Store) -> None:
    runs = [await put(store, make_run(limit_key="k", created_at=NOW + (n * 3) % 7, **HELD)) for n in range(7)]
    other = await put(store, make_run(limit_key="other", **HELD))
    for fields in (
        {"due_at": NOW, **HELD},
        {**HELD, "owner": "p1"},
        {"status": RunStatus.QUEUED},
        {"status": RunStatus.CANCELLED, "waiting_for": WaitingFor.LIMIT},
    ):
        await put(store, make_run(limit_key="k", **fields))
    expected = sorted(runs, key=lambda run: run.created_at)
    assert await store.runs.held_back("k", limit=10) == expected
    assert await store.runs.held_back("k", limit=2) == expected[:2]
    assert await store.runs.held_back("other", limit=2) == [other]
    assert sorted(await store.runs.held_keys(limit=10)) == ["k", "other"]
    assert len(await store.runs.held_keys(limit=1)) == 1
    claimed = await store.runs.claim(other.id, owner="p1", expected_owner=None, now=NOW)
    assert claimed is not None
    assert await store.runs.held_keys(limit=10) == ["k"]
    held = replace(claimed, owner=None)
    await put(store, held, 0, by="p1")
    assert await store.runs.held_back("other", limit=2) == [replace(other, limit_key="other")]


async def test_owners_take_turns_when_more_is_due_than_fits(store: Store) -> None:
    """Row 66."""
    waiting: dict[str, Any] = {"status": RunStatus.WAITING, "waiting_for": WaitingFor.RETRY}
    for number in range(30):
        await put(store, make_run(user_id=ME, due_at=NOW - 1000 + number, **waiting))
    yours = [await put(store, make_run(user_id=YOU, due_at=NOW - n, **waiting)) for n in range(2)]
    await put(store, make_run(user_id="third", due_at=NOW + 1, **waiting))
    due = await store.runs.due(NOW, limit=10)
    assert len(due) == 10
    assert {run.id for run in yours} <= {run.id for run in due}
    assert {run.user_id for run in due} == {ME, YOU}
    mine = [run.due_at for run in due if run.user_id == ME]
    assert mine == sorted(mine, key=lambda at: at or 0)
    assert len(await store.runs.due(NOW, limit=100)) == 32
