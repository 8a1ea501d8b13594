"""Buckets in Redis, so that many servers count together; in this process while Redis is away.

One script does the whole arithmetic of one request by the clock of Redis, so nothing can come between reading and
writing, and servers need not agree on the time. It is what `LocalBuckets` does, in Lua; a test compares the two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from server.rate import Standing
from server.rates.buckets import Bucket, LocalBuckets
from server.redis_client import AWAY, connect
from server.redis_client import Standing as Works

ANSWER_S: Final = 0.25
"""How long a request waits for Redis before it is counted here."""
LEAVE_S: Final = 2.0
"""How long Redis is left alone after it has failed: an outage must not cost every request the wait."""
CONNECTIONS: Final = 128

SCRIPT: Final = """\
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local answers, after, refused = {}, {}, false
for i, key in ipairs(KEYS) do
  local limit, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local share = window / limit
  local start = math.min(math.max(tonumber(redis.call('GET', key) or now), now), now + window)
  local paid = start + share
  local owed = paid - now
  if owed > window + 1 then
    refused = true
    answers[i] = {0, math.ceil(start - now), math.ceil(owed - window)}
  else
    answers[i] = {math.max(0, math.floor((window - owed) / share + 0.000001)), math.ceil(owed), 0}
    after[i] = paid
  end
end
if not refused then
  for i, key in ipairs(KEYS) do
    redis.call('SET', key, string.format('%.0f', after[i]), 'PX', math.ceil((after[i] - now) / 1000) + 1)
  end
end
return answers
"""
"""KEYS are the buckets, ARGV their limits and windows in microseconds; answers (remaining, owed, wait) for each."""


class SharedBuckets:
    """Buckets that all servers with the same Redis and prefix share."""

    def __init__(self, url: str, prefix: str, *, clock: Callable[[], float] = monotonic) -> None:
        self._prefix = f"{prefix}-rate"
        self._client: Redis = connect(url, answer_s=ANSWER_S, connections=CONNECTIONS)
        self._script = ""
        self._local = LocalBuckets(clock)
        self._clock = clock
        self._away_until = 0.0
        self._busy = 0
        self._works = Works("rate limits are counted by each server alone")

    @property
    def degraded(self) -> bool:
        """Whether each server counts alone now."""
        return not self._works.ok

    async def spend(self, buckets: Sequence[Bucket]) -> list[Standing]:
        """Take one request there, or here while Redis does not answer or is asked too much."""
        if self._clock() < self._away_until or self._busy >= CONNECTIONS:
            return await self._local.spend(buckets)
        self._busy += 1
        try:
            async with asyncio.timeout(ANSWER_S):
                answers = await self._ask(buckets)
        except AWAY as error:
            self._away_until = self._clock() + LEAVE_S
            self._works.failed(error)
            return await self._local.spend(buckets)
        finally:
            self._busy -= 1
        self._works.worked()
        return [Standing(int(left), owed / 1e6, wait / 1e6) for left, owed, wait in answers]

    async def _ask(self, buckets: Sequence[Bucket]) -> Any:
        keys = [f"{self._prefix}-{bucket.kind}-{bucket.id}" for bucket in buckets]
        argv = [n for bucket in buckets for n in (bucket.rate.limit, round(bucket.rate.window_s * 1e6))]
        if not self._script:
            self._script = await self._client.script_load(SCRIPT)
        try:
            return await self._client.evalsha(self._script, len(keys), *keys, *argv)
        except NoScriptError:  # Redis was restarted or flushed
            return await self._client.eval(SCRIPT, len(keys), *keys, *argv)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
