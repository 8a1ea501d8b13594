"""The feed counts without gaps: what is missing is waited for, and what never comes leaves a hole."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Fenced
from engine.models.run import RunStatus
from engine.store import Blob
from engine.stores.mongo.entries import Entry
from engine.stores.mongo.store import MongoStore
from tests.contract.make import NOW, make_commit, make_events, make_run, put
from tests.engine.stores.mongo import behind, opened
from tests.engine.world import eventually


async def _end(store: MongoStore) -> str:
    return (await store.runs.feed(None, limit=1))[0].cursor


async def test_a_reader_waits_for_an_entry_on_its_way(mongo_url: str) -> None:
    """Of two processes the slower one has the lower number: a reader must not run ahead of it."""
    async with opened(mongo_url) as slow, opened(mongo_url) as fast, opened(mongo_url) as reader:
        start = await _end(reader)
        go_on = asyncio.Event()
        really = slow._journal._try

        async def hold(entries: list[Entry], empty: list[int]) -> list[Entry]:
            await go_on.wait()
            return await really(entries, empty)

        slow._journal._try = hold  # type: ignore[method-assign]
        late = make_run()
        committing = asyncio.create_task(slow.runs.commit(make_commit(late)))
        await eventually(lambda: _reserved(mongo_url, 1))
        soon = await put(fast, make_run())
        reading = asyncio.create_task(reader.runs.feed(start, limit=10))
        done, _ = await asyncio.wait([reading], timeout=0.1)
        assert not done
        go_on.set()
        place = await committing
        assert [(item.run_id, item.cursor) for item in await reading] == [(late.id, place), (soon.id, "2")]


async def test_what_never_comes_becomes_a_hole(mongo_url: str) -> None:
    """A process that died with a number in its hand holds nobody up, and if it lives it gets another number."""
    async with opened(mongo_url) as slow, opened(mongo_url) as fast:
        start = await _end(fast)
        go_on = asyncio.Event()
        really = slow._journal._try

        async def hold(entries: list[Entry], empty: list[int]) -> list[Entry]:
            await go_on.wait()
            return await really(entries, empty)

        slow._journal._try = hold  # type: ignore[method-assign]
        late = make_run()
        committing = asyncio.create_task(slow.runs.commit(make_commit(late)))
        await eventually(lambda: _reserved(mongo_url, 1))
        soon = await put(fast, make_run())
        first = await fast.runs.feed(start, limit=10)
        assert [item.run_id for item in first] == [soon.id]
        go_on.set()
        assert await committing == "3"
        assert [item.run_id for item in await fast.runs.feed(first[-1].cursor, limit=10)] == [late.id]


async def _reserved(url: str, count: int) -> bool:
    def read() -> bool:
        database = behind(url)
        with database.client:
            marks = database["meta"].find_one({"_id": "places"})
        return marks is not None and marks["last"] >= count

    return await asyncio.to_thread(read)


async def test_refused_commits_leave_no_gap(mongo_url: str) -> None:
    async with opened(mongo_url) as store:
        start = await _end(store)
        run = await put(store, make_run())
        rivals = [store.runs.commit(make_commit(run, 1, data={"by": number})) for number in range(20)]
        answers = await asyncio.gather(*rivals, return_exceptions=True)
        assert sum(isinstance(answer, Fenced) for answer in answers) == 19
        last = await put(store, make_run())
        items = await store.runs.feed(start, limit=50)
        assert [item.run_id for item in items] == [run.id, run.id, last.id]
        assert await _end(store) == items[-1].cursor


async def test_holes_go_with_the_runs_around_them(mongo_url: str) -> None:
    async with opened(mongo_url) as store:
        run = await put(store, make_run(status=RunStatus.FAILED, finished_at=NOW))
        with pytest.raises(Fenced):
            await put(store, make_run(id=run.id))
        await put(store, make_run(status=RunStatus.FAILED, finished_at=NOW))
        assert (await store.runs.prune(finished_before=NOW + 1, limit=10)).runs == 2
        database = behind(mongo_url)
        with database.client:
            left = list(database["journal"].find())
            # What keeps the runs from being opened again, and the hole, are too new to go yet.
            assert [entry["void"] for entry in left] == [True] * len(left)
        await put(store, make_run(status=RunStatus.SUCCESS, finished_at=NOW))
        assert (await store.runs.prune(finished_before=NOW + 1, limit=10)).runs == 1
        database = behind(mongo_url)
        with database.client:
            assert database["journal"].count_documents({}) == 0, list(database["journal"].find())
            assert database["runs"].count_documents({}) == 0


async def test_a_run_opened_again_while_it_is_pruned_is_kept_or_refused(mongo_url: str) -> None:
    """Either the retry comes first and the run stays, or the pruning does and the retry is told so."""
    async with opened(mongo_url) as store, opened(mongo_url) as other:
        for _ in range(15):
            run = await put(store, make_run(status=RunStatus.FAILED, finished_at=NOW))
            opening = put(other, run, status=RunStatus.QUEUED, finished_at=None, owner="p")
            answers = await asyncio.gather(
                opening, store.runs.prune(finished_before=NOW + 1, limit=10), return_exceptions=True
            )
            journal = await store.runs.journal(run.id)
            if isinstance(answers[0], Fenced):
                assert journal == []
            else:
                assert not isinstance(answers[0], BaseException), answers[0]
                assert [event.seq for event in journal] == [1, 2]


async def test_events_too_large_for_an_entry_are_kept_apart(mongo_url: str) -> None:
    """A commit of many large steps is one commit all the same; MongoDB's documents end at 16 MB."""
    async with opened(mongo_url) as store:
        start = await _end(store)
        run = make_run()
        commit = make_commit(run, 400, data={"text": "ü" * 30_000})
        place = await store.runs.commit(commit)
        assert await store.runs.journal(run.id, limit=5) == commit.events
        (item,) = await store.runs.feed(start, limit=5)
        assert (item.cursor, item.events) == (place, commit.events)
        assert (await store.runs.journals([run.id]))[run.id] == commit.events
        after = await put(store, commit.run, 2)
        assert await store.runs.journal(run.id, after=400) == make_events(400, 2)
        big = bytes(range(256)) * 80_000
        await put(store, after, blobs=[Blob("big", big)])
        assert await store.runs.blob(run.id, "big") == big
