"""Rate limits of requests: whose buckets a request is taken from, and what its answer says of them."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from aiohttp import web

from server.problems import TooManyRequests
from server.proxies import Proxies, network_of
from server.rate import Rate, Standing, parse_rate
from server.rates.buckets import Bucket, Buckets, Kind
from server.settings import Settings

RATES: Final[web.RequestKey[tuple[tuple[str, str], ...]]] = web.RequestKey("rates", tuple)
"""The fields `RateLimit-Policy` and `RateLimit` of the IETF's draft: what is allowed, what is left of it and when all
of it is again. Missing where no limit applies.
"""
DEFAULTS: Final[Mapping[Kind, str]] = {
    "user": "3000/min",
    "workspace": "12000/min",
    "hook": "6000/min",
    "address": "600/min",
}
"""What holds where other machines can reach the server and nothing else is set."""
AT_ONCE: Final = 10
"""Refusals of one bucket in a second that are answered at once."""
PAUSE_S: Final = 0.5
"""How late further ones are answered, half as much more or less."""
MAX_STUBBORN: Final = 10_000
MAX_GROUPS: Final = 2000
_NAMES: Final[Mapping[Kind, str]] = {
    "user": "this user or API key",
    "workspace": "this workspace",
    "hook": "this webhook",
    "trigger": "this webhook, by the rateLimit of its trigger,",
    "address": "this address",
}


class RateLimited(TooManyRequests):
    """Too many requests in too short a time."""

    code = "rate_limited"


@dataclass(slots=True, frozen=True)
class Group:
    """The buckets that one request is taken from, and what its answer says of their rates."""

    buckets: tuple[Bucket, ...]
    policies: str


class Limiter:
    """Takes requests from buckets, and refuses those for which there is nothing left."""

    def __init__(self, settings: Settings, buckets: Buckets, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates_of(settings)
        self._proxies = Proxies(settings.trusted_proxies, settings.proxy_header)
        self.buckets = buckets
        self._stubborn = Stubborn(clock)
        self._known_group = lru_cache(maxsize=MAX_GROUPS)(self._group)

    async def member(self, request: web.Request, user: str, workspace: str) -> None:
        """A request of somebody known: the user's or API key's bucket, and that of the workspace it acts in."""
        group = self._known_group("user", user, workspace)
        if group is not None:
            await self._spend(request, group)

    async def stranger(self, request: web.Request) -> None:
        """A request of nobody we know: the bucket of its address."""
        if self._rates["address"] is not None:
            group = self._group("address", network_of(self._proxies.client(request)))
            if group is not None:
                await self._spend(request, group)

    async def hook(self, request: web.Request, hook: str, workspace: str, own: Rate | None) -> None:
        """A webhook's delivery: its bucket, the one its trigger asks for, and the workspace's."""
        group = self._known_group("hook", hook, workspace, own)
        if group is not None:
            await self._spend(request, group)

    def _group(self, kind: Kind, id_: str, workspace: str = "", own: Rate | None = None) -> Group | None:
        """The buckets, of this one and of its workspace, that have a rate; `own` is one that a trigger asks for."""
        whose: tuple[tuple[Kind, str, Rate | None], ...] = (
            (kind, id_, self._rates[kind]),
            ("workspace", workspace, self._rates["workspace"]),
            ("trigger", id_, own),
        )
        buckets = [Bucket(kind, id_, rate) for kind, id_, rate in whose if id_ and rate is not None]
        return Group(tuple(buckets), policies_of(buckets)) if buckets else None

    async def _spend(self, request: web.Request, group: Group) -> None:
        buckets = group.buckets
        standings = await self.buckets.spend(buckets)
        left, refused = [], False
        for bucket, one in zip(buckets, standings, strict=True):
            left.append(f'"{bucket.kind}";r={one.remaining};t={math.ceil(one.full_s)}')
            if one.wait_s > 0:
                refused = True
        request[RATES] = ("RateLimit-Policy", group.policies), ("RateLimit", ", ".join(left))
        if refused:
            await self._refuse(buckets, standings)

    async def _refuse(self, buckets: Sequence[Bucket], standings: Sequence[Standing]) -> NoReturn:
        bucket, standing = max(zip(buckets, standings, strict=True), key=lambda pair: pair[1].wait_s)
        seconds = max(1, math.ceil(standing.wait_s))
        await asyncio.sleep(self._stubborn.pause_s((bucket.kind, bucket.id)))
        raise RateLimited(
            f"{_NAMES[bucket.kind]} may send {bucket.rate} requests, and has",
            retry_after_s=seconds,
            hint=f"wait {seconds} s, and send more slowly; the RateLimit headers say how much is left",
        )


class Stubborn:
    """Those who go on sending although they are refused: from then on their refusals come late.

    Whoever waits for an answer before the next request then costs others almost nothing, however many they are.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._refused: dict[Hashable, int] = {}
        self._since = clock()

    def pause_s(self, key: Hashable) -> float:
        """How long to let one more refusal wait."""
        now = self._clock()
        if now - self._since >= 1.0 or len(self._refused) > MAX_STUBBORN:
            self._refused.clear()
            self._since = now
        count = self._refused[key] = self._refused.get(key, 0) + 1
        # Not all at the same moment, or those who were refused together come again together.
        return 0.0 if count <= AT_ONCE else PAUSE_S * (0.5 + random.random())  # noqa: S311 - no secret


def rates_of(settings: Settings) -> dict[Kind, Rate | None]:
    """The rates these settings come to."""
    given: Mapping[Kind, str] = {
        "user": settings.rate_user,
        "workspace": settings.rate_workspace,
        "hook": settings.rate_hook,
        "address": settings.rate_address,
    }
    worked_out = {kind: "off" if settings.only_local else default for kind, default in DEFAULTS.items()}
    return {kind: parse_rate(text or worked_out[kind]) for kind, text in given.items()}


def policies_of(buckets: Sequence[Bucket]) -> str:
    """What `RateLimit-Policy` says of these."""
    return ", ".join([f'"{one.kind}";q={one.rate.limit};w={max(1, math.ceil(one.rate.window_s))}' for one in buckets])
