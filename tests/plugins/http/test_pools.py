"""Pools of connections: one for each workspace, under its lists, and not more of them than needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver

from engine.sdk import Egress, Host, StepResult
from plugins.http.client import Client, open_client
from plugins.http.params import RequestParams
from plugins.http.pools import Pool, Pools
from plugins.http.request import request
from tests.plugins.http.servers import friendly
from tests.plugins.http.test_guard import Names
from tests.plugins.support import Recorder

LOCAL = ("127.0.0.0/8",)


class Lists:
    """What each workspace has laid down."""

    def __init__(self, **known: Egress) -> None:
        self.known = known

    async def __call__(self, workspace_id: str) -> Egress:
        return self.known.setdefault(workspace_id, Egress())


@asynccontextmanager
async def client_of(lists: Lists, resolver: AbstractResolver | None = None) -> AsyncIterator[Client]:
    async with open_client(Host(egress_allow=LOCAL, egress=lists), resolver=resolver) as client:
        yield client


async def get(client: Client, workspace: str, url: str, **params: Any) -> StepResult:
    ctx = Recorder(state=client, workspace_id=workspace)
    return await request(ctx, RequestParams.model_validate({"url": url, "timeoutMs": 5000, **params}))


def is_closed(pool: Pool) -> bool:
    return pool.session.closed


def peer_of(incoming: web.Request) -> int:
    assert incoming.transport is not None
    return int(incoming.transport.get_extra_info("peername")[1])


async def test_no_connection_is_shared_between_workspaces() -> None:
    """Row 60: whatever one workspace does to a connection, nobody else speaks over it."""
    peers: list[int] = []

    async def answer(incoming: web.Request) -> web.StreamResponse:
        peers.append(peer_of(incoming))
        return web.Response()

    async with friendly(answer) as port, client_of(Lists()) as client:
        for workspace in ("a", "b", "a", "b"):
            assert (await get(client, workspace, f"http://127.0.0.1:{port}/")).ok
    assert peers[0] == peers[2] != peers[1] == peers[3]


async def test_unused_pools_are_closed_and_used_ones_are_not() -> None:
    pools = Pools(Host(), most=2)
    async with pools.lease("a") as first:
        for name in ("b", "c", "d"):
            async with pools.lease(name) as pool:
                pass
        assert list(pools.kept) == ["a", "d"]
        assert not is_closed(first)
        async with pools.lease("e"), pools.lease("f"):
            assert list(pools.kept) == ["a", "e", "f"], "those in use stay, even if they are too many"
        async with pools.lease("a") as again:
            assert again is first
    await pools.close()
    assert is_closed(first)
    assert is_closed(pool)


async def test_other_lists_mean_other_connections() -> None:
    """Row 58: what is denied now is not reached over what was opened before; who is under way may finish."""
    lists = Lists()
    async with friendly() as port, client_of(lists) as client:
        url = f"http://127.0.0.1:{port}/"
        assert (await get(client, "a", url)).ok
        async with client.pools.lease("a") as under_way:
            lists.known["a"] = Egress(deny=["127.0.0.1"])
            assert (await get(client, "a", url)).code == "http_not_listed"
            assert not is_closed(under_way)
        assert is_closed(under_way)
        assert (await get(client, "b", url)).ok


@pytest.mark.parametrize(
    ("allow", "deny", "code"),
    [
        ([], [], None),
        (["api.example"], [], None),
        (["*.example"], [], None),
        (["127.0.0.0/8"], [], None),
        (["other.example"], [], "http_not_listed"),
        (["other.example", "10.0.0.0/8"], [], "http_not_listed"),
        ([], ["api.example"], "http_not_listed"),
        ([], ["127.0.0.1"], "http_not_listed"),
        (["api.example"], ["127.0.0.0/8"], "http_not_listed"),
        ([], ["api.example:1"], None),
        (["api.example:1"], [], "http_not_listed"),
    ],
)
async def test_names_and_addresses_are_both_judged(allow: list[str], deny: list[str], code: str | None) -> None:
    """Row 58: by the name before it is looked up, by the address where the socket is made."""
    asked: list[str] = []

    async def answer(incoming: web.Request) -> web.StreamResponse:
        asked.append(incoming.host)
        return web.Response()

    lists = Lists(a=Egress(allow, deny))
    async with friendly(answer) as port, client_of(lists, Names(["127.0.0.1"])) as client:
        result = await get(client, "a", f"http://api.example:{port}/")
    assert result.code == code
    assert len(asked) == (0 if code else 1)
    assert result.ok or "an owner can change that" in (result.error or "")


async def test_each_hop_is_judged() -> None:
    """Row 59: a host that is allowed cannot send a step to one that is not."""

    async def elsewhere(incoming: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": f"http://other.example:{incoming.url.port}/"})

    lists = Lists(a=Egress(allow=["api.example"]), b=Egress(deny=["other.example"]))
    async with friendly(elsewhere) as port, client_of(lists, Names(["127.0.0.1"])) as client:
        for workspace in ("a", "b"):
            assert (await get(client, workspace, f"http://api.example:{port}/")).code == "http_not_listed"
        assert (await get(client, "c", f"http://api.example:{port}/")).code == "http_redirects"


async def test_a_name_that_leads_elsewhere_later() -> None:
    """Row 59: an allowed name opens no address that is denied, nor one that is not public."""
    lists = Lists(a=Egress(allow=["api.example"], deny=["127.0.0.2"]))
    names = Names(["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"])
    async with friendly() as port:
        url = f"http://api.example:{port}/"
        codes = []
        for _ in range(3):
            async with client_of(lists, names) as client:
                codes.append((await get(client, "a", url)).code)
    assert codes == [None, "http_not_listed", "http_refused_address"]


async def test_lists_open_nothing_that_the_operator_keeps_closed() -> None:
    """Row 58."""
    async with friendly() as port, open_client(Host(egress=Lists(a=Egress(allow=["127.0.0.1"])))) as client:
        assert (await get(client, "a", f"http://127.0.0.1:{port}/")).code == "http_refused_address"


async def test_requests_at_the_same_moment_keep_their_own_lists() -> None:
    """Whether a name is allowed is known to the request that asks, and to no other."""
    lists = Lists(a=Egress(allow=["api.example", "10.0.0.0/8"]), b=Egress(allow=["other.example", "10.0.0.0/8"]))
    async with friendly() as port, client_of(lists, Names(["127.0.0.1"])) as client:
        asked = [get(client, workspace, f"http://api.example:{port}/") for workspace in "abab" * 5]
        codes = [result.code for result in await asyncio.gather(*asked)]
    assert codes == [None, "http_not_listed"] * 10
