"""The connections all HTTP steps of this process share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver

from engine.sdk import Host
from plugins.http.guard import Guard

MAX_CONNECTIONS: Final = 256
MAX_CONNECTIONS_PER_HOST: Final = 64
CONNECT_TIMEOUT_S: Final = 10.0
# Shorter than the five seconds after which common servers hang up: a kept connection is rarely found dead.
KEEP_ALIVE_S: Final = 4.0
DNS_CACHE_S: Final = 10


@dataclass(slots=True, frozen=True)
class Client:
    """What `http.request` finds as `ctx.state`."""

    session: aiohttp.ClientSession
    max_response_bytes: int
    user_agent: str


@asynccontextmanager
async def open_client(host: Host, *, resolver: AbstractResolver | None = None) -> AsyncIterator[Client]:
    """The lifespan of the family. ValueError when the operator's list of open addresses holds something else."""
    guard = Guard(host.egress_allow, host.own_addresses)
    connector = aiohttp.TCPConnector(
        limit=MAX_CONNECTIONS,
        limit_per_host=MAX_CONNECTIONS_PER_HOST,
        keepalive_timeout=KEEP_ALIVE_S,
        ttl_dns_cache=DNS_CACHE_S,
        socket_factory=guard.socket_for,
        resolver=resolver,
    )
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),  # one run must not see the cookies of another
        trust_env=False,  # a proxy from the environment would connect past the guard
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),  # a step limits the whole itself
    )
    async with session:
        yield Client(session, host.max_response_bytes, host.user_agent)
