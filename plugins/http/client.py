"""What all HTTP steps of this process share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver

from engine.sdk import Host
from plugins.http.guard import parse_networks
from plugins.http.pools import Pools


@dataclass(slots=True, frozen=True)
class Client:
    """What `http.request` finds as `ctx.state`."""

    pools: Pools
    max_response_bytes: int
    user_agent: str


@asynccontextmanager
async def open_client(host: Host, *, resolver: AbstractResolver | None = None) -> AsyncIterator[Client]:
    """The lifespan of the family. ValueError when the operator's list of open addresses holds something else."""
    parse_networks(host.egress_allow)
    pools = Pools(host, resolver=resolver)
    try:
        yield Client(pools, host.max_response_bytes, host.user_agent)
    finally:
        await pools.close()
