"""What runs have yet to hear, and how one run makes another look."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.errors import Conflict, NotFound
from engine.models.run import Call, Message, RunRow, RunStatus, WaitingFor
from engine.store import ANYONE, MAX_MESSAGES, RunFilter, Store
from tests.contract.make import ME, NOW, YOU, make_run, put

WAITING: dict[str, Any] = {"status": RunStatus.WAITING, "waiting_for": WaitingFor.SIGNAL}


def _message(run: RunRow, number: int = 1, **body: Any) -> Message:
    return Message(f"m{number}", run.id, NOW + number, "signal", {"name": "go", **body})


async def test_a_message_is_kept_until_a_commit_has_heard_it(store: Store) -> None:
    run = await put(store, make_run(owner="p1"))
    first, second = _message(run, 1, nested={"a.b": [1, "ü"]}), _message(run, 2)
    for message in (first, second):
        assert await store.runs.post(message, owner=ME) == replace(run, poked=True)
    assert await store.runs.inbox(run.id) == [first, second]
    assert await store.runs.inbox(run.id) == [first, second]
    run = await put(store, run, by="p1", heard=["m1", "never heard of"])
    assert await store.runs.inbox(run.id) == [second]
    await put(store, run, by="p1", heard=["m2"], owner=None, status=RunStatus.SUCCESS, finished_at=NOW)
    assert await store.runs.inbox(run.id) == []


async def test_the_same_message_twice_is_one(store: Store) -> None:
    run = await put(store, make_run())
    other = await put(store, make_run())
    for message in (_message(run), _message(run, said="later"), _message(other)):
        await store.runs.post(message, owner=ANYONE)
    assert await store.runs.inbox(run.id) == [_message(run)]
    assert await store.runs.inbox(other.id) == [_message(other)]


async def test_a_poke_is_seen_by_who_executes_the_run_and_taken_back_by_reading(store: Store) -> None:
    run = await put(store, make_run(owner="p1"))
    await store.runs.post(_message(run), owner=ME)
    assert await store.runs.pokes("p1") == [run.id]
    assert await store.runs.pokes("p2") == []
    run = await put(store, run, by="p1")
    assert (await store.runs.get(run.id, owner=ME)).poked, "a commit that knows nothing of it leaves it"
    await store.runs.inbox(run.id)
    assert await store.runs.pokes("p1") == []
    assert not (await store.runs.get(run.id, owner=ME)).poked


async def test_a_resting_run_that_was_poked_is_due(store: Store) -> None:
    await put(store, make_run(due_at=NOW, **WAITING))
    run = await put(store, make_run(**WAITING))
    await store.runs.post(_message(run), owner=ME)
    due = await store.runs.due(NOW, limit=10)
    assert due[0] == replace(run, poked=True)
    assert len(due) == 2
    await store.runs.request_cancel(run.id, owner=ME)
    assert [found.id for found in await store.runs.due(NOW, limit=10)].count(run.id) == 1
    await store.runs.inbox(run.id)
    claimed = await store.runs.claim(run.id, owner="p1", expected_owner=None, now=NOW)
    assert claimed is not None
    assert not claimed.poked


async def test_a_finished_run_hears_nothing(store: Store) -> None:
    run = await put(store, make_run(status=RunStatus.SUCCESS, finished_at=NOW))
    assert await store.runs.post(_message(run), owner=ME) == run
    assert await store.runs.inbox(run.id) == []


async def test_messages_reach_only_ones_own_runs(store: Store) -> None:
    """Row 41."""
    run = await put(store, make_run())
    for message, owner in ((_message(run), YOU), (replace(_message(run), run_id="unknown"), ME)):
        with pytest.raises(NotFound):
            await store.runs.post(message, owner=owner)
    assert await store.runs.inbox(run.id) == []
    assert await store.runs.inbox("unknown") == []


async def test_an_inbox_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("memory_runs", "sqlite.inbox", "mongo.inbox", "batch"):
        monkeypatch.setattr(f"engine.stores.{module}.MAX_MESSAGES", 3)
    run = await put(store, make_run())
    for number in range(3):
        await store.runs.post(_message(run, number), owner=ME)
    with pytest.raises(Conflict) as refused:
        await store.runs.post(_message(run, 3), owner=ME)
    assert refused.value.code == "inbox_full"
    assert len(await store.runs.inbox(run.id)) == 3
    assert MAX_MESSAGES == 1000


async def test_a_commit_pokes_other_runs_that_are_unfinished(store: Store) -> None:
    caller = await put(store, make_run(**WAITING))
    over = await put(store, make_run(status=RunStatus.FAILED, finished_at=NOW))
    run = await put(store, make_run(owner="p1", caller_run_id=caller.id, call=Call("each", 7, "each", 2)))
    await put(
        store,
        run,
        by="p1",
        owner=None,
        status=RunStatus.SUCCESS,
        finished_at=NOW,
        pokes=[caller.id, over.id, "unknown"],
    )
    assert (await store.runs.get(caller.id, owner=ME)).poked
    assert await store.runs.get(over.id, owner=ME) == over


async def test_a_call_is_remembered_for_good(store: Store) -> None:
    run = await put(store, make_run(owner="p1", caller_run_id="caller", call=Call("each", 7, "each", 2)))
    await put(store, make_run())
    after = await put(store, run, by="p1", owner=None, caller_run_id=None, call=None)
    found = await store.runs.get(run.id, owner=ME)
    assert (found.caller_run_id, found.call) == ("caller", Call("each", 7, "each", 2))
    assert after.seq == found.seq
    page = await store.runs.page(RunFilter(ME, caller_run_id="caller"), limit=10)
    assert page.items == [found]


async def test_messages_go_with_their_run(store: Store) -> None:
    run = await put(store, make_run())
    await store.runs.post(_message(run), owner=ME)
    await put(store, run, status=RunStatus.SUCCESS, finished_at=NOW)
    assert (await store.runs.prune(finished_before=NOW + 1, limit=10)).runs == 1
    assert await store.runs.inbox(run.id) == []
