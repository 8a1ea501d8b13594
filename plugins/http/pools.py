"""Connections kept for HTTP steps: a pool for each workspace, so that none ever uses what another one has opened.

A connection that a workspace left half read, or a server that mixes up whom it answers, can only harm that workspace.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from engine.sdk import Egress, Host
from plugins.http.guard import NAMED, Guard, NotListed

MAX_POOLS: Final = 64
"""Pools that nobody uses at the moment are closed beyond this, the one that rested longest first."""
MAX_CONNECTIONS: Final = 256
"""Connections of one workspace at once; what is too much waits."""
MAX_CONNECTIONS_PER_HOST: Final = 64
CONNECT_TIMEOUT_S: Final = 10.0
# Shorter than the five seconds after which common servers hang up: a kept connection is rarely found dead.
KEEP_ALIVE_S: Final = 4.0
DNS_CACHE_S: Final = 10


class Pool:
    """The connections of one workspace, made under the lists it had then."""

    def __init__(self, host: Host, egress: Egress, resolver: AbstractResolver | None) -> None:
        """ValueError when the operator's list of open addresses holds something else."""
        guard = Guard(host.egress_allow, host.own_addresses, egress)
        connector = aiohttp.TCPConnector(
            limit=MAX_CONNECTIONS,
            limit_per_host=MAX_CONNECTIONS_PER_HOST,
            keepalive_timeout=KEEP_ALIVE_S,
            ttl_dns_cache=DNS_CACHE_S,
            socket_factory=guard.socket_for,
            resolver=resolver,
        )
        self.session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),  # one run must not see the cookies of another
            trust_env=False,  # a proxy from the environment would connect past the guard
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S),  # a step limits the whole itself
        )
        self.egress = egress
        self.users = 0
        self.retired = False

    def judge(self, url: URL) -> None:
        """Before a request goes there: raises NotListed, and lets the guard know whether the name is enough."""
        host, port = url.raw_host or "", url.port or 0
        if self.egress.refuses(host, port):
            raise NotListed
        NAMED.set(self.egress.name_is_allowed(host, port))


class Pools:
    """The pools of this process."""

    def __init__(self, host: Host, *, resolver: AbstractResolver | None = None, most: int = MAX_POOLS) -> None:
        self._host = host
        self._resolver = resolver
        self._most = most
        self.kept: OrderedDict[str, Pool] = OrderedDict()

    @asynccontextmanager
    async def lease(self, workspace_id: str) -> AsyncIterator[Pool]:
        """The workspace's pool, which stays open for as long as somebody uses it."""
        egress = await self._host.egress(workspace_id)
        pool = self.kept.get(workspace_id)
        stale = pool if pool is not None and pool.egress is not egress else None
        if pool is None or stale is not None:
            # What was connected under other lists is not used again.
            pool = self.kept[workspace_id] = Pool(self._host, egress, self._resolver)
        self.kept.move_to_end(workspace_id)
        pool.users += 1
        try:
            if stale is not None:
                await self._retire(stale)
            await self._make_room()
            yield pool
        finally:
            pool.users -= 1
            if pool.retired and pool.users == 0:
                await pool.session.close()

    async def _make_room(self) -> None:
        while len(self.kept) > self._most:
            idle = next((name for name, pool in self.kept.items() if pool.users == 0), None)
            if idle is None:
                return  # as many as there are runs at once, which have a limit of their own
            await self._retire(self.kept.pop(idle))

    async def _retire(self, pool: Pool) -> None:
        pool.retired = True
        if pool.users == 0:
            await pool.session.close()

    async def close(self) -> None:
        """Close them all."""
        while self.kept:
            _, pool = self.kept.popitem()
            await pool.session.close()
