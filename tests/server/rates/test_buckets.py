"""Where buckets are kept: in this process, and over Redis together with other servers."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest

from engine.ids import new_id
from server.compose import compose
from server.rate import Rate
from server.rates import buckets as module
from server.rates import shared
from server.rates.buckets import Bucket, Buckets, LocalBuckets
from server.rates.shared import SharedBuckets
from server.settings import Settings
from tests.server.live import eventually
from tests.servers.valkey import Valkey

FIVE = Rate(5, 86_400)
"""Nothing is paid off while a test runs."""


def bucket(name: str = "me", rate: Rate = FIVE) -> Bucket:
    return Bucket("user", name, rate)


async def left(buckets: Buckets, times: int, *wanted: Bucket) -> list[list[int]]:
    return [[one.remaining if not one.wait_s else -1 for one in await buckets.spend(wanted)] for _ in range(times)]


async def expect_the_arithmetic(buckets: Buckets) -> None:
    wide = Bucket("workspace", "w", Rate(7, 86_400))
    assert await left(buckets, 6, bucket()) == [[4], [3], [2], [1], [0], [-1]]
    assert await left(buckets, 3, bucket("you"), wide) == [[4, 6], [3, 5], [2, 4]]
    assert await left(buckets, 2, bucket(), wide) == [[-1, 3], [-1, 3]], "what one refuses costs the other nothing"
    assert await left(buckets, 1, wide) == [[3]]
    refused = (await buckets.spend([bucket()]))[0]
    assert refused.wait_s == pytest.approx(86_400 / 5, abs=60)
    assert refused.full_s == pytest.approx(86_400, abs=60)


async def test_in_this_process() -> None:
    await expect_the_arithmetic(LocalBuckets())


async def test_many_addresses_push_out_only_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 20: memory is bounded, and a flood of addresses forgives no user."""
    monkeypatch.setattr(module, "MAX_BUCKETS", 10)
    buckets = LocalBuckets()
    await left(buckets, 5, bucket())
    for number in range(50):
        await buckets.spend([Bucket("address", str(number), FIVE)])
    assert len(buckets._paid["address"]) == 10
    assert await left(buckets, 1, bucket()) == [[-1]]


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Redis may take its time on a busy machine."""
    monkeypatch.setattr(shared, "ANSWER_S", 10.0)


@pytest.mark.usefixtures("patient")
async def test_several_servers_count_together(redis_url: str) -> None:
    """Row 20: the script does the same arithmetic, and lets in no more than one server would, at one moment neither."""
    prefix = new_id()
    one, other = SharedBuckets(redis_url, prefix), SharedBuckets(redis_url, prefix)
    try:
        await expect_the_arithmetic(one)
        assert await left(other, 1, bucket()) == [[-1]]
        together = Rate(10, 86_400)
        at_once = [server.spend([bucket("us", together)]) for _ in range(15) for server in (one, other)]
        answers = await asyncio.gather(*at_once)
        assert sum(not standing.wait_s for (standing,) in answers) == 10
        assert not one.degraded
        keys = await one._client.keys(f"{prefix}-*")
        assert len(keys) == 4
        assert all([0 < await one._client.pttl(key) <= 86_400_002 for key in keys]), "nothing is left behind"
    finally:
        await one.close()
        await other.close()


@pytest.mark.usefixtures("patient")
async def test_paid_off_by_the_clock_of_redis(redis_url: str) -> None:
    quick = bucket("quick", Rate(2, 1))
    buckets = SharedBuckets(redis_url, new_id())
    try:

        async def refused() -> bool:
            return (await buckets.spend([quick]))[0].wait_s > 0

        async def let_in() -> bool:
            return (await buckets.spend([quick]))[0].wait_s == 0

        assert await eventually(refused)
        assert await eventually(let_in)
    finally:
        await buckets.close()


@pytest.mark.usefixtures("patient")
async def test_without_redis_each_server_counts_alone(own_redis: Valkey) -> None:
    """Rows 5, 10: an outage costs no request, and is over when Redis is back, even if it forgot the script."""
    now = 0.0
    buckets = SharedBuckets(own_redis.url, new_id(), clock=lambda: now)
    try:
        assert await left(buckets, 2, bucket()) == [[4], [3]]
        own_redis.kill()
        assert await left(buckets, 6, bucket()) == [[4], [3], [2], [1], [0], [-1]]
        assert buckets.degraded
        own_redis.start()
        own_redis.send(b"SCRIPT FLUSH")
        now += shared.LEAVE_S
        assert await left(buckets, 1, bucket()) == [[2]]
        assert not buckets.degraded
    finally:
        await buckets.close()


async def test_a_redis_that_hangs_costs_one_short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 5: it is asked once and then left alone for a while, however many requests come."""
    monkeypatch.setattr(shared, "ANSWER_S", 0.05)
    asked: list[asyncio.StreamWriter] = []

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        buckets = SharedBuckets(f"redis://127.0.0.1:{port}/0", new_id(), clock=lambda: 0.0)
        assert await left(buckets, 6, bucket()) == [[4], [3], [2], [1], [0], [-1]]
        assert buckets.degraded
        assert len(asked) == 1
        await buckets.close()
        for writer in asked:
            writer.close()


@pytest.mark.parametrize("redis", [False, True])
async def test_where_a_server_counts_follows_from_its_settings(redis: bool, tmp_path: Path) -> None:
    """Row 20: with Redis all servers share what is left; nothing is connected before the first request."""
    shared_by = {"mongo_url": "mongodb://127.0.0.1:1/x", "redis_url": "redis://127.0.0.1:1/0"} if redis else {}
    parts = compose(Settings(data_dir=tmp_path, jwt_secret=secrets.token_urlsafe(48), **shared_by))
    buckets = parts.limiter.buckets
    assert isinstance(buckets, SharedBuckets if redis else LocalBuckets)
    await buckets.close()
    parts.passwords.close()
