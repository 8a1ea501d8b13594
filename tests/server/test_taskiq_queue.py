"""The doorbell over a real Redis: rung, heard, lost, doubled, forged."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from time import monotonic
from typing import Any

import pytest
from redis.asyncio import Redis
from taskiq import AckableMessage
from taskiq.receiver import Receiver

from server.queues import stream
from server.queues.stream import TASK, DoorbellStream
from server.queues.taskiq_queue import TaskiqQueue
from server.redis_client import check, where
from tests.server.fleet import until, until_async
from tests.servers.process import free_port
from tests.servers.valkey import Valkey

SOON_S = 30


def make_stream(url: str, prefix: str | None = None, *, concurrency: int = 10) -> DoorbellStream:
    """A stream nobody else uses."""
    return DoorbellStream(url, prefix or f"test-{secrets.token_hex(6)}", concurrency=concurrency, connections=20)


@asynccontextmanager
async def listening(broker: DoorbellStream) -> AsyncIterator[asyncio.Queue[AckableMessage]]:
    """Everything that is heard, in a queue."""
    heard: asyncio.Queue[AckableMessage] = asyncio.Queue()

    async def listen() -> None:
        async with aclosing(broker.listen()) as messages:
            async for message in messages:
                heard.put_nowait(message)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await broker.shutdown()


async def soon(heard: asyncio.Queue[AckableMessage]) -> AckableMessage:
    """The next message."""
    async with asyncio.timeout(SOON_S):
        return await heard.get()


async def length(url: str, broker: DoorbellStream) -> int:
    """How many messages the stream holds."""
    async with Redis.from_url(url) as redis:
        return int(await redis.xlen(broker.queue_name))


async def acknowledge(message: AckableMessage) -> None:
    """What taskiq does when a task is done."""
    done = message.ack()
    assert done is not None
    await done


def arguments(message: AckableMessage) -> list[Any]:
    """What a message says."""
    told: list[Any] = json.loads(message.data)["args"]
    return told


async def test_a_message_is_a_run_id_and_a_reason(redis_url: str) -> None:
    await told_and_heard(redis_url)


async def test_a_socket_of_this_machine_serves_as_well(own_redis: Valkey) -> None:
    await check(own_redis.socket_url)
    assert where(own_redis.socket_url).endswith("/socket")
    await told_and_heard(own_redis.socket_url)


async def told_and_heard(redis_url: str) -> None:
    """One message there and its answer back."""
    broker = make_stream(redis_url)
    queue = TaskiqQueue(broker)
    assert await queue.ring("run-1", "due")
    assert queue.stats() == {"degraded": False, "rung": 1, "missed": 0, "error": None}
    async with listening(broker) as heard:
        message = await soon(heard)  # although it was sent before anybody listened
        told = json.loads(message.data)
        assert (told["task_name"], told["args"], told["kwargs"], told["labels"]) == (TASK, ["run-1", "due"], {}, {})
        await acknowledge(message)
        assert await length(redis_url, broker) == 0


async def test_names_and_limits_of_the_stream(redis_url: str) -> None:
    """What keeps a Redis from filling up, and several FlowDesks in it apart."""
    broker = make_stream(redis_url, "mine", concurrency=7)
    assert (broker.queue_name, broker.consumer_group_name) == ("mine-runs", "mine-workers")
    assert (broker.consumer_id, broker.count, broker.unacknowledged_batch_size) == ("0", 7, 7)
    assert broker.maxlen is not None
    assert broker.maxlen >= 10_000
    assert broker.approximate
    assert broker.idle_timeout <= 60_000
    assert broker.unacknowledged_lock_timeout is not None
    await broker.shutdown()


async def test_ringing_without_redis_is_quick_and_then_quiet() -> None:
    """R10: whoever rings goes on at once, and Redis is left alone for a second."""
    now = 100.0
    port = free_port()
    queue = TaskiqQueue(make_stream(f"redis://127.0.0.1:{port}/"), clock=lambda: now)
    assert not await queue.ring("a", "due")
    assert queue.degraded
    error = queue.stats()["error"]
    assert str(port) in error
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.setblocking(False)
        for _ in range(1000):
            assert not await queue.ring("a", "due")
        with pytest.raises(BlockingIOError):
            listener.accept()  # nobody came
    assert queue.stats()["missed"] == 1001
    await queue.close()


async def test_ringing_goes_on_when_redis_is_back(own_redis: Valkey) -> None:
    """R10, Row 5."""
    now = 100.0
    queue = TaskiqQueue(make_stream(own_redis.url), clock=lambda: now)
    assert await queue.ring("a", "due")
    own_redis.kill()
    assert not await queue.ring("b", "due")
    own_redis.start()
    assert not await queue.ring("c", "due")
    now += 1.01
    assert await queue.ring("d", "due")
    assert not queue.degraded
    await queue.close()


async def test_a_redis_that_hangs_costs_half_a_second(own_redis: Valkey) -> None:
    """Row 5: many at once wait together, not one after another."""
    queue = TaskiqQueue(make_stream(own_redis.url))
    assert await queue.ring("a", "due")
    own_redis.pause()
    began = monotonic()
    assert await asyncio.gather(*(queue.ring(f"r{n}", "due") for n in range(50))) == [False] * 50
    assert monotonic() - began < stream.ANSWER_S - 0.5  # what Redis has otherwise; one after another: 25 s
    own_redis.resume()
    await queue.close()


async def test_listening_survives_a_flush_and_a_restart(own_redis: Valkey) -> None:
    """R10, Row 5: the group is made again, and what is rung afterwards is heard."""
    broker = make_stream(own_redis.url)
    ringing = make_stream(own_redis.url, broker.queue_name.removesuffix("-runs"))
    queue = TaskiqQueue(ringing)
    async with listening(broker) as heard:
        for name, disturb in (("first", None), ("flushed", "flush"), ("restarted", "restart")):
            if disturb == "flush":
                assert own_redis.send(b"FLUSHALL") == b"+OK\r\n"
            elif disturb == "restart":
                own_redis.kill()
                own_redis.start()
            await until_async(partial(queue.ring, name, "due"))
            message = await soon(heard)
            assert arguments(message) == [name, "due"]
            await acknowledge(message)
    await queue.close()


async def test_listening_begins_without_redis(own_redis: Valkey) -> None:
    """R10: a worker starts without Redis and hears as soon as it is there."""
    own_redis.kill()
    broker = make_stream(own_redis.url)
    async with listening(broker) as heard:
        await until(lambda: broker.standing.error is not None)
        own_redis.start()
        queue = TaskiqQueue(make_stream(own_redis.url, broker.queue_name.removesuffix("-runs")))
        assert await queue.ring("a", "due")
        assert arguments(await soon(heard)) == ["a", "due"]
        assert broker.standing.error is None
        await queue.close()


async def test_messages_of_a_strange_form(redis_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Row 6: named in the log, acknowledged, and no reason to stop."""
    broker = make_stream(redis_url)
    done: list[Any] = []

    async def drive(run_id: Any = None, reason: Any = None) -> None:
        done.append((run_id, reason))

    broker.register_task(drive, task_name=TASK)
    broker.is_worker_process = True
    forged: list[dict[Any, Any]] = [
        {b"other": b"field"},
        {b"data": b"\xff not JSON"},
        {b"data": b"[]"},
        {b"data": json.dumps({"task_id": "1", "task_name": "rm", "labels": {}, "args": [], "kwargs": {}}).encode()},
        {
            b"data": json.dumps(
                {"task_id": "1", "task_name": TASK, "labels": {}, "args": [1, 2, 3], "kwargs": {}}
            ).encode()
        },
    ]
    async with Redis.from_url(redis_url) as redis:
        for fields in forged:
            await redis.xadd(broker.queue_name, fields)
    queue = TaskiqQueue(broker)
    for _ in range(2):
        assert await queue.ring("good", "due")
    finish = asyncio.Event()
    with caplog.at_level(logging.WARNING):
        task = asyncio.create_task(Receiver(broker, max_async_tasks=5).listen(finish))
        await until(lambda: len(done) == 2)

        async def empty() -> bool:
            return await length(redis_url, broker) == 0

        await until_async(empty)
        finish.set()
        await task
    assert done == [("good", "due")] * 2
    told = caplog.text
    for text in ("a message of a strange form is left out", "Cannot parse message", 'task "rm" is not found'):
        assert text in told
    await broker.shutdown()


