"""Where buckets are kept: in this process, and over Redis together with other servers."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from engine.ids import new_id
from server.rate import Rate
from server.rates import buckets as module
from server.rates import shared
from server.rates.buckets import Bucket, Buckets, LocalBuckets
from server.rates.shared import SharedBuckets
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


async def test_paid_off_by_the_clock_of_redis(redis_url: str) -> None:
    quick = bucket("quick", Rate(2, 1))
    buckets = SharedBuckets(redis_url, new_id())
    try:
        assert await left(buckets, 3, quick) == [[1], [0], [-1]]

        async def let_in() -> bool:
            return (await buckets.spend([quick]))[0].wait_s == 0

        assert await eventually(let_in)
    finally:
        await buckets.close()


async def test_without_redis_each_server_counts_alone(own_redis: Valkey) -> None:
    """Rows 5, 10: an outage costs one short wait and no request, and is over when Redis is back, even if it forgot."""
    now = 0.0
    buckets = SharedBuckets(own_redis.url, new_id(), clock=lambda: now)
    try:
        assert await left(buckets, 2, bucket()) == [[4], [3]]
        own_redis.kill()
        begun = monotonic()
        assert await left(buckets, 6, bucket()) == [[4], [3], [2], [1], [0], [-1]]
        assert monotonic() - begun < shared.ANSWER_S + shared.LEAVE_S
        assert buckets.degraded
        own_redis.start()
        own_redis.send(b"SCRIPT FLUSH")
        now += shared.LEAVE_S
        assert await left(buckets, 1, bucket()) == [[2]]
        assert not buckets.degraded
    finally:
        await buckets.close()
