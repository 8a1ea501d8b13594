"""Journals and the feed."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import Invalid, NotFound
from engine.models.event import Event, EventType
from engine.models.run import RunStatus
from engine.store import ANYONE, Commit, FeedItem, Store
from tests.contract.make import NOW, YOU, make_commit, make_run, put


async def test_events_come_back_as_they_were(store: Store) -> None:
    """Every type of event, with and without a step."""
    events = [
        Event(seq, NOW + seq, kind, None if seq % 2 else "step", None if seq % 2 else seq, {"n": seq})
        for seq, kind in enumerate(EventType, 1)
    ]
    run = make_run(seq=len(events))
    await store.runs.commit(Commit(run, events, 0))
    found = await store.runs.journal(run.id)
    assert found == events
    assert all(isinstance(event.type, EventType) for event in found)


@pytest.mark.parametrize(
    ("after", "limit", "first", "last"),
    [(0, 1000, 1, 12), (3, 1000, 4, 12), (4, 1000, 5, 12), (11, 5, 12, 12), (0, 1, 1, 3), (0, 4, 1, 7), (5, 1, 6, 7)],
)
async def test_a_journal_is_read_from_any_place(store: Store, after: int, limit: int, first: int, last: int) -> None:
    """Commits of 3, 4 and 5 events; the limit is only exceeded by what was committed together."""
    run = make_run()
    for count in (3, 4, 5):
        run = await put(store, run, count)
    events = await store.runs.journal(run.id, after=after, limit=limit)
    assert [event.seq for event in events] == list(range(first, last + 1))


async def test_a_long_journal_is_read_page_by_page(store: Store) -> None:
    run = make_run()
    for count in (1, 2, 3, 50, 1, 7, 100, 1):
        run = await put(store, run, count)
    seen: list[int] = []
    while events := await store.runs.journal(run.id, after=seen[-1] if seen else 0, limit=10):
        seen += [event.seq for event in events]
    assert seen == list(range(1, run.seq + 1))


async def test_behind_the_end_there_is_nothing(store: Store) -> None:
    run = await put(store, make_run(), 3)
    assert await store.runs.journal(run.id, after=3) == []
    assert await store.runs.journal(run.id, after=99) == []
    assert await store.runs.journal("unknown") == []


async def test_several_journals_at_once(store: Store) -> None:
    runs = [await put(store, make_run(), 1 + n % 3) for n in range(250)]
    runs[0] = await put(store, runs[0], 2)
    found = await store.runs.journals([*(run.id for run in runs), "unknown"])
    assert found.keys() == {run.id for run in runs}
    for run in runs:
        assert [event.seq for event in found[run.id]] == list(range(1, run.seq + 1))
    assert await store.runs.journals([]) == {}


async def _end(store: Store) -> str:
    items = await store.runs.feed(None, limit=10)
    assert len(items) == 1
    assert items[0].events == []
    return items[0].cursor


async def test_the_feed_starts_at_the_end(store: Store) -> None:
    start = await _end(store)
    run = make_run()
    place = await store.runs.commit(make_commit(run, 2))
    assert await _end(store) == place
    items = await store.runs.feed(start, limit=10)
    assert items == [FeedItem(place, run.id, "workflow", "user-me", await store.runs.journal(run.id))]
    assert await store.runs.feed(place, limit=10) == []


async def test_the_feed_tells_every_commit_once_and_in_order(store: Store) -> None:
    """A reader that goes on after the cursor of the last item it saw leaves nothing out."""
    start = await _end(store)
    runs = [make_run(user_id=YOU if n % 2 else "user-me", workflow_id=f"w{n}") for n in range(12)]
    places: dict[str, tuple[str, int]] = {}
    for _ in range(3):
        commits = [make_commit(run, 2) for run in runs]
        cursors = await asyncio.gather(*(store.runs.commit(commit) for commit in commits))
        runs = [commit.run for commit in commits]
        places |= {cursor: (run.id, run.seq) for cursor, run in zip(cursors, runs, strict=True)}
    seen: list[FeedItem] = []
    cursor = start
    while items := await store.runs.feed(cursor, limit=5):
        assert len(items) <= 5
        seen += items
        cursor = items[-1].cursor
    assert {item.cursor: (item.run_id, item.events[-1].seq) for item in seen} == places
    assert len(seen) == 36
    for run in runs:
        mine = [item for item in seen if item.run_id == run.id]
        assert {(item.user_id, item.workflow_id) for item in mine} == {(run.user_id, run.workflow_id)}
        assert [event.seq for item in mine for event in item.events] == [1, 2, 3, 4, 5, 6]


async def test_a_reader_that_follows_while_runs_commit_misses_nothing(store: Store) -> None:
    cursor = await _end(store)
    seen: list[tuple[str, int]] = []
    written: list[tuple[str, int]] = []

    async def write(count: int) -> None:
        run = make_run()
        for _ in range(count):
            run = await put(store, run)
            written.append((run.id, run.seq))

    writing = asyncio.gather(*(write(10) for _ in range(10)))
    while len(seen) < 100:
        for item in await store.runs.feed(cursor, limit=7):
            seen += [(item.run_id, event.seq) for event in item.events]
            cursor = item.cursor
        await asyncio.sleep(0)  # a store without input and output never lets the writers run by itself
    await writing
    assert sorted(seen) == sorted(written)


async def test_a_pruned_place_is_gone(store: Store) -> None:
    """Row 65: who was away for longer than runs are kept is told so, not given half of the truth."""
    old = await store.runs.commit(make_commit(make_run(), status=RunStatus.SUCCESS, finished_at=NOW))
    kept = await store.runs.commit(make_commit(make_run(), status=RunStatus.SUCCESS, finished_at=NOW + 10))
    last = await store.runs.commit(make_commit(make_run()))
    await store.runs.prune(finished_before=NOW + 5, limit=10)
    assert [item.cursor for item in await store.runs.feed(old, limit=10)] == [kept, last]
    await store.runs.prune(finished_before=NOW + 50, limit=10)
    with pytest.raises(NotFound):
        await store.runs.feed(old, limit=10)
    assert [item.cursor for item in await store.runs.feed(kept, limit=10)] == [last]


async def test_places_are_not_given_twice(store: Store) -> None:
    """Not even when the newest commit was removed: a reader must not take a new one for one it has seen."""
    place = await store.runs.commit(make_commit(make_run(), status=RunStatus.SUCCESS, finished_at=NOW))
    await store.runs.prune(finished_before=NOW + 5, limit=10)
    assert await _end(store) == place
    later = await store.runs.commit(make_commit(make_run()))
    assert later != place
    assert [item.cursor for item in await store.runs.feed(place, limit=10)] == [later]


async def test_a_place_in_the_future_is_not_there(store: Store) -> None:
    """After a backup was restored a reader may know places that no longer exist."""
    place = await store.runs.commit(make_commit(make_run()))
    with pytest.raises(NotFound):
        await store.runs.feed(str(int(place) + 1) if place.isdecimal() else "f" * 24, limit=10)


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "９", "1e3", "9" * 40, " 1", "null"])
async def test_what_is_no_place_is_refused(store: Store, after: str) -> None:
    with pytest.raises(Invalid):
        await store.runs.feed(after, limit=10)
    assert await store.runs.active(owner=ANYONE) == 0