async def test_messages_of_a_dead_worker_come_to_another(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 2: also while nothing new is sent."""
    monkeypatch.setattr(stream, "ABANDONED_MS", 200)
    dead = make_stream(redis_url)
    queue = TaskiqQueue(make_stream(redis_url, dead.queue_name.removesuffix("-runs")))
    await queue.ring("a", "due")
    async with listening(dead) as heard:
        await soon(heard)
    async with listening(make_stream(redis_url, dead.queue_name.removesuffix("-runs"))) as heard:
        message = await soon(heard)
        assert arguments(message) == ["a", "due"]
        await acknowledge(message)
    assert await length(redis_url, dead) == 0
    await queue.close()


async def test_no_more_is_fetched_than_there_is_room_for(redis_url: str) -> None:
    broker = make_stream(redis_url, concurrency=100)
    queue = TaskiqQueue(make_stream(redis_url, broker.queue_name.removesuffix("-runs")))
    for number in range(10):
        await queue.ring(str(number), "due")
    room = 3
    broker.room = lambda: room - heard.qsize()
    async with listening(broker) as heard:
        await until(lambda: heard.qsize() == 3)
        async with Redis.from_url(redis_url) as redis:
            pending = await redis.xpending(broker.queue_name, broker.consumer_group_name)
        assert pending["pending"] == 3
        room = 10
        await until(lambda: heard.qsize() == 10)
    await queue.close()


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_listening_ends_even_when_a_cancellation_is_lost(
    redis_url: str, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row 4: redis-py sends under asyncio.wait_for, which in Python 3.11 loses one that comes as the sending ends.

    With taskiq-redis's own listening that kept workers from stopping: it was asked once and went on for ever.
    """
    monkeypatch.setattr(stream, "BLOCK_MS", 100)
    broker = make_stream(redis_url)
    left = asyncio.Event()

    async def leave() -> None:
        left.set()

    broker.left = leave
    messages = broker.listen()
    waiting = asyncio.ensure_future(anext(messages))
    reads = 0
    fresh = broker._fresh

    async def read(redis: Any, count: int) -> Any:
        nonlocal reads
        reads += 1
        if reads == 3:
            _after(turns, waiting.cancel)
        return await fresh(redis, count)

    monkeypatch.setattr(broker, "_fresh", read)
    async with asyncio.timeout(SOON_S):
        await asyncio.wait([waiting])
        await messages.aclose()
        await left.wait()
    assert waiting.cancelled()
    await broker.shutdown()


def _after(turns: int, act: Any) -> None:
    """Do it after so many turns of the loop."""
    loop = asyncio.get_running_loop()
    if turns == 0:
        act()
    else:
        loop.call_soon(_after, turns - 1, act)


async def test_workers_that_have_long_gone_are_forgotten(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = make_stream(redis_url)
    prefix = gone.queue_name.removesuffix("-runs")
    queue = TaskiqQueue(make_stream(redis_url, prefix))
    await queue.ring("a", "due")
    async with listening(gone) as heard:
        await acknowledge(await soon(heard))
    monkeypatch.setattr(stream, "FORGOTTEN_MS", -1)
    await queue.ring("b", "due")
    here = make_stream(redis_url, prefix)
    async with listening(here) as heard:
        await soon(heard)
        async with Redis.from_url(redis_url) as redis:
            names = [
                found["name"].decode() for found in await redis.xinfo_consumers(f"{prefix}-runs", f"{prefix}-workers")
            ]
    assert names == [here.consumer_name]
    await queue.close()
