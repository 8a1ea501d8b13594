"""Redis, when there is one: reached, of one time with us, and not in danger of running full."""

from __future__ import annotations

from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any, Final

from engine.errors import Unusable
from server.doctor.findings import Finding, note, ok, problem, warning
from server.doctor.house import House
from server.doctor.timing import difference
from server.redis_client import AWAY, CHECK_S, connect, reason, recognise, where

FULL: Final = 0.9


async def check_redis(house: House) -> AsyncIterator[Finding]:
    """Everything about the Redis of REDIS_URL."""
    url = house.settings.redis_url
    if url is None:
        return
    try:
        await recognise(url)
    except Unusable as error:
        yield problem("redis", error.message, error.hint)
        return
    except AWAY as error:
        yield problem("redis", f"Redis at {where(url)} cannot be reached: {reason(error)}")
        return
    client = connect(url, answer_s=CHECK_S, connections=1)
    try:
        begun = perf_counter()
        await client.ping()
        took = (perf_counter() - begun) * 1000
        asked = house.now()
        seconds, micros = await client.time()
        answered = house.now()
        info: dict[str, Any] = await client.info()
    except AWAY as error:
        yield problem("redis", f"Redis at {where(url)} cannot be reached: {reason(error)}")
        return
    finally:
        await client.aclose()
    yield ok("redis", f"Redis {info.get('redis_version')} at {where(url)} answers in {took:.1f} ms")
    yield difference("Redis", int(seconds) * 1000 + int(micros) // 1000, asked, answered)
    for found in look_at(info):
        yield found


def look_at(info: dict[str, Any]) -> list[Finding]:
    """What Redis says of its memory and its files."""
    found = []
    limit, used = int(info.get("maxmemory", 0)), int(info.get("used_memory", 0))
    policy = info.get("maxmemory_policy", "noeviction")
    if limit and policy != "noeviction":
        found.append(warning("redis.memory", f"Redis throws keys away when it is full ({policy})"))
    if limit and used > FULL * limit:
        found.append(warning("redis.memory", f"Redis uses {used / limit:.0%} of its memory"))
    if not int(info.get("aof_enabled", 0)):
        found.append(note("redis.durability", "Redis keeps no append-only file"))
    return found
