"""Live events between processes: over a real Redis, and without one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from time import monotonic

import pytest
from redis.asyncio import Redis

from engine.events import Gap, Subscription
from engine.models.event import Event, EventType
from engine.models.run import RunRow
from engine.store import ANYONE, FeedItem
from engine.stores.memory import MemoryStore
from server.buses import channel, wire
from server.buses.shared import SharedBus
from tests.contract.make import ME, YOU, make_commit, make_run
from tests.server.fleet import new_prefix, until
from tests.servers.process import free_port
from tests.servers.valkey import Valkey


class Process:
    """What one process does to runs: commit, then publish."""

    def __init__(self, store: MemoryStore, bus: SharedBus) -> None:
        self.store = store
        self.bus = bus

    async def commit(self, run: RunRow, count: int = 1) -> RunRow:
        """So many events more."""
        commit = make_commit(run, count)
        cursor = await self.store.runs.commit(commit)
        self.bus.publish(FeedItem(cursor, run.id, run.workflow_id, run.user_id, list(commit.events)))
        return commit.run


@asynccontextmanager
async def process(store: MemoryStore, url: str | None = None, prefix: str = "none") -> AsyncIterator[Process]:
    """One of several over a store."""
    bus = SharedBus(store.runs, redis_url=url, prefix=prefix)
    bus.start()
    try:
        yield Process(store, bus)
    finally:
        await bus.stop()


async def connected(one: Process, subscription: Subscription) -> None:
    """Wait until this process hears the others; the gap it is told of then is taken away."""
    link = one.bus.channel
    assert link is not None
    await until(lambda: link.connected)
    assert await subscription.batch(5) == [Gap()]


async def heard(subscription: Subscription, count: int) -> list[int | Gap]:
    """The seqs of the next events, as many as that; a gap ends it."""
    found: list[int | Gap] = []
    async with asyncio.timeout(10):
        while len(found) < count and Gap() not in found:
            for item in await subscription.batch(5):
                found += [item] if isinstance(item, Gap) else [event.seq for event in item.events]
    return found


async def test_what_one_process_commits_another_hears(redis_url: str) -> None:
    store, prefix = MemoryStore(), new_prefix()
    async with process(store, redis_url, prefix) as here, process(store, redis_url, prefix) as there:
        run = make_run()
        with (
            here.bus.subscribe(owner=ME, run_id=run.id) as mine,
            here.bus.subscribe(owner=YOU, run_id=run.id) as theirs,
        ):
            await connected(here, mine)
            assert await theirs.batch(1) == [Gap()]
            for _ in range(300):
                run = await there.commit(run, 2)
            assert await heard(mine, 600) == list(range(1, 601))
            assert await theirs.batch(0.05) == []
            run = await here.commit(run)
            assert await heard(mine, 1) == [601]
            assert await mine.batch(0.3) == []  # what comes back from Redis was ours
        assert here.bus.channel is not None
        assert here.bus.stats() == {"degraded": False, "told": 1, "dropped": 0, "error": None}


async def test_who_does_not_listen_is_not_connected(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker tells much and hears nothing."""
    monkeypatch.setattr(channel, "LINGER_S", 0.1)
    monkeypatch.setattr(channel, "LOOK_S", 0.05)
    async with process(MemoryStore(), redis_url, new_prefix()) as one:
        link = one.bus.channel
        assert link is not None
        await one.commit(make_run())
        assert not link.connected
        with one.bus.subscribe(owner=ANYONE, run_id="x") as subscription:
            await connected(one, subscription)
            assert one.bus.look_s > 1
        await until(lambda: not link.connected)


async def test_a_restart_of_redis_leaves_a_gap_and_nothing_worse(own_redis: Valkey) -> None:
    """R10, Row 5: who follows a run reads what was lost, and hears on."""
    store, prefix, run = MemoryStore(), new_prefix(), make_run()
    async with process(store, own_redis.url, prefix) as here, process(store, own_redis.url, prefix) as there:
        with here.bus.subscribe(owner=ME, run_id=run.id) as mine:
            await connected(here, mine)
            run = await there.commit(run)
            assert await heard(mine, 1) == [1]
            own_redis.kill()
            began = monotonic()
            for _ in range(1000):
                run = await there.commit(run)
            assert monotonic() - began < 20
            await until(lambda: there.bus.degraded and here.bus.degraded)
            assert here.bus.look_s == 1
            own_redis.start()
            assert await heard(mine, 1) == [Gap()]
            await until(lambda: not (there.bus.degraded or here.bus.degraded))
            while await mine.batch(0.5):
                pass
            run = await there.commit(run)
            assert await heard(mine, 1) == [1002]
        assert there.bus.stats()["dropped"] > 0


async def test_others_are_told_that_something_was_lost_even_if_nothing_follows(own_redis: Valkey) -> None:
    """The last event of a run must not stay unheard because its message was."""
    store, prefix, run = MemoryStore(), new_prefix(), make_run()
    async with process(store, own_redis.url, prefix) as here, process(store, own_redis.url, prefix) as there:
        with here.bus.subscribe(owner=ME, run_id=run.id) as mine:
            await connected(here, mine)
            own_redis.pause()
            await there.commit(run)
            await until(lambda: there.bus.stats()["dropped"] == 1)
            own_redis.resume()
            # The message may have arrived after all, since it was only the answer that did not come.
            assert Gap() in await heard(mine, 2)


async def test_too_much_at_once_is_dropped_and_told(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST_WAITING", 10)
    store, prefix, run = MemoryStore(), new_prefix(), make_run()
    async with process(store, redis_url, prefix) as here, process(store, redis_url, prefix) as there:
        with here.bus.subscribe(owner=ME, run_id=run.id) as mine:
            await connected(here, mine)
            for _ in range(25):
                run = await there.commit(run)
            assert (await heard(mine, 25))[0] == Gap()
            assert there.bus.stats()["dropped"] == 20


@pytest.mark.parametrize("garbage", [b"", b"\xff", b"[]", b'[1,"x",false,[["c","r"]]]', b'[2,"x",false,[]]', b"null"])
async def test_what_strangers_say_does_no_harm(
    redis_url: str, garbage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Row 6: also the messages of another version during an upgrade; streams read the journal then."""
    store, prefix, run = MemoryStore(), new_prefix(), make_run()
    async with process(store, redis_url, prefix) as here, process(store, redis_url, prefix) as there:
        with here.bus.subscribe(owner=ME, run_id=run.id) as mine:
            await connected(here, mine)
            with caplog.at_level(logging.WARNING):
                async with Redis.from_url(redis_url) as redis:
                    await redis.publish(f"{prefix}-events", garbage)
                assert await heard(mine, 1) == [Gap()]
            assert "not a message of ours" in caplog.text
            await there.commit(run)
            assert await heard(mine, 1) == [1]


@pytest.mark.parametrize("with_redis", [True, False])
async def test_who_follows_many_runs_gets_the_feed(redis_url: str, with_redis: bool) -> None:
    """In its order, each commit once, also those that no message came for."""
    store, prefix = MemoryStore(), new_prefix()
    url = redis_url if with_redis else None
    async with process(store, url, prefix) as here, process(store, url, prefix) as there:
        await there.commit(make_run())
        with here.bus.subscribe(owner=ME) as mine, here.bus.subscribe(owner=ANYONE, workflow_id="other") as narrow:
            assert await mine.batch(5) == [Gap()]
            assert await narrow.batch(5) == [Gap()]
            runs = [make_run(workflow_id="other" if n % 3 == 0 else "workflow") for n in range(30)]
            for n, run in enumerate(runs):
                runs[n] = await (here if n % 2 else there).commit(run)
            await there.commit(make_run(user_id=YOU))
            await store.runs.commit(make_commit(runs[0]))  # nobody tells of it
            items: list[FeedItem | Gap] = []
            async with asyncio.timeout(10):
                while len(items) < 31:
                    items += await mine.batch(5)
            found = [(item.run_id, item.events[0].seq) for item in items if isinstance(item, FeedItem)]
            assert found == [*((run.id, 1) for run in runs), (runs[0].id, 2)]
            cursors = [int(item.cursor) for item in items if isinstance(item, FeedItem)]
            assert cursors == sorted(cursors)
            few = [item for item in await narrow.batch(5) if isinstance(item, FeedItem)]
            assert {item.workflow_id for item in few} == {"other"}
            assert len(few) >= 10


async def test_without_redis_the_feed_comes_within_a_second() -> None:
    store = MemoryStore()
    async with process(store) as here, process(store) as there:
        assert here.bus.look_s == 1
        with here.bus.subscribe(owner=ME) as mine:
            assert await mine.batch(5) == [Gap()]
            began = monotonic()
            await there.commit(make_run())
            assert await heard(mine, 1) == [1]
            assert monotonic() - began < 5
        assert here.bus.stats() == {"degraded": False, "error": None}


async def test_a_process_starts_without_redis_and_hears_when_it_comes(own_redis: Valkey) -> None:
    """R10."""
    own_redis.kill()
    store, prefix, run = MemoryStore(), new_prefix(), make_run()
    async with process(store, own_redis.url, prefix) as here, process(store, own_redis.url, prefix) as there:
        with here.bus.subscribe(owner=ME, run_id=run.id) as mine:
            await until(lambda: here.bus.degraded)
            own_redis.start()
            await connected(here, mine)
            await there.commit(run)
            assert await heard(mine, 1) == [1]


async def test_stopping_without_redis_is_quick() -> None:
    """Row 4."""
    store = MemoryStore()
    began = monotonic()
    async with process(store, f"redis://127.0.0.1:{free_port()}/", new_prefix()) as here:
        with here.bus.subscribe(owner=ME, run_id="x"):
            await here.commit(make_run())
            await until(lambda: here.bus.degraded)
    assert monotonic() - began < channel.LINGER_S - 1  # nothing is waited out


def test_nothing_is_lost_in_writing() -> None:
    data = {"text": "Grüße \u0000 😀", "deep": [{"a": [1, 2.5, None, True]}], "big": 1 << 62}
    events = [
        Event(7, 1_795_425_120_000, EventType.STEP_SUCCEEDED, "a", 2, data),
        Event(8, 1_795_425_120_001, EventType.RUN_SUCCEEDED, None, None, {}),
    ]
    item = FeedItem("12", "run", "workflow", "user", events)
    items = [item, replace(item, cursor="13", events=[])]
    parcel = wire.unpack(wire.pack("me", True, map(wire.pack_item, items)))
    assert parcel == wire.Parcel("me", True, items)
    assert wire.unpack(wire.pack("me", False, [])) == wire.Parcel("me", False, [])
